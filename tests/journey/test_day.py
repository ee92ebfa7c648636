"""A whole day of the service, as its customers see it: each gets all that the catalogue promises, and nothing else."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.conftest import Starter
from tests.support import day
from tests.support.day import Person
from tests.support.play import Play, playing
from tests.support.promise import Told
from tests.support.service import Dev, Production, Service, eventually

MOVES = 35  # to Moscow, at noon
SHOWN = {"notification", "retract", "synced", "heartbeat"}


@pytest.mark.parametrize("shape", [Dev, Production], ids=["dev on SQLite", "production on PostgreSQL, relay killed"])
async def test_a_day_tells_everybody_exactly_what_the_catalogue_promises(
    starts: Starter, shape: Callable[..., Service]
) -> None:
    """200 orders through every kind of event, for customers of all habits, while the relay is killed twice."""
    service = await starts(shape())
    production = service if isinstance(service, Production) else None
    async with playing(service) as play:
        await play.open_pages("all day", "away")
        await play_the_morning(play, production)
        await play_the_afternoon(play)
        await play_the_evening(play, production)
        await play_the_end(play)
        await check_streams(play)
        await check_inboxes(play)


async def play_the_morning(play: Play, production: Production | None) -> None:
    """Ends with a relay that is killed when the log has what was due, and no row knows it."""
    notices = await play.part(0)
    (news,) = (said for said in notices if said.address == {"topic": "news.ru"})
    await play.take_back(news, announced=True)
    (not_yet,) = (each for each in await play.part(1) if each.data.get("order_id") == day.FORGOTTEN and each.send_at)
    await play.take_back(not_yet, announced=False)
    await play.note(play.alive)
    seen_by_the_away = play.pick(await play.part(2), "away", "payment.received")
    await play.close_pages("away")
    while_away = await play.part(3)
    for said in (
        seen_by_the_away,
        play.pick(while_away, "away"),
        play.pick(while_away, "late"),
        play.pick(while_away, "all day"),
    ):
        await play.take_back(said, announced=True)
    await play.part(4)
    await play.move(MOVES, "ru", "Europe/Moscow")
    if production is not None:
        async with nothing_is_recorded(production) as waiting:
            await eventually(lambda: any_shown(play, waiting), "what was due is shown, and no row knows it")
            await asyncio.to_thread(production.relay.kill)
        await asyncio.to_thread(production.relay.start)


async def play_the_afternoon(play: Play) -> None:
    """Who was away comes back, and who is late comes."""
    await play.part(5, repeated=True)
    await play.part(6)
    await play.note(play.alive)
    await play.part(7)
    await play.open_pages("late", "away")
    await check_notes(play)


async def play_the_evening(play: Play, production: Production | None) -> None:
    """Nobody carries what falls due, nor what quiet hours have held, until there is a relay again."""
    due = play.pick(await play.part(8), "all day", "order.rate")
    await play.until_shown(due)
    if production is not None:
        await asyncio.to_thread(production.relay.kill)
    waiting = await play.part(9)
    await play.end_quiet_hours()
    await play.note(play.alive)
    waiting += await play.part(10)
    if production is not None:
        overdue = [said for said in waiting if said.send_at is not None and said.position is None]
        last = max(said.send_at for said in overdue if said.send_at is not None)
        await asyncio.sleep((last - datetime.now(UTC)).total_seconds())
        await play.take_back(play.pick(overdue, "all day", "order.rate"), announced=True)
        await play.reached()
        assert not any(play.is_shown(said) for said in overdue)
        await asyncio.to_thread(production.relay.start)


async def play_the_end(play: Play) -> None:
    """Returns once all is carried that waited, and every page has been told that the day is over."""
    await play.part(11)
    assert not play.alive
    await play.note([f"{day.PREFIX}{number}" for number in (1001, 1100, 1200)])
    with suppress(AssertionError):  # what is missing is shown later, by name
        await eventually(lambda: all_has_come(play), "all that waited has come")
    closing = {"receiver_ids": list(play.people), "event": "closing", "title_text": "The day is over"}
    sent, _ = await play.send("/notifications", closing | {"priority": "high"})  # nobody's wishes keep it back
    for each in sent:
        for page in play.pages[each["receiver_id"]]:
            await page.until_position(each["position"])


async def check_streams(play: Play) -> None:
    differences: list[str] = []
    for number, pages in play.pages.items():
        promised = play.promise.pushed(number)
        for page in pages:
            got = [each.data | {"position": each.id} for each in page.notifications]
            got = [each for each in got if each["event"] != "closing"]
            differences += described(play, f"stream of {number}", promised, got)
    assert not differences, "\n".join(differences)
    for number, pages in play.pages.items():
        for page in pages:
            page.assert_nothing_twice_and_in_order()
            assert {each.event.event for each in page.arrivals} <= SHOWN
            retractions = [each.data["uid"] for each in page.events("retract")]
            assert retractions == play.promise.readers[number].retractions, f"told to {number}"


async def check_inboxes(play: Play) -> None:
    """And what is added up of them: receipts and reports."""
    differences: list[str] = []
    received: Counter[str] = Counter()
    read: Counter[str] = Counter()

    async def check(person: Person) -> None:
        inbox, unread_count = await play.inbox(person.number)
        assert unread_count == len(inbox)
        got = [each for each in inbox if each["event"] != "closing"]
        promised = play.promise.inbox(person.number)
        differences.extend(described(play, f"inbox of {person.number}", promised, got))
        uids = [each["uid"] for each in got]
        await play.as_customer(person.number, "POST", "/receipts", {"received": uids, "read": uids[::2]})
        received.update(each["event"] for each in got)
        read.update(each["event"] for each in got[::2])
        listed = await play.as_customer(person.number, "GET", "/subscriptions")
        assert {each["topic"] for each in listed["subscriptions"]} == set(person.topics)

    await play.for_all(check)
    assert not differences, "\n".join(differences)
    await check_reports(play, received, read)


async def check_reports(play: Play, received: Counter[str], read: Counter[str]) -> None:
    report = await reports(play)
    for event, counts in play.promise.report().items():
        promised = {**counts, "received": received[event], "read": read[event], "waiting": 0, "expired": 0}
        assert {name: report[event][name] for name in promised} == promised, event


async def check_notes(play: Play) -> None:
    """What was said to an order is in the inboxes of its members while it lasts."""

    def notes(inbox: Sequence[Told]) -> list[str]:
        return [told.said.uid for told in inbox if told.said.event == "order.note" and not told.is_copy]

    members = {number for each in play.alive for number in play.promise.subscribers[f"order:{each}"]}
    count = 0
    for number in members:
        inbox, _ = await play.inbox(number)
        got = [each["uid"] for each in inbox if "topic" in each and each["event"] == "order.note"]
        assert got == notes(play.promise.inbox(number))
        count += len(got)
    assert count


def described(play: Play, place: str, promised: Sequence[Told], got: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is not as promised in a place, if anything is."""
    differences = play.promise.differences(promised, got)
    if differences:
        return [f"-- {place} --", differences]
    told_of = {each.said.uid: each for each in promised if not each.is_copy}
    wrong: list[str] = []
    for each in got:
        told, carried_ms = told_of.get(each["uid"]), int(each["position"].partition("-")[0])
        not_before = play.loud_at if told is None or told.when == "held" else told.said.send_at
        if not_before is not None and carried_ms < int(not_before.timestamp() * 1000):
            wrong.append(f"{place}: {each['event']} {each['uid']} is at {each['position']}, before {not_before}")
        if told is None:
            continue
        began, ended = told.said.span
        if told.said.position not in (None, each["position"]):
            wrong.append(f"{place}: {each['uid']} is at {each['position']}, its sender knows {told.said.position}")
        if not began <= datetime.fromisoformat(each["date_sent"]) <= ended:
            wrong.append(f"{place}: {each['uid']} says {each['date_sent']}, it was sent from {began} to {ended}")
    return wrong


