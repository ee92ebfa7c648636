"""What is to be sent later comes at its time, whatever happens to the relay, and not at all if it was taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest

from app import position as positions
from tests.support.browser import Browser, browsing
from tests.support.service import Production, Service, eventually
from tests.support.shared import Shared

# How late what is scheduled may be, by the position's clock. Half of several keep to it, since a machine that does ten
# other things may stop for longer; and none is as late as it would be if it had to wait for a lease to end.
LATE_MS = 250
LEASE_SECONDS = 30
STOPPED_MS = 5_000


class TwoRelays(Production):
    """One with a relay that stands by."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, relays=2, RELAY_LEASE_SECONDS=str(LEASE_SECONDS))
        self.may_fail = True


@pytest.fixture
async def two_relays(shared: Shared) -> AsyncIterator[TwoRelays]:
    async with shared.lend(TwoRelays) as service:
        try:
            yield service
        finally:
            if not all(relay.runs for relay in service.relays):
                await asyncio.to_thread(service.restart_relays)


async def schedule(service: Service, customer: int, *moments: datetime, **fields: Any) -> list[str]:
    """Sends a notification for each moment; returns their uids."""
    body = {"receiver_id": customer, "title_text": "later"} | fields
    response = await service.post({"notifications": [body | {"send_at": each.isoformat()} for each in moments]})
    assert response.status_code == 202, response.text
    shown = response.json()["notifications"]
    assert [each["position"] for each in shown] == [None] * len(moments)
    return [each["uid"] for each in shown]


def late_ms(browser: Browser, uids: list[str], moments: list[datetime]) -> list[float]:
    """By how much each came after its time."""
    came = {each.data["uid"]: each.position for each in browser.notifications}
    due = dict(zip(uids, moments, strict=True))
    return [positions.to_ms(came[uid]) - int(due[uid].timestamp() * 1000) for uid in uids]


def in_seconds(first: float, count: int, apart: float) -> list[datetime]:
    now = datetime.now(UTC)
    return [now + timedelta(seconds=first + number * apart) for number in range(count)]


async def test_what_is_scheduled_comes_at_its_time_and_not_before(service: Service, me: int) -> None:
    async with browsing(*(Browser(url, service.customer(me)) for url in service.urls)) as browsers:
        moments = in_seconds(0.5, 8, 0.13)
        uids = await schedule(service, me, *moments)
        for browser in browsers:
            await browser.until(lambda browser=browser: len(browser.notifications) == len(uids))  # type: ignore[misc]
            assert browser.uids == uids, "in the order of their times"
            late = late_ms(browser, uids, moments)
            assert min(late) >= 0, late
            assert median(late) <= LATE_MS, late
            assert max(late) <= STOPPED_MS, late
    assert [each["uid"] for each in await service.inbox(me)] == uids[::-1]


@pytest.mark.postgres
async def test_also_if_the_relay_is_killed_just_before(two_relays: TwoRelays, me: int) -> None:
    service = two_relays
    async with browsing(*(Browser(url, service.customer(me)) for url in service.urls)) as browsers:
        moments = in_seconds(1.0, 10, 0.13)
        uids = await schedule(service, me, *moments)
        await asyncio.to_thread(service.relay.kill)
        for browser in browsers:
            await browser.until(lambda browser=browser: len(browser.notifications) == len(uids))  # type: ignore[misc]
            browser.assert_nothing_twice_and_in_order()
            assert browser.uids == uids
            late = late_ms(browser, uids, moments)
            assert min(late) >= 0, late
            assert median(late) <= LATE_MS, late
            assert max(late) <= STOPPED_MS, "nothing waits for the end of a lease"


@pytest.mark.postgres
async def test_what_was_due_while_no_relay_ran_comes_once_when_one_does(two_relays: TwoRelays, me: int) -> None:
    service = two_relays
    async with browsing(Browser(service.url, service.customer(me))) as (browser,):
        for relay in service.relays:
            await asyncio.to_thread(relay.kill)
        moments = in_seconds(0.2, 5, 0.01)
        uids = await schedule(service, me, *moments)
        (last,) = await service.send(receiver_id=me)
        await browser.until_position(last)
        assert browser.positions == [last]

        async def is_due() -> bool:
            return datetime.now(UTC) > moments[-1]

        await eventually(is_due, "all of it is due")
        await asyncio.to_thread(service.restart_relays)
        await browser.until(lambda: len(browser.notifications) == 1 + len(uids))
        assert browser.uids[1:] == uids
        browser.assert_nothing_twice_and_in_order()


@pytest.mark.postgres
async def test_what_was_taken_back_before_its_time_is_never_seen_though_relays_race(
    two_relays: TwoRelays, me: int
) -> None:
    """And what was taken back after it was seen is gone: neither is in an inbox nor replayed."""
    service = two_relays
    async with browsing(*(Browser(url, service.customer(me)) for url in service.urls)) as browsers:
        moments = in_seconds(0.4, 60, 0.03)
        uids = await schedule(service, me, *moments)
        (kept,) = await schedule(service, me, moments[-1] + timedelta(seconds=0.1), title_text="kept")
        in_time: set[str] = set()

        async def take_back(number: int) -> None:
            # From more than a second before its time to a moment after it.
            at = moments[number] - timedelta(seconds=(1.2, 0.9, 0.3, 0.1, 0.03, -0.02)[number % 6])
            await asyncio.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))
            token = service.token("sender:shop")
            answer = await service.request("DELETE", f"/notifications/{uids[number]}", token, web=number % 2)
            assert answer.status_code == 204
            if datetime.now(UTC) < moments[number]:
                in_time.add(uids[number])

        await asyncio.gather(*(take_back(number) for number in range(len(uids))))
        assert in_time, "some were taken back before their time"
        for browser in browsers:
            await browser.until(lambda browser=browser: kept in browser.uids)  # type: ignore[misc]
            seen = set(browser.uids) - {kept}
            assert not seen & in_time
            await browser.until(
                lambda browser=browser, seen=seen: seen <= {each.data["uid"] for each in browser.events("retract")}  # type: ignore[misc]
            )
            browser.assert_nothing_twice_and_in_order()
    for web, url in enumerate(service.urls):
        assert [each["uid"] for each in await service.inbox(me, web)] == [kept]
        async with browsing(Browser(url, service.customer(me), last_id="earliest")) as (anew,):
            assert anew.uids == [kept]
