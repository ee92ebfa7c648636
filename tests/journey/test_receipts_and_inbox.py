"""What a customer did with a notification is written down, and the customer's other pages learn of it at once."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.service import Dev, Service, eventually


async def inbox(service: Service, customer: int, query: str = "", web: int = 0) -> Any:
    answer = await service.request("GET", f"/inbox{query}", service.customer(customer), web=web)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def receipts(service: Service, customer: int, web: int = 0, **body: Any) -> Any:
    answer = await service.request("POST", "/receipts", service.customer(customer), body, web=web)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_receipts_of_one_page_reach_the_others_with_the_absolute_count(
    service: Service, me: int, other: int
) -> None:
    pages = [Browser(service.urls[each % len(service.urls)], service.customer(me)) for each in range(2)]
    stranger = Browser(service.url, service.customer(other))
    async with browsing(*pages, stranger):
        sent = await service.send(3, receiver_id=me)
        for page in pages:
            await page.until_position(sent[-1])
        uids = pages[0].uids
        assert await receipts(service, me, received=uids) == {"unread_count": 3, "unknown": []}
        assert await receipts(service, me, read=[uids[1]]) == {"unread_count": 2, "unknown": []}
        assert await receipts(service, me, read=[uids[1]]) == {"unread_count": 2, "unknown": []}
        for page in pages:
            await page.until(lambda page=page: len(page.events("receipt")) == 3)  # type: ignore[misc]
            told = [each.data for each in page.events("receipt")]
            assert told[0] == {"received": uids, "read": [], "unread_count": 3}
            assert told[1] == {"received": [], "read": [uids[1]], "unread_count": 2}
            page.assert_nothing_twice_and_in_order()
        assert stranger.events("receipt") == []
        shown = {each["uid"]: each for each in (await inbox(service, me))["notifications"]}
        assert all(shown[uid]["date_received"] for uid in uids)
        assert [bool(shown[uid]["date_read"]) for uid in uids] == [False, True, False]


async def test_the_first_time_counts(service: Service, me: int) -> None:
    await service.send(receiver_id=me)
    (uid,) = [each["uid"] for each in (await inbox(service, me))["notifications"]]
    await receipts(service, me, received=[uid])
    await receipts(service, me, read=[uid])
    first = (await inbox(service, me))["notifications"][0]
    assert first["date_received"] <= first["date_read"]
    await receipts(service, me, read=[uid], received=[uid])
    assert (await inbox(service, me))["notifications"][0] == first


async def test_read_up_to_reads_all_up_to_and_with_a_position_in_all_channels(
    service: Service, me: int, other: int, topic: str
) -> None:
    await service.request("PUT", f"/subscriptions/{topic}", service.customer(me))
    sent = (
        await service.send(3, receiver_id=me)
        + await service.send(3, topic=topic)
        + await service.send(2, receiver_id=me)
    )
    await service.send(receiver_id=other)
    async with browsing(Browser(service.url, service.customer(me))) as (browser,):
        assert await receipts(service, me, read_up_to=sent[4]) == {"unread_count": 3, "unknown": []}
        await browser.until(lambda: browser.events("receipt"))
        (told,) = browser.events("receipt")
        assert len(told.data["read"]) == 5
        assert told.data["unread_count"] == 3
        unread = (await inbox(service, me, "?unread=true"))["notifications"]
        assert [each["position"] for each in unread] == sent[:4:-1]
        assert (await inbox(service, other))["unread_count"] == 1
    assert await receipts(service, me, read_up_to=sent[-1]) == {"unread_count": 0, "unknown": []}


async def test_the_inbox_is_paged_newest_first(service: Service, me: int, topic: str) -> None:
    await service.request("PUT", f"/subscriptions/{topic}", service.customer(me))
    sent: list[str] = []
    for _ in range(4):
        sent += await service.send(3, receiver_id=me) + await service.send(2, topic=topic)
    found: list[dict[str, Any]] = []
    page = await inbox(service, me, "?limit=7")
    while True:
        found += page["notifications"]
        assert page["unread_count"] == 20
        if page["next"] is None:
            break
        page = await inbox(service, me, f"?limit=7&before={page['next']}")
    assert [each["position"] for each in found] == sent[::-1]
    assert {each.get("receiver_id", each.get("topic")) for each in found} == {me, topic}


async def test_a_receipt_for_what_is_not_the_customers_changes_nothing(service: Service, me: int, other: int) -> None:
    response = await service.post({"receiver_id": other, "title_text": "private"})
    uid = response.json()["notifications"][0]["uid"]
    nothing = "018f0000-0000-7000-8000-000000000000"
    assert await receipts(service, me, read=[uid, nothing]) == {"unread_count": 0, "unknown": [uid, nothing]}
    assert (await inbox(service, other))["unread_count"] == 1


async def test_the_stream_tells_the_absolute_count_when_asked(service: Service, me: int) -> None:
    sent = await service.send(4, receiver_id=me)
    await eventually(lambda: has(service, me, 4), "the rows hold their positions")
    async with browsing(
        *(Browser(url, service.customer(me), query={"count": "1"}) for url in service.urls)
    ) as browsers:
        for browser in browsers:
            assert browser.events("synced")[0].data.items() >= {"replayed": 0, "unread_count": 4}.items()
    async with browsing(Browser(service.url, service.customer(me), query={"count": "1"}, last_id=sent[1])) as (
        browser,
    ):
        assert browser.events("synced")[0].data.items() >= {"replayed": 2, "unread_count": 4}.items()


async def test_what_a_killed_process_has_carried_is_counted_before_the_relay_sees_to_it(starts: Starter) -> None:
    dev = await starts(Dev(RELAY_GRACE_SECONDS="60"))
    sent = await dev.send(2, receiver_id=1) + await dev.send(topic="news")
    await asyncio.to_thread(dev.process.kill)
    with closing(sqlite3.connect(dev.data_dir / "getnotified.sqlite3")) as database, database:
        database.execute("UPDATE notification SET position = NULL")  # it died before it could record them
    await asyncio.to_thread(dev.process.start_ready)
    async with browsing(Browser(dev.url, dev.customer(1), query={"count": "1"}, last_id=sent[0])) as (browser,):
        assert browser.events("synced")[0].data.items() >= {"replayed": 1, "unread_count": 2}.items()
        assert browser.positions == [sent[1]]
        seen = await inbox(dev, 1)
        assert [each["position"] for each in seen["notifications"]] == [sent[1], sent[0]]
        (after,) = await dev.send(receiver_id=1)
        await browser.until_position(after)
        assert browser.positions == [sent[1], after], "nothing is carried a second time"


async def has(service: Service, customer: int, count: int) -> bool:
    return all([(await inbox(service, customer, web=web))["unread_count"] == count for web in range(len(service.urls))])


@pytest.mark.parametrize("rounds", [15])
async def test_what_a_page_has_seen_is_in_the_inbox_of_every_web_process(
    production: Service, rounds: int, me: int
) -> None:
    """And `read_up_to` reads it: a page that shows it asks any of them."""
    async with browsing(Browser(production.urls[0], production.customer(me))) as (browser,):
        for _ in range(rounds):
            (sent,) = await production.send(receiver_id=me, web=0)
            await browser.until_position(sent)
            newest = (await inbox(production, me, "?limit=1", web=1))["notifications"]
            assert [each["position"] for each in newest] == [sent]
            assert await receipts(production, me, web=1, read_up_to=sent) == {"unread_count": 0, "unknown": []}