async def reports(play: Play) -> dict[str, dict[str, Any]]:
    """`GET /reports` by event."""
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = await play.ask("GET", f"/reports?to={later}", play.service.token("ops:analyst"))
    return {each["event"]: each for each in answer["by_event"]}


async def all_has_come(play: Play) -> bool:
    """Whether all times are past, nothing waits any more, and every page shows as many as are promised."""
    now = datetime.now(UTC)
    if any(said.send_at is not None and said.send_at > now for said in play.promise.said.values()):
        return False
    for number, pages in play.pages.items():
        promised = len(play.promise.pushed(number))
        if any(len(page.notifications) < promised for page in pages):
            return False
    return all(not each["waiting"] for each in (await reports(play)).values())


async def any_shown(play: Play, waiting: Callable[[], Awaitable[set[str]]]) -> bool:
    """Whether there is something on a page of which its row does not know, or nothing left that could be."""
    uids = await waiting()
    return not uids or any(play.is_shown(play.promise.said[uid]) for uid in uids)


@asynccontextmanager
async def nothing_is_recorded(production: Production) -> AsyncIterator[Callable[[], Awaitable[set[str]]]]:
    """Meanwhile no row learns that it was carried. Gives a question for what has a time to be sent at, and waits."""
    connection = await asyncpg.connect(production.database.url)

    async def waiting() -> set[str]:
        rows = await connection.fetch(
            "SELECT uid FROM notification WHERE position IS NULL AND date_retracted IS NULL AND release_at = send_at"
        )
        return {str(row["uid"]) for row in rows}

    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE marks IN EXCLUSIVE MODE")  # which is looked at to write positions
            yield waiting
    finally:
        await connection.close()
