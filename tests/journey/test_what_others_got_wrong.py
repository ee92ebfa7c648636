"""Faults that users of other servers met, each so that it can never happen here. The list, with who reported it:

- a message between reading history and going live is lost: upstash/realtime #23, agentscope #2124
- a newer live id moves the cursor past a gap: ntfy #1293
- an id that the server does not know leaves the browser without replay and without a word: Mercure #704;
  `test_nothing_missed.test_an_id_that_is_not_ours_is_answered_with_a_gap_and_then_with_what_comes` has it
- a message in the moment in which one connection expires and the next opens: Mercure #354
- ids vanish on the way through Redis: django-eventstream #159
- the listener on Redis dies once and is never started again: django-eventstream
- what was scheduled keeps an old id and is passed over by replay: ntfy
- a blocking XREAD holds up whoever publishes on the same connection: lobehub #17876
- a browser that leaves before the first byte leaves its place taken: stemdeck #513
- a task that watches for the end of a connection outlives it: sse-starlette #152
- all come back in the same second, with the same `retry:`: cetacean #149, hermes-webui #2661
- queues of slow browsers without a bound: opencode #19423, mcp-context-forge #1682;
  `test_slow_browser.test_browsers_that_read_nothing_cost_bounded_memory` has it
- a badge drifts from the list: novu #10817, #8343

Others of the same kind have their tests elsewhere: a process that answers and delivers nothing in
`test_background_loops`, EventSource giving up for good on an answer to overload in `tests/api/test_stream`, what a
restart forgets in `test_nothing_missed`.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from redis import Redis

from app import position as positions
from app.carry.log import LOG, TAIL_BLOCK_SECONDS
from tests.support.browser import Browser, browsing, request_head
from tests.support.service import Dev, eventually

BODY = "x" * 2000


@pytest.fixture
def redis(dev: Dev) -> Iterator[Redis]:
    """A connection of the test's own to the service's Redis."""
    with Redis.from_url(f"unix://{dev.data_dir / 'redis.sock'}") as client:
        yield client


@asynccontextmanager
async def sending(dev: Dev, customer: int) -> AsyncIterator[list[str]]:
    """Sends to a customer one after the other, for as long as the block lasts; their positions."""
    sent: list[str] = []
    lasts = True

    async def send() -> None:
        while lasts:
            sent.extend(await dev.send(receiver_id=customer))

    task = asyncio.create_task(send())
    try:
        yield sent
    finally:
        lasts = False
        await task


async def tail_waits(redis: Redis) -> bool:
    return any(client["cmd"] == "xread" and "b" in client["flags"] for client in redis.client_list())


async def stats(dev: Dev, name: str) -> float:
    answer = await dev.request("GET", "/stats", dev.token("ops:test"))
    return float(answer.json()[name])


# -- Replay -----------------------------------------------------------------------------------------


async def test_nothing_is_lost_between_history_and_what_is_live(small_dev: Dev, me: int) -> None:
    """The window holds ten, so history comes from the database, page by page, while more comes."""
    before = await small_dev.send(600, receiver_id=me)
    browsers = [Browser(small_dev.url, small_dev.customer(me), last_id=before[0]) for _ in range(10)]
    async with sending(small_dev, me) as sent:
        for browser in browsers:
            browser.start()
            await browser.until(lambda browser=browser: browser.arrivals)  # type: ignore[misc]
    for browser in browsers:
        await browser.until_position(sent[-1])
        assert browser.positions == before[1:] + sent
        await browser.close()


async def test_a_newer_live_id_moves_no_cursor_past_what_is_still_owed(small_dev: Dev, me: int) -> None:
    """Cut off in the middle of its history, while newer ones come, it goes on after the last that it saw."""
    history = await small_dev.send(400, receiver_id=me, body_text=BODY)
    slow = Browser(small_dev.url, small_dev.customer(me), last_id="earliest", receive_buffer_bytes=8192)
    async with slow:
        await slow.until(lambda: len(slow.notifications) > 10)
        slow.stop_reading()
        history += await small_dev.send(50, receiver_id=me, body_text=BODY)
    assert len(slow.notifications) < 400, "it was cut off in the middle"
    async with browsing(Browser(small_dev.url, small_dev.customer(me), last_id=slow.last_id)) as (again,):
        await again.until_position(history[-1])
        assert slow.positions + again.positions == history


async def test_nothing_is_lost_between_a_connection_that_expires_and_the_next(dev: Dev, me: int) -> None:
    expiring = Browser(dev.url, dev.token(f"customer:{me}", days=1.2 / 86400))
    async with expiring:
        await expiring.until_synced()
        async with sending(dev, me) as sent:
            await expiring.until(lambda: expiring.closed)
            renewed = Browser(dev.url, dev.customer(me), last_id=expiring.last_id).start()
            await renewed.until_synced()
    assert expiring.events("expired")
    await renewed.until_position(sent[-1])
    await renewed.close()
    seen = expiring.positions + renewed.positions
    assert seen == sent[sent.index(seen[0]) :]
    assert renewed.notifications


async def test_what_was_scheduled_is_not_behind_a_cursor_that_moved_meanwhile(dev: Dev, me: int) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    draft = {"receiver_id": me, "title_text": "scheduled", "send_at": soon.isoformat()}
    assert (await dev.post(draft)).status_code == 202
    async with browsing(Browser(dev.url, dev.customer(me))) as (browser,):
        (newer,) = await dev.send(receiver_id=me)
        await browser.until_position(newer)
    async with browsing(Browser(dev.url, dev.customer(me), last_id=newer)) as (browser,):
        await browser.until(lambda: browser.titles == ["scheduled"])
        assert browser.notifications[0].position > (positions.parse(newer) or 0)


# -- Redis ------------------------------------------------------------------------------------------


async def test_ids_are_redis_own_all_the_way_to_the_browser(dev: Dev, redis: Redis, me: int) -> None:
    async with browsing(Browser(dev.url, dev.customer(me))) as (browser,):
        sent = await dev.send(5, receiver_id=me)
        await browser.until_position(sent[-1])
        assert browser.positions == sent
    in_redis = [redis_id.decode() for redis_id, _ in redis.xrevrange(LOG, count=5)]  # type: ignore[union-attr]
    assert in_redis == sent[::-1]


async def test_the_reader_of_the_log_comes_back_however_often_it_is_cut_off(dev: Dev, redis: Redis, me: int) -> None:
    async with browsing(Browser(dev.url, dev.customer(me))) as (browser,):
        for count in range(1, 4):
            redis.client_kill_filter(_type="normal", skipme=True)
            await eventually(lambda: tail_waits(redis), "the log is read again")
            response = await dev.post({"receiver_id": me, "title_text": "after"})
            assert response.status_code in (201, 202)
            await browser.until(lambda count=count: len(browser.notifications) == count)  # type: ignore[misc]
        assert browser.attempts == 1, "the browser noticed nothing"


async def test_who_waits_for_the_log_holds_up_nobody_who_writes_to_it(dev: Dev, redis: Redis, me: int) -> None:
    started = time.monotonic()
    for _ in range(5):
        await eventually(lambda: tail_waits(redis), "the tail waits for an entry")
        await dev.send(receiver_id=me)
    assert time.monotonic() - started < 2 * TAIL_BLOCK_SECONDS, "each would wait as long as one XREAD"


# -- Connections ------------------------------------------------------------------------------------


async def test_who_leaves_before_the_first_byte_leaves_no_place_taken(dev: Dev, me: int) -> None:
    parts = urlsplit(dev.url)
    before = await stats(dev, "connections")
    request = request_head("GET", "/stream", {"Host": parts.netloc, "Authorization": f"Bearer {dev.customer(me)}"})
    for _ in range(50):
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as leaving:
            leaving.sendall(request)
            leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # closing it resets it

    async def as_before() -> bool:
        return await stats(dev, "connections") == before

    await eventually(as_before, "no place is taken any more")


async def test_no_task_outlives_a_connection(dev: Dev, me: int) -> None:
    before = await stats(dev, "tasks")
    async with browsing(*(Browser(dev.url, dev.customer(me)) for _ in range(50))):
        assert await stats(dev, "connections") >= 50

    async def as_before() -> bool:
        return await stats(dev, "tasks") <= before

    await eventually(as_before, "no task is left")


async def test_each_is_told_its_own_time_to_come_back(dev: Dev, me: int) -> None:
    browsers = [Browser(dev.url, dev.customer(me)) for _ in range(30)]
    async with browsing(*browsers):
        told = [browser.retry_ms for browser in browsers]
    assert all(1000 <= each <= 5000 for each in told)
    assert len(set(told)) > 20
    assert max(told) - min(told) > 1000


# -- The list ---------------------------------------------------------------------------------------


async def test_the_badge_is_what_the_list_says_whoever_reads_when(dev: Dev, me: int) -> None:
    """Two pages read at the same time, some of it the same; one is taken back; a third page opens."""
    async with browsing(*(Browser(dev.url, dev.customer(me)) for _ in range(2))) as pages:
        sent = await dev.send(20, receiver_id=me)
        await pages[0].until_position(sent[-1])
        uids = pages[0].uids
        reading = [uids[:3], uids[2:5], uids[4:8], uids[:8], uids[7:9]]
        await asyncio.gather(*(dev.request("POST", "/receipts", dev.customer(me), {"read": each}) for each in reading))
        taken_back = await dev.request("DELETE", f"/notifications/{uids[-1]}", dev.token("sender:shop"))
        assert taken_back.status_code == 204
        (last,) = await dev.send(receiver_id=me)
        badges = []
        for page in pages:
            await page.until_position(last)
            badges.append(page.events("receipt")[-1].data["unread_count"])
        assert badges == [20 - 9] * 2, "before one was taken back and one came"
        async with browsing(Browser(dev.url, dev.customer(me), query={"count": "1"})) as (third,):
            badge = third.events("synced")[-1].data["unread_count"]
    unread = [each for each in await dev.inbox(me) if each["date_read"] is None]
    assert badge == len(unread) == 20 - 9 - 1 + 1
    assert (await dev.request("GET", "/inbox", dev.customer(me))).json()["unread_count"] == badge
