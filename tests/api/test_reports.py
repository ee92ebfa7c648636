"""Reports: what became of one notification, and of all of a kind in an hour."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import asyncpg
import httpx
import pytest

from app import position as positions
from tests.support.api import problem
from tests.support.browser import Browser, browsing
from tests.support.clock import moment, parsed, quiet_now
from tests.support.service import Production, Service, eventually

COUNTS = ("sent", "receivers", "carried", "waiting", "received", "read", "muted", "held", "expired", "retracted")
TIMES = ("accepted_to_carried_ms", "carried_to_received_ms", "received_to_read_ms")


@pytest.fixture
def kind(customers: Iterator[int]) -> str:
    """A kind of event of which there was none before."""
    return f"kind{next(customers)}"


async def send(service: Service, status: int = 201, web: int = 0, **fields: Any) -> list[str]:
    """Sends one notification; returns the uids that came of it."""
    response = await service.post({"title_text": "Hello"} | fields, web)
    assert response.status_code == status, response.text
    return [each["uid"] for each in response.json()["notifications"]]


async def receipts(service: Service, customer: int, web: int = 0, **uids: list[str]) -> None:
    answer = await service.request("POST", "/receipts", service.customer(customer), uids, web)
    assert answer.json()["unknown"] == [], answer.text


async def report(service: Service, uid: str, web: int = 0) -> dict[str, Any]:
    answer = await service.request("GET", f"/notifications/{uid}/report", service.token("sender:shop"), web=web)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def until_expired(service: Service, uid: str) -> None:
    async def has_expired() -> bool:
        state: str = (await report(service, uid))["state"]
        return state == "expired"

    await eventually(has_expired, "it has expired")


async def ask(service: Service, query: str, web: int = 0, **headers: str) -> httpx.Response:
    return await service.request("GET", f"/reports?{query}", service.token("ops:analyst"), web=web, headers=headers)


async def hours(service: Service, kind: str, web: int = 0) -> dict[str, Any]:
    answer = await ask(service, f"event={kind}", web)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def counted(service: Service, kind: str, **counts: int) -> dict[str, Any]:
    """The account of a kind, once it says this (what is carried is counted when it is written down)."""
    expected = dict.fromkeys(COUNTS, 0) | counts
    total: dict[str, Any] = {}

    async def agrees() -> dict[str, Any] | None:
        nonlocal total
        total = (await hours(service, kind))["total"]
        return total if {name: total[name] for name in COUNTS} == expected else None

    try:
        account = await eventually(agrees, "the report says so", 5)
    except AssertionError:
        assert {name: total[name] for name in COUNTS} == expected
        raise
    assert account is not None
    return account


# -- Of one notification ----------------------------------------------------------------------------


async def test_all_of_it(service: Service, me: int, kind: str) -> None:
    (uid,) = await send(service, receiver_id=me, event=kind, priority="low")
    (shown,) = await service.inbox(me)
    found = await report(service, uid, web=len(service.urls) - 1)
    carried_at = datetime.fromtimestamp(positions.to_ms(positions.parse(shown["position"]) or 0) / 1000, UTC)
    assert parsed(found.pop("date_carried")) == carried_at
    took_ms = (carried_at - parsed(shown["date_sent"])).total_seconds() * 1000
    assert found.pop("accepted_to_carried_ms") == pytest.approx(max(0, took_ms), abs=0.1)
    assert found == {
        "uid": uid,
        "event": kind,
        "receiver_id": me,
        "sender_id": "sender:shop",
        "priority": "low",
        "state": "carried",
        "date_sent": shown["date_sent"],
        "send_at": None,
        "held_until": None,
        "expires_at": None,
        "date_retracted": None,
        "position": shown["position"],
        "receivers": 1,
        "received": 0,
        "read": 0,
        "muted": 0,
        "held": 0,
        "expired": 0,
        "carried_to_received_ms": None,
        "received_to_read_ms": None,
    }


async def test_who_asks_at_once_is_told_that_it_is_carried(service: Service, me: int) -> None:
    for number in range(10):
        (uid,) = await send(service, receiver_id=me)
        found = await report(service, uid, web=number % len(service.urls))
        assert (found["state"], found["position"] is not None) == ("carried", True)


async def test_however_often_a_receipt_is_sent_it_counts_once(service: Service, me: int, kind: str) -> None:
    (uid,) = await send(service, receiver_id=me, event=kind)
    await receipts(service, me, received=[uid])
    first = await report(service, uid)
    assert (first["received"], first["read"]) == (1, 0)
    assert set(first["carried_to_received_ms"]) == {"p50", "p95"}
    assert first["carried_to_received_ms"]["p50"] >= 0
    for web in range(len(service.urls)):
        await asyncio.gather(*(receipts(service, me, web, received=[uid], read=[uid]) for _ in range(5)))
    again = await report(service, uid)
    assert (again["received"], again["read"]) == (1, 1)
    assert again["carried_to_received_ms"] == first["carried_to_received_ms"]
    assert again["received_to_read_ms"]["p50"] > 0
    account = await counted(service, kind, sent=1, receivers=1, carried=1, received=1, read=1)
    for name in TIMES:
        assert set(account[name]) == {"p50", "p95"}


async def test_what_was_read_has_been_received(service: Service, me: int, kind: str) -> None:
    (uid,) = await send(service, receiver_id=me, event=kind)
    await receipts(service, me, read=[uid])
    found = await report(service, uid)
    assert (found["received"], found["read"], found["received_to_read_ms"]) == (1, 1, {"p50": 0.0, "p95": 0.0})
    await counted(service, kind, sent=1, receivers=1, carried=1, received=1, read=1)


async def test_each_state_by_its_name(service: Service, me: int, other: int) -> None:
    (scheduled,) = await send(service, 202, receiver_id=me, send_at=moment(3600))
    found = await report(service, scheduled)
    assert (found["state"], found["position"], found["accepted_to_carried_ms"]) == ("scheduled", None, None)
    assert found["send_at"] is not None

    await service.wish(other, quiet_hours=quiet_now())
    (held,) = await send(service, 202, receiver_id=other)
    found = await report(service, held)
    assert (found["state"], found["held"], found["send_at"]) == ("held", 1, None)
    assert parsed(found["held_until"]) > datetime.now(UTC)

    (retracted,) = await send(service, receiver_id=me)
    await service.request("DELETE", f"/notifications/{retracted}", service.token("sender:shop"))
    found = await report(service, retracted)
    assert found["state"] == "retracted"
    assert parsed(found["date_retracted"]) >= parsed(found["date_sent"])

    (expired,) = await send(service, receiver_id=me, expires_at=moment(0.2))

    await until_expired(service, expired)
    assert (await report(service, expired))["expired"] == 1


async def test_a_topic_s_is_for_those_who_were_subscribed_and_counts_from_whom_it_was_kept(
    service: Service, kind: str, topic: str, customers: Iterator[int]
) -> None:
    awake, muting, asleep = (next(customers) for _ in range(3))
    for each in (awake, muting, asleep):
        await service.request("PUT", f"/subscriptions/{topic}", service.customer(each))
    await service.wish(muting, muted_kinds=["notice"])
    await service.wish(asleep, quiet_hours=quiet_now())
    (uid,) = await send(service, topic=topic)
    found = await report(service, uid)
    assert (found["topic"], "receiver_id" in found) == (topic, False)
    assert {name: found[name] for name in ("receivers", "received", "read", "muted", "held")} == {
        "receivers": 3,
        "received": 0,
        "read": 0,
        "muted": 1,
        "held": 1,
    }
    await receipts(service, awake, read=[uid])
    await receipts(service, muting, received=[uid])
    await service.wish(asleep, quiet_hours=None)
    await eventually(lambda: service.inbox(asleep), "the copy is released")
    (copy,) = await service.inbox(asleep)
    await receipts(service, asleep, read=[copy["uid"]])
    found = await report(service, uid)
    assert (found["received"], found["read"], found["receivers"]) == (3, 2, 3)


# -- By hours ---------------------------------------------------------------------------------------


async def test_a_kind_that_nobody_has_sent_has_no_rows(service: Service, kind: str) -> None:
    found = await hours(service, kind)
    assert (found["rows"], found["by_event"], found["by_hour"]) == ([], [], [])
    assert found["total"] == dict.fromkeys(COUNTS, 0) | dict.fromkeys(TIMES)


async def test_rows_by_event_by_hour_and_the_total_are_of_one_sum(service: Service, me: int, kind: str) -> None:
    uids = [
        uid
        for web in range(len(service.urls))
        for _ in range(3)
        for uid in await send(service, web=web, receiver_id=me, event=kind)
    ]
    await send(service, 202, receiver_id=me, event=kind, send_at=moment(3600))
    await receipts(service, me, received=uids[:2])
    await receipts(service, me, len(service.urls) - 1, read=uids[1:3])
    sent = len(uids) + 1
    account = await counted(service, kind, sent=sent, receivers=sent, carried=len(uids), waiting=1, received=3, read=2)
    found = await hours(service, kind, web=len(service.urls) - 1)
    assert found["total"] == account
    assert found["by_event"] == [{"event": kind} | account]
    assert [each["event"] for each in found["rows"]] == [kind] * len(found["rows"])
    for name in COUNTS:
        assert sum(row[name] for row in found["rows"]) == account[name]
        assert sum(row[name] for row in found["by_hour"]) == account[name]
    assert all(row["hour"].endswith(":00:00.000000Z") for row in found["rows"])
    assert parsed(found["to"]) - parsed(found["from"]) in (timedelta(hours=24), timedelta(hours=25))
    everything = (await ask(service, "")).json()
    assert kind in [each["event"] for each in everything["by_event"]]
    assert everything["total"]["sent"] >= account["sent"]


async def test_each_that_was_kept_from_somebody_is_counted_by_the_reason(
    service: Service, kind: str, topic: str, customers: Iterator[int]
) -> None:
    muting, asleep, awake = (next(customers) for _ in range(3))
    for each in (muting, asleep, awake):
        await service.request("PUT", f"/subscriptions/{topic}", service.customer(each))
    await service.wish(asleep, quiet_hours=quiet_now())
    await send(service, topic=topic, event=kind)
    await send(service, 202, receiver_id=asleep, event=kind)
    await counted(service, kind, sent=2, receivers=4, carried=1, waiting=1, held=2)
    await service.wish(asleep, quiet_hours=None)
    await counted(service, kind, sent=2, receivers=4, carried=2, held=2)


async def test_what_was_taken_back_is_counted_whether_it_was_carried_or_not(
    service: Service, me: int, kind: str
) -> None:
    (carried,) = await send(service, receiver_id=me, event=kind)
    await report(service, carried)  # its row holds its position
    (scheduled,) = await send(service, 202, receiver_id=me, event=kind, send_at=moment(3600))
    for uid in (carried, scheduled):
        await service.request("DELETE", f"/notifications/{uid}", service.token("sender:shop"))
    await counted(service, kind, sent=2, receivers=2, carried=1, retracted=2)


async def test_what_has_expired_is_counted_for_those_who_had_not_received_it(
    service: Service, kind: str, topic: str, customers: Iterator[int]
) -> None:
    """The same in both reports, also for those who got a copy."""
    seeing, missing, asleep = (next(customers) for _ in range(3))
    for each in (seeing, missing, asleep):
        await service.request("PUT", f"/subscriptions/{topic}", service.customer(each))
    await service.wish(asleep, quiet_hours=quiet_now())
    (uid,) = await send(service, topic=topic, event=kind, expires_at=moment(1))
    await receipts(service, seeing, received=[uid])
    await service.wish(asleep, quiet_hours=None)
    await eventually(lambda: service.inbox(asleep), "the copy is released")
    (copy,) = await service.inbox(asleep)
    await receipts(service, asleep, received=[copy["uid"]])

    await until_expired(service, uid)
    found = await report(service, uid)
    assert (found["received"], found["expired"]) == (2, 1)
    await counted(service, kind, sent=1, receivers=3, carried=1, received=2, held=1, expired=1)


async def test_more_may_receive_it_than_it_was_for_and_nothing_is_below_zero(
    service: Service, me: int, kind: str, topic: str
) -> None:
    """Who asks for a topic in the URL was not subscribed when it was sent."""
    async with browsing(Browser(service.url, service.customer(me), topics=[topic])) as (page,):
        (uid,) = await send(service, topic=topic, event=kind, expires_at=moment(1))
        await page.until(lambda: page.notifications)
    await receipts(service, me, received=[uid])

    await until_expired(service, uid)
    assert (await hours(service, kind))["total"]["expired"] == 0
    found = await report(service, uid)
    assert (found["receivers"], found["received"], found["expired"]) == (0, 1, 0)
    await counted(service, kind, sent=1, carried=1, received=1)


async def test_what_many_do_at_the_same_time_is_counted_for_each(
    service: Service, kind: str, topic: str, customers: Iterator[int]
) -> None:
    many = [next(customers) for _ in range(20)]
    for each in many:
        await service.request("PUT", f"/subscriptions/{topic}", service.customer(each))
    (uid,) = await send(service, topic=topic, event=kind)
    for done in ("received", "read"):
        await asyncio.gather(
            *(receipts(service, each, at % len(service.urls), **{done: [uid]}) for at, each in enumerate(many))
        )
    await counted(service, kind, sent=1, receivers=20, carried=1, received=20, read=20)


async def test_the_first_to_be_counted_at_the_same_time_are_counted_each(
    production: Production, kind: str, topic: str, customers: Iterator[int]
) -> None:
    """They see that nothing was counted yet, all of them, before one has written down what it counts."""
    many = [next(customers) for _ in range(3)]
    for each in many:
        await production.request("PUT", f"/subscriptions/{topic}", production.customer(each))
    (uid,) = await send(production, topic=topic, event=kind)
    await counted(production, kind, sent=1, receivers=3, carried=1)
    connection = await asyncpg.connect(production.database.url)

    async def wait_to_write() -> bool:
        query = "SELECT COUNT(*) FROM pg_locks WHERE relation = 'tally'::regclass AND NOT granted"
        waiting: int = await connection.fetchval(query)
        return waiting == len(many)

    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE tally IN SHARE MODE")  # it can be read, also FOR UPDATE
            receiving = [asyncio.create_task(receipts(production, each, 1, received=[uid])) for each in many]
            await eventually(wait_to_write, "all of them are about to write")
    finally:
        await connection.close()
    await asyncio.gather(*receiving)
    await counted(production, kind, sent=1, receivers=3, carried=1, received=3)


async def test_what_many_send_at_the_same_time_is_counted_for_each(service: Service, me: int, kind: str) -> None:
    await asyncio.gather(
        *(send(service, web=each % len(service.urls), receiver_id=me, event=kind) for each in range(40))
    )
    await counted(service, kind, sent=40, receivers=40, carried=40)


async def test_it_is_of_the_hours_that_have_some_of_the_time_asked_for(service: Service, me: int, kind: str) -> None:
    await send(service, receiver_id=me, event=kind)
    account = await counted(service, kind, sent=1, receivers=1, carried=1)
    hour = parsed((await hours(service, kind))["rows"][0]["hour"])

    async def found(begin: datetime, end: datetime) -> Any:
        times = {"event": kind, "from": begin.isoformat(), "to": end.isoformat()}
        answer = await service.request("GET", "/reports", service.token("ops:analyst"), params=times)
        assert answer.status_code == 200, answer.text
        return answer.json()

    second, an_hour = timedelta(seconds=1), timedelta(hours=1)
    for begin, end in ((hour, hour + an_hour), (hour + second, hour + 2 * second), (hour - an_hour, hour + second)):
        shown = await found(begin, end)
        assert shown["total"] == account
        assert parsed(shown["from"]) <= hour < parsed(shown["to"])
    assert (await found(hour, hour + second / 10))["total"] == account, "also of a part of a second"
    for begin, end in ((hour - an_hour, hour), (hour + an_hour, hour + 2 * an_hour)):
        assert (await found(begin, end))["rows"] == []


async def test_only_a_week_has_a_row_for_each_kind_in_each_hour(service: Service, me: int, kind: str) -> None:
    await send(service, receiver_id=me, event=kind)
    account = await counted(service, kind, sent=1, receivers=1, carried=1)
    end = datetime.now(UTC)
    for days, has_rows in ((7, True), (8, False)):
        times = {"event": kind, "from": (end - timedelta(days=days)).isoformat(), "to": end.isoformat()}
        answer = await service.request("GET", "/reports", service.token("ops:analyst"), params=times)
        assert ("rows" in answer.json()) is has_rows
        assert answer.json()["total"] == account
        answer = await service.request(
            "GET", "/reports", service.token("ops:analyst"), params=times | {"format": "csv"}
        )
        assert len(answer.text.splitlines()) == 2, "as a table it has them always"


# -- As a table -------------------------------------------------------------------------------------


async def test_it_is_a_table_for_who_wants_one(service: Service, me: int, kind: str) -> None:
    (uid,) = await send(service, receiver_id=me, event=kind)
    await receipts(service, me, received=[uid])
    await counted(service, kind, sent=1, receivers=1, carried=1, received=1)
    (row,) = (await hours(service, kind))["rows"]
    asked = [
        await ask(service, f"event={kind}&format=csv"),
        await ask(service, f"event={kind}", Accept="text/csv"),
        await ask(service, f"event={kind}", Accept="text/csv, application/json;q=0.5"),
        await ask(service, f"event={kind}&format=csv", Accept="application/json"),
    ]
    for answer in asked:
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        (line,) = csv.DictReader(StringIO(answer.text))
        assert (line["hour"], line["event"]) == (row["hour"], kind)
        assert {name: int(line[name]) for name in COUNTS} == {name: row[name] for name in COUNTS}
        assert float(line["carried_to_received_p95_ms"]) == row["carried_to_received_ms"]["p95"]
        assert (line["received_to_read_p50_ms"], line["received_to_read_p95_ms"]) == ("", "")
    for answer in (
        await ask(service, f"event={kind}&format=json", Accept="text/csv"),
        await ask(service, f"event={kind}", Accept="*/*"),
        await ask(service, f"event={kind}", Accept="text/html"),
        await ask(service, f"event={kind}", Accept="application/json, text/csv"),
    ):
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json()["rows"] == [row]


# -- What is refused --------------------------------------------------------------------------------

TIME = "must be a time with its zone, such as 2026-01-31T12:00:00Z (RFC 3339)"


@pytest.mark.parametrize(
    ("query", "loc", "msg"),
    [
        ("from=yesterday", "from", TIME),
        ("to=2026-01-31", "to", TIME),
        ("from=2026-01-31T12:00:00", "from", TIME),
        ("from=2026-01-31T12:00:00Z&to=2026-01-31T12:00:00Z", "from", "must be before to"),
        ("from=2026-01-31T12:00:00Z&to=2026-01-31T11:00:00Z", "from", "must be before to"),
        ("from=2999-01-01T00:00:00Z", "from", "must be before to"),
        ("format=xml", "format", None),
        ("event=" + "x" * 101, "event", None),
        ("kind=notice", "kind", "is not a field of ours"),
    ],
)
async def test_a_bad_query_names_its_field(service: Service, query: str, loc: str, msg: str | None) -> None:
    (error,) = problem(await ask(service, query), 422, "invalid_fields")
    assert error["loc"] == [loc]
    assert error["msg"] == msg if msg else error["msg"]


@pytest.mark.parametrize(
    "query",
    [
        "to=0001-01-01T00:00:00Z",
        "to=9999-12-31T23:59:59Z",
        "from=0001-01-01T00:00:00Z",
        "from=9999-12-31T22:00:00Z&to=9999-12-31T23:59:59.999999Z",
        "event=%00",
        "event=%F0%9F%9B%B5",
        "event=",
        "from=2000-01-01T00:00:00Z&to=2999-12-31T00:00:00Z",
    ],
)
async def test_what_is_odd_is_answered_or_refused_and_no_bug(service: Service, query: str) -> None:
    answer = await ask(service, query)
    assert answer.status_code in (200, 422), answer.text


async def test_it_is_for_senders_and_operators(service: Service, me: int) -> None:
    (uid,) = await send(service, receiver_id=me)
    for path in ("/reports", f"/notifications/{uid}/report"):
        problem(await service.request("GET", path, service.customer(me)), 403, "role_not_allowed")
        for token in (service.token("sender:shop"), service.token("ops:analyst")):
            assert (await service.request("GET", path, token)).status_code == 200
