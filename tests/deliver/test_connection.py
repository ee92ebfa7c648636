"""A connection: how it ends, whatever else happens in that moment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from typing import Any

import pytest

from app.auth import Identity, Tokens
from app.deliver.api import Stream
from app.deliver.delivery import Delivery
from app.deliver.event import Event
from app.deliver.frame import frame
from app.deliver.hub import Hub
from app.entry import Entry, Kind
from app.settings import Settings
from tests.support.connections import connection
from tests.support.events import event

PATIENCE_SECONDS = 5.0
FAREWELL = frame("drain", b"{}")


async def test_ending_it_says_why_and_ends_the_response() -> None:
    page = connection()
    with suppress(TimeoutError):
        async with asyncio.timeout_at(None) as page.deadline:
            page.end(FAREWELL, asyncio.get_running_loop().time())
            await asyncio.sleep(PATIENCE_SECONDS)
            pytest.fail("it goes on")
    assert page.wire.writes == [FAREWELL]
    assert page.ended


async def test_after_its_last_words_nothing_is_written() -> None:
    page = connection()
    hub = Hub(1000, lambda _: None, asyncio.get_running_loop().time)
    hub.add(page)
    page.end(FAREWELL, 1.0)  # the task that holds it hears of that in a later turn of the loop
    assert hub.publish([event(5, "customer:1")], 5) == 0
    page.write(frame("heartbeat"), 2.0)
    assert page.wire.writes == [FAREWELL]


async def test_writing_notes_when() -> None:
    page = connection()
    page.write(b"data: x\n\n", 7.0)
    assert (page.wire.writes, page.written_at) == ([b"data: x\n\n"], 7.0)


async def test_it_can_be_ended_in_the_moment_in_which_its_token_expires() -> None:
    page = connection()
    loop = asyncio.get_running_loop()
    errors: list[Exception] = []

    def end() -> None:
        try:
            page.end(FAREWELL, loop.time())
        except RuntimeError as error:
            errors.append(error)

    with suppress(TimeoutError):
        async with asyncio.timeout_at(loop.time()) as page.deadline:
            loop.call_soon(end)  # after the timer, before the task that it cancels
            await asyncio.Event().wait()
    assert errors == []


class NoHistory:
    async def page(
        self,
        customer_id: int,  # noqa: ARG002
        channels: Mapping[str, int],  # noqa: ARG002
        after: int,  # noqa: ARG002
        up_to: int,  # noqa: ARG002
        limit: int,  # noqa: ARG002
    ) -> list[Event]:
        return []

    async def pruned_to(self) -> int:
        return 0

    async def is_settled(self, position: int) -> bool:  # noqa: ARG002
        return True


async def no_subscriptions(customer_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    return {}


async def test_a_slow_browser_still_gets_its_last_words() -> None:
    settings = Settings(stalled_seconds=PATIENCE_SECONDS, unsent_max_bytes=1024, drain_seconds=0.01)
    delivery = Delivery(settings, NoHistory(), no_subscriptions)
    delivery.begin([], 5)
    page = connection()
    delivery.hub.add(page)
    page.wire.stick()
    delivery.deliver([Entry("customer:1", Kind.RECEIPT, frame("receipt", b"x" * 2000), position=6)])
    assert not page.live, "it is being caught up"
    await asyncio.sleep(0)
    page.end(FAREWELL, asyncio.get_running_loop().time())
    page.wire.flow()
    _, unfinished = await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=PATIENCE_SECONDS)
    assert not unfinished
    assert (page.wire.writes[-1], page.wire.aborted) == (FAREWELL, False)


async def test_a_browser_that_takes_nothing_is_cut_off_also_where_there_is_no_transport() -> None:
    async def count_unread(identity: Identity) -> int:
        return 0

    settings = Settings(stalled_seconds=0.01, unsent_max_bytes=1024, drain_seconds=0.01)
    tokens = Tokens("a key of thirty-two bytes or more")
    delivery = Delivery(settings, NoHistory(), no_subscriptions)
    delivery.begin([], 5)
    stream = Stream(settings, tokens, delivery, NoHistory(), count_unread)
    synced, never = asyncio.Event(), asyncio.Event()

    async def send(message: MutableMapping[str, Any]) -> None:
        if b"event: synced" in message.get("body", b""):
            synced.set()
            await never.wait()  # the browser has stopped reading

    async def receive() -> MutableMapping[str, Any]:
        await never.wait()
        return {"type": "http.disconnect"}

    query = f"token={tokens.sign('customer:1', 'customer')}".encode()
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/stream",
        "http_version": "2",
        "headers": [],
        "query_string": query,
    }
    answering = asyncio.create_task(stream(scope, receive, send))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await synced.wait()
        for position in range(6, 10):
            entry = Entry("customer:1", Kind.RECEIPT, frame("receipt", b"x" * 500), position=position)
            delivery.deliver([entry])
        await asyncio.wait([answering], timeout=0.3)
        assert len(delivery.hub) == 0
    finally:
        never.set()
        answering.cancel()
        await asyncio.wait([answering])


async def test_subscriptions_are_looked_up_until_they_are_known_whatever_goes_wrong(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.deliver.delivery.REFRESH_SECONDS", 0.01)
    answers: list[Exception | None] = [None, KeyError("a bug"), KeyError("again"), None]
    known = asyncio.Event()

    async def load(customer_ids: Sequence[int]) -> dict[int, dict[str, int]]:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        if not answers:
            known.set()
        return {each: {"news": 1} for each in customer_ids}

    delivery = Delivery(Settings(), NoHistory(), load)
    delivery.interests.hold(1)
    await delivery.interests.of(1)
    await delivery.resumed()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await known.wait()
    assert [each.levelname for each in caplog.records] == ["ERROR", "ERROR"]
