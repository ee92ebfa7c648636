"""Promise 1: a 2xx answer to a POST means that the row is committed."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing

import httpx

from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.service import Dev, Service, eventually

SENDERS = 8
ANSWERED_BEFORE_THE_END = 120


async def inbox_uids(service: Service, customer: int) -> list[str]:
    """All of an inbox, oldest first."""
    found: list[str] = []
    before = ""
    while True:
        answer = await service.request("GET", f"/inbox?limit=200{before}", service.customer(customer))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [each["uid"] for each in page["notifications"]]
        if page["next"] is None:
            return found[::-1]
        before = f"&before={page['next']}"


async def test_what_was_answered_with_201_outlives_kill_9_and_reaches_the_browser_in_order_and_once(
    starts: Starter,
) -> None:
    dev = await starts(Dev(RELAY_GRACE_SECONDS="0.2"))
    answered: dict[str, str] = {}  # position by uid
    enough = asyncio.Event()

    async def keep_sending(sender: int) -> None:
        number = 0
        while True:
            number += 1
            batch = [{"receiver_id": 1, "title_text": f"{sender}/{number}/{each}"} for each in range(1 + number % 3)]
            try:
                response = await dev.post({"notifications": batch})
            except httpx.TransportError:
                return
            assert response.status_code == 201
            answered.update({each["uid"]: each["position"] for each in response.json()["notifications"]})
            if len(answered) >= ANSWERED_BEFORE_THE_END:
                enough.set()

    async with browsing(Browser(dev.url, dev.customer(1))) as (browser,):
        sending = [asyncio.create_task(keep_sending(sender)) for sender in range(SENDERS)]
        await enough.wait()
        await asyncio.to_thread(dev.process.kill)
        await asyncio.gather(*sending)
        await dev.disconnect()
        await asyncio.to_thread(dev.start)
        (last,) = await dev.send(receiver_id=1)
        await browser.until_position(last)

        # What was committed and could not be answered comes as well: the relay carries it.
        async def all_came() -> bool:
            return set(await inbox_uids(dev, 1)) == set(browser.uids)

        await eventually(all_came, "the browser saw what is in the inbox")
        browser.assert_nothing_twice_and_in_order()
        came = dict(zip(browser.uids, browser.positions, strict=True))
        assert {uid: came.get(uid) for uid in answered} == answered
        assert browser.connections > 1
        assert await inbox_uids(dev, 1) == browser.uids


async def test_a_request_that_was_in_flight_at_kill_9_is_carried_once_or_not_at_all(starts: Starter) -> None:
    """Redis does not answer: the row is committed, the entry is on its way, the sender has no answer."""
    dev = await starts(Dev(RELAY_GRACE_SECONDS="0.2"))
    async with browsing(Browser(dev.url, dev.customer(1))) as (browser,):
        (redis,) = [each for each in dev.process.status.children() if "redis" in each.name()]
        redis.send_signal(signal.SIGSTOP)
        posting = asyncio.create_task(dev.post({"receiver_id": 1, "title_text": "in flight"}))
        await eventually(lambda: committed(dev), "the row is committed")
        await asyncio.to_thread(dev.process.kill)
        with_no_answer = (await asyncio.gather(posting, return_exceptions=True))[0]
        assert isinstance(with_no_answer, httpx.TransportError)
        redis.send_signal(signal.SIGCONT)
        await dev.disconnect()
        await asyncio.to_thread(dev.start)
        await browser.until(lambda: browser.notifications)
        (last,) = await dev.send(receiver_id=1)
        await browser.until_position(last)
        assert browser.titles == ["in flight", "number 0"]
        browser.assert_nothing_twice_and_in_order()


async def committed(dev: Dev) -> bool:
    with closing(sqlite3.connect(dev.data_dir / "getnotified.sqlite3")) as database:
        (count,) = database.execute("SELECT COUNT(*) FROM notification").fetchone()
    return bool(count)


async def test_sigterm_lets_accepted_work_finish(starts: Starter, one_web: Callable[..., Service]) -> None:
    """Requests that were sent before the end are answered or refused, never lost after an answer."""
    service = await starts(one_web())
    posting = [asyncio.create_task(service.post({"receiver_id": 1, "title_text": str(each)})) for each in range(40)]
    await asyncio.wait(posting, return_when=asyncio.FIRST_COMPLETED)
    assert await asyncio.to_thread(service.webs[0].terminate) == 0
    answers = await asyncio.gather(*posting, return_exceptions=True)
    uids = {
        answer.json()["notifications"][0]["uid"]
        for answer in answers
        if isinstance(answer, httpx.Response) and answer.status_code == 201
    }
    assert uids
    await service.disconnect()
    await asyncio.to_thread(service.webs[0].start_ready)
    assert uids <= set(await inbox_uids(service, 1))
