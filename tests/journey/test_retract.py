"""What a sender takes back is gone: from open pages, for those that come back, and for those that never saw it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from tests.support.browser import Browser, browsing
from tests.support.clock import moment, quiet_now
from tests.support.outage import Breakable, redis_is_known_to_be, until_used
from tests.support.service import Production, Service, eventually
from tests.support.shared import Shared


@pytest.fixture
async def breakable(shared: Shared, customers: Iterator[int]) -> AsyncIterator[Production]:
    async with shared.lend(Breakable) as service:
        await until_used(service, customers)
        yield service


async def send(service: Service, status: int = 201, **fields: Any) -> str:
    """The uid of a notification that was sent."""
    response = await service.post({"title_text": "mistake"} | fields)
    assert response.status_code == status, response.text
    uid: str = response.json()["notifications"][0]["uid"]
    return uid


async def take_back(service: Service, uid: str, status: int = 204, web: int = 0) -> None:
    answer = await service.request("DELETE", f"/notifications/{uid}", service.token("sender:shop"), web=web)
    assert answer.status_code == status, answer.text


async def test_pages_that_are_open_are_told_in_the_order_of_the_log(service: Service, me: int, topic: str) -> None:
    pages = [Browser(url, service.customer(me), topics=[topic]) for url in service.urls for _ in range(2)]
    async with browsing(*pages):
        own, topical = await send(service, receiver_id=me), await send(service, topic=topic)
        await take_back(service, topical, web=len(service.urls) - 1)
        await take_back(service, own)
        (last,) = await service.send(receiver_id=me)
        for page in pages:
            await page.until_position(last)
            assert page.uids[:2] == [own, topical]
            assert [each.data for each in page.events("retract")] == [{"uid": topical}, {"uid": own}]
            page.assert_nothing_twice_and_in_order()
            assert page.connections == 1


async def test_a_page_that_was_away_and_had_seen_it_learns_of_it_when_it_comes_back(
    small_service: Service, me: int, topic: str
) -> None:
    """From the window, and, when that has forgotten both, from the database."""
    service = small_service
    pages = [Browser(url, service.customer(me), topics=[topic]) for url in service.urls]
    async with browsing(*pages):
        uids = [await send(service, receiver_id=me), await send(service, topic=topic)]
        for page in pages:
            await page.until(lambda page=page: page.uids == uids)  # type: ignore[misc]
    for uid in uids:
        await take_back(service, uid)
    for _ in range(2):
        for page in pages:
            anew = Browser(page.urls, service.customer(me), topics=[topic], last_id=page.last_id)
            async with browsing(anew):
                assert [each.data["uid"] for each in anew.events("retract")] == uids
                assert anew.uids == []
                assert anew.events("synced")[0].data["replayed"] == 2
        await service.send(12, topic="others")


async def test_a_page_that_had_not_seen_it_sees_neither_text_nor_title(
    small_service: Service, me: int, topic: str
) -> None:
    service = small_service
    (before,) = await service.send(receiver_id=me, title_text="before")
    secrets: dict[str, Any] = {
        "title_text": "a secret",
        "body_text": "another secret",
        "notes": "a third",
        "data": {"secret": 1},
    }
    uids = [await send(service, receiver_id=me, **secrets), await send(service, topic=topic, **secrets)]
    (kept,) = await service.send(receiver_id=me, title_text="kept")
    for uid in uids:
        await take_back(service, uid)
    for _ in range(2):
        for url in service.urls:
            for last_id in ("earliest", before):
                page = Browser(url, service.customer(me), topics=[topic], last_id=last_id)
                async with browsing(page):
                    await page.until_position(kept)
                    assert page.titles[-1] == "kept"
                    assert not any("secret" in each.event.data for each in page.arrivals)
        assert not any("secret" in str(each) for each in await service.inbox(me))
        await service.send(12, topic="others")


async def test_what_quiet_hours_hold_back_from_one_is_taken_back_from_all(
    service: Service, me: int, other: int, topic: str
) -> None:
    for each in (me, other):
        await service.request("PUT", f"/subscriptions/{topic}", service.customer(each))
    await service.wish(me, quiet_hours=quiet_now())
    async with browsing(*(Browser(service.url, service.customer(each)) for each in (me, other))) as (asleep, awake):
        uid = await send(service, topic=topic)
        await take_back(service, uid)
        await awake.until(lambda: awake.events("retract"))
        assert awake.uids == [uid]
        await service.wish(me, quiet_hours=None)
        (last,) = await service.send(receiver_id=me)
        await asleep.until_position(last)
        assert asleep.positions == [last]
    assert [each["position"] for each in await service.inbox(me)] == [last]
    assert await service.inbox(other) == []


async def test_what_comes_while_the_sender_takes_it_back_is_taken_back_from_who_sees_it(
    production: Production, me: int
) -> None:
    """The database is slow: it was to come later when the request came, and has come when it is written down."""
    service = production
    async with browsing(Browser(service.url, service.customer(me))) as (page,):
        uid = await send(service, 202, receiver_id=me, send_at=moment(1.5))
        connection = await asyncpg.connect(service.database.url)
        try:
            async with connection.transaction():
                await connection.execute("SELECT 1 FROM notification WHERE uid = $1 FOR UPDATE", uid)
                taking_back = asyncio.create_task(take_back(service, uid))
                await page.until(lambda: page.uids == [uid])
                assert not taking_back.done()
        finally:
            await connection.close()
        await taking_back
        await page.until(lambda: page.events("retract"), 10)
        assert page.events("retract")[0].data == {"uid": uid}
    assert await service.inbox(me) == []


async def test_what_is_released_in_the_moment_in_which_it_is_taken_back_is_not_left_on_any_page(
    production: Production, customers: Iterator[int]
) -> None:
    """Its receiver ends the quiet hours that held it: it is never seen, or taken back from who sees it."""
    service = production
    many = [next(customers) for _ in range(60)]
    for each in many:
        await service.wish(each, quiet_hours=quiet_now())
    uids = [await send(service, 202, receiver_id=each) for each in many]
    pages = [Browser(service.url, service.customer(each)) for each in many]
    async with browsing(*pages):
        await asyncio.gather(
            *(service.wish(each, quiet_hours=None) for each in many), *(take_back(service, uid, web=1) for uid in uids)
        )
        await eventually(lambda: nothing_is_due(service), "what was released is carried")
        response = await service.post({"receiver_ids": many, "title_text": "last"})
        assert response.status_code == 201
        for page, uid in zip(pages, uids, strict=True):
            await page.until(lambda page=page: "last" in page.titles)  # type: ignore[misc]
            assert (uid in page.uids) <= (uid in [each.data["uid"] for each in page.events("retract")])
    for each in many:
        assert [shown["title_text"] for shown in await service.inbox(each)] == ["last"]


async def nothing_is_due(service: Production) -> bool:
    connection = await asyncpg.connect(service.database.url)
    try:
        outbox = "SELECT COUNT(*) FROM notification WHERE position IS NULL AND date_retracted IS NULL"
        return not await connection.fetchval(f"{outbox} AND release_at <= now()")
    finally:
        await connection.close()


# -- Redis ------------------------------------------------------------------------------------------


async def check_that_it_is_gone(service: Production, me: int, uid: str, kept: str, last_id: str) -> None:
    """Whoever comes, wherever, from wherever: sees that it is gone, and nothing else of it."""
    for web, url in enumerate(service.urls):
        for since in ("earliest", last_id):
            async with browsing(Browser(url, service.customer(me), last_id=since)) as (page,):
                await page.until(lambda page=page: page.events("retract"))  # type: ignore[misc]
                assert [each.data["uid"] for each in page.events("retract")] == [uid]
                assert uid not in page.uids
                assert page.events("gap") == []
        assert [each["uid"] for each in await service.inbox(me, web)] == [kept]


@pytest.mark.parametrize("lost", ["its contents", "itself"])
@pytest.mark.postgres
async def test_it_stays_so_when_redis_has_lost_all_and_the_log_is_rebuilt(
    breakable: Production, me: int, lost: str, customers: Iterator[int]
) -> None:
    service = breakable
    async with browsing(*(Browser(url, service.customer(me)) for url in service.urls)) as pages:
        uid, kept = await send(service, receiver_id=me), await send(service, receiver_id=me, title_text="kept")
        for page in pages:
            await page.until(lambda page=page: page.uids == [uid, kept])  # type: ignore[misc]
        seen = pages[0].last_id
        await take_back(service, uid)
        await eventually(lambda: is_recorded(service, uid), "its row holds its position")
        await eventually(lambda: shows(service, me, [kept]), "its row holds its position")
        for page in pages:
            await page.until(lambda page=page: page.events("retract"))  # type: ignore[misc]
        if lost == "itself":
            await asyncio.to_thread(service.redis.kill)
            await asyncio.to_thread(service.redis.start_empty)
        else:
            service.redis.command("FLUSHALL")
        await until_used(service, customers)
        await check_that_it_is_gone(service, me, uid, kept, seen)
        await service.disconnect()
        # A new process begins with what the log has.
        await asyncio.to_thread(service.webs[1].terminate)
        await asyncio.to_thread(service.webs[1].start_ready)
        await check_that_it_is_gone(service, me, uid, kept, seen)
        assert len(pages[0].events("retract")) == 1, "open pages are told once"
        assert pages[0].uids == [uid, kept]


async def is_recorded(service: Production, uid: str) -> bool:
    """Whether the row of what takes a notification back holds its position: what Redis alone knows would come anew."""
    connection = await asyncpg.connect(service.database.url)
    try:
        return await connection.fetchval("SELECT position FROM notification WHERE retracts = $1", uid) is not None
    finally:
        await connection.close()


@pytest.mark.postgres
async def test_without_redis_it_is_accepted_and_pages_are_told_when_it_is_back(breakable: Production, me: int) -> None:
    service = breakable
    async with browsing(*(Browser(url, service.customer(me)) for url in service.urls)) as pages:
        seen = await send(service, receiver_id=me)
        for page in pages:
            await page.until(lambda page=page: page.uids == [seen])  # type: ignore[misc]
        await asyncio.to_thread(service.redis.terminate)
        await eventually(redis_is_known_to_be(service, False), "its absence is noticed")
        unseen = await send(service, 202, receiver_id=me)
        scheduled = await send(service, 202, receiver_id=me, send_at=moment(3600))
        await take_back(service, seen, 202)
        await take_back(service, unseen, 202)
        await take_back(service, scheduled)  # nobody has to be told
        assert await service.inbox(me) == [], "who looks now sees nothing of it"
        kept = await send(service, 202, receiver_id=me, title_text="kept")
        assert [page.events("retract") for page in pages] == [[]] * len(pages)
        await asyncio.to_thread(service.redis.start)
        for page in pages:
            await page.until(lambda page=page: kept in page.uids and len(page.events("retract")) == 2)  # type: ignore[misc]
            assert page.uids == [seen, kept], "what nobody had seen is never seen"
            assert {each.data["uid"] for each in page.events("retract")} == {seen, unseen}
            page.assert_nothing_twice_and_in_order()
    await eventually(lambda: shows(service, me, [kept]), "the rows hold their positions")
    for url in service.urls:
        async with browsing(Browser(url, service.customer(me), last_id="earliest")) as (anew,):
            assert anew.uids == [kept]


async def shows(service: Service, customer: int, uids: list[str]) -> bool:
    return [each["uid"] for each in await service.inbox(customer)] == uids


async def test_a_repeated_key_gets_the_same_answer_also_when_another_process_took_it_back_at_once(
    production: Production, me: int
) -> None:
    for number in range(20):
        body, key = {"receiver_id": me, "title_text": "mistake"}, {"Idempotency-Key": f"{me}.{number}"}
        first = await production.post(body, 0, headers=key)
        (shown,) = first.json()["notifications"]
        path, token = f"/notifications/{shown['uid']}", production.token("sender:shop")
        gone = await production.request("DELETE", path, token, web=1)
        assert (first.status_code, gone.status_code) == (201, 204)
        again = await production.post(body, 0, headers=key)
        assert (again.status_code, again.json()) == (201, first.json())
