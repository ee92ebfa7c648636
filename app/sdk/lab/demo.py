"""A day for the delivery report of whoever has none yet: in a database of its own, that nobody else reads.

A local service plays the scripted day (`docs/day.py`) as fast as it can: what is accepted, carried, kept from whom, and
received and read by whom, is its own doing. Only when is not: that many hours went by in seconds. So, with the service
stopped, every date is put to the time in the script, and delays of receiving and reading are drawn, always the same.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from math import inf, log
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tortoise import Tortoise

from app import database, tally
from app import position as positions
from app.run.expire import EXPIRE_MAX, expire
from app.sdk import calls
from app.sdk.client import Client
from app.sdk.errors import NotInTime
from app.sdk.lab.database import Database, run_apart
from app.sdk.local import LocalService, local_service
from app.tally import Key, Tally

SCRIPT = Path(__file__).parents[2] / "web" / "static" / "day.json"
SLICE_SECONDS = 600  # of the script; one request each
PATIENCE_SECONDS = 20

MINUTE, HOUR = 60, 3600
STAFF_FROM = 9000  # kitchens, couriers, warehouses
AWAY = {6, 36}  # never open the app
LATE = {5, 12, 19, 26, 33, 40, 47, 54}  # open it in the evening
EVENING = 21.5 * HOUR
MUTING = {10, 20, 30}  # want no `order.preparing`
# A kitchen's tablet is off while most is ordered.
TABLET, OFF_FROM, OFF_UNTIL = 9003, 18 * HOUR, 20 * HOUR
RUSH = {12, 13, 18, 19}
PHONE_ASLEEP = 0.15  # share of what waits until a customer's phone is looked at


class _Habit(NamedTuple):
    """The share of a kind that is read, and after how many seconds half of that."""

    share: float
    seconds: float


HABITS = {
    "notice": _Habit(0.45, 40 * MINUTE),
    "order.rate": _Habit(0.3, 25 * MINUTE),
    "courier.nearby": _Habit(0.95, 40),
}
STAFF, OTHERWISE = _Habit(0.97, 45), _Habit(0.85, 150)


class Day(NamedTuple):
    """A day that was played.

    Attributes:
        database_url: where it is.
        until: when it ended.
    """

    database_url: str
    until: datetime


class _Moment(NamedTuple):
    """When a notification was sent, and when it was due; both in seconds since midnight."""

    sent: float
    due: float


@contextmanager
def played_day() -> Iterator[Day]:
    """Plays the day, and takes its database away again. It was three days ago: all that expires has.

    Raises:
        SdkError: the local service does not start, or does not answer.
    """
    script = json.loads(SCRIPT.read_text(encoding="utf-8"))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight = today - timedelta(days=3)
    with local_service() as service:
        moments = _play(service, script, midnight)
        service.stop()
        _put_dates(service.data_dir / "getnotified.sqlite3", moments, midnight)
        run_apart(_count(service.database_url))
        yield Day(service.database_url, midnight + timedelta(days=1))


@contextmanager
def opened_database(url: str | None) -> Iterator[tuple[Database, datetime | None]]:
    """The database to report on, and when its time ended (None: it goes on).

    Args:
        url: as in `DATABASE_URL`; empty: the one of the environment, else what `make run` keeps; None: a played day.
    """
    if url is None:
        with played_day() as day:
            yield Database(day.database_url), day.until
    else:
        yield Database(url or None), None


# -- What happens ------------------------------------------------------------------------------------


def _play(service: LocalService, script: Mapping[str, Any], midnight: datetime) -> dict[str, _Moment]:
    """Plays the script to its end; when each notification is said to have been sent, by uid."""
    people = [*script["customers"], *script["kitchens"], *script["couriers"], *script["warehouses"]]
    moments: dict[str, _Moment] = {}
    with service.sender("shop") as sender:
        for person in people:
            sender.put_customer(person["id"], **{name: value for name, value in person.items() if name != "id"})
            _prepare(service, person)
        for part, lines in groupby(script["events"], lambda line: line["at"] // SLICE_SECONDS):
            events = list(lines)
            waits = {line["event"]: line["send_in"] for line in events if "send_in" in line}
            sent = sender.order_events([_event(line, script["begins"], midnight) for line in events])
            for number, each in enumerate(sent):
                second = script["begins"] + SLICE_SECONDS * (part + number / len(sent))
                moments[each.uid] = _Moment(second, second + waits.get(each.event, 0))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while sender.reports()["total"]["waiting"]:
            if time.monotonic() > deadline:
                raise NotInTime("the played day to be carried", PATIENCE_SECONDS)
            time.sleep(0.1)
    for person in people:
        if person["id"] not in AWAY:
            _open_app(service, person["id"])
    return moments


def _prepare(service: LocalService, person: Mapping[str, Any]) -> None:
    number = person["id"]
    with Client(service.url, service.token(f"customer:{number}")) as app:
        if number < STAFF_FROM:
            app.call(calls.subscribe(f"news.{person['language']}"))
        if number in MUTING:
            app.call(calls.set_preferences(person["language"], person["time_zone"], ["order.preparing"]))


def _open_app(service: LocalService, number: int) -> None:
    """Receives all, reads some: of each kind as many in every play."""
    with Client(service.url, service.token(f"customer:{number}")) as app:
        received: list[str] = []
        read: list[str] = []
        counts: Counter[str] = Counter()
        before: str | None = None
        while not received or before is not None:
            page = app.call(calls.inbox(limit=200, before=before))
            for each in page["notifications"]:
                event = each["event"]
                counts[event] += 1
                received.append(each["uid"])
                if _random("reads", number, event, counts[event]).random() < _habit(number, event).share:
                    read.append(each["uid"])
            before = page["next"]
        app.call(calls.mark_received(received))
        app.call(calls.mark_read(read))


def _event(line: Mapping[str, Any], begins: int, midnight: datetime) -> dict[str, Any]:
    """A line as the script's description says, played as fast as possible."""
    now = datetime.now(UTC)
    event = {name: value for name, value in line.items() if name not in {"at", "send_in", "expires_in"}}
    if "order_id" in line:
        event["order_id"] = f"day-{line['order_id']}"
    if "send_in" in line:
        event["send_at"] = now
    if "expires_in" in line:
        event["expires_at"] = now + timedelta(seconds=line["expires_in"])
    if "eta_in" in line.get("data", {}):
        data = dict(line["data"])
        eta = midnight + timedelta(seconds=begins + line["at"] + data.pop("eta_in"))
        event["data"] = data | {"eta": eta.isoformat()}
    return event


# -- When it is said to have happened ----------------------------------------------------------------


def _put_dates(file: Path, moments: Mapping[str, _Moment], midnight: datetime) -> None:
    """Puts the dates of the script into a database that nobody has open."""

    def text(second: float | None) -> str | None:
        return None if second is None else (midnight + timedelta(seconds=second)).isoformat(" ")

    with closing(sqlite3.connect(file)) as connection, connection:
        carried: dict[str, float] = {}
        expires: dict[str, float] = {}
        query = "SELECT uid, date_sent, expires_at FROM notification ORDER BY position"
        for number, (uid, date_sent, expires_at) in enumerate(connection.execute(query).fetchall()):
            sent, due = moments[uid]
            carried[uid] = due + _random("carried", number).uniform(0.002, 0.012)
            if expires_at is not None:
                expires[uid] = sent + (datetime.fromisoformat(expires_at) - datetime.fromisoformat(date_sent)).seconds
            position = positions.from_ms(int((midnight.timestamp() + carried[uid]) * 1000)) | number
            released = text(due) if due > sent else None
            connection.execute(
                "UPDATE notification SET position = ?, date_sent = ?, send_at = ?, release_at = ?, expires_at = ?"
                " WHERE uid = ?",
                (position, text(sent), released, released, text(expires.get(uid)), uid),
            )
        query = """SELECT r.id, r.customer_id, n.event, n.uid, r.date_read FROM receipt r
          JOIN notification n ON n.uid = r.notification_id ORDER BY r.customer_id, n.event, n.position"""
        for number, (receipt, customer, event, uid, date_read) in enumerate(connection.execute(query).fetchall()):
            random = _random("receipt", number)
            received = _received(customer, carried[uid], random)
            read = None if date_read is None else received + _reading_seconds(customer, event, received, random)
            if received > expires.get(uid, inf):
                connection.execute("DELETE FROM receipt WHERE id = ?", (receipt,))
            else:
                dates = (text(received), text(read), receipt)
                connection.execute("UPDATE receipt SET date_received = ?, date_read = ? WHERE id = ?", dates)
        connection.execute("DELETE FROM tally")


def _received(customer: int, carried: float, random: Random) -> float:
    """When somebody receives what was carried at a time; all in seconds since midnight."""
    online = carried + random.uniform(0.01, 0.2)
    if random.random() < PHONE_ASLEEP and customer < STAFF_FROM:
        online += random.lognormvariate(log(4 * MINUTE), 1)
    if customer in LATE:
        return max(online, EVENING + random.uniform(0, 5 * MINUTE))
    if customer == TABLET and OFF_FROM <= online < OFF_UNTIL:
        return OFF_UNTIL + random.uniform(0, MINUTE)
    return online


def _reading_seconds(customer: int, event: str, received: float, random: Random) -> float:
    busy = 2 if int(received // HOUR) in RUSH else 1
    return busy * random.lognormvariate(log(_habit(customer, event).seconds), 0.8)


def _habit(customer: int, event: str) -> _Habit:
    return STAFF if customer >= STAFF_FROM else HABITS.get(event, OTHERWISE)


def _random(*names: object) -> Random:
    return Random(" ".join(map(str, names)))


async def _count(url: str) -> None:
    """Counts anew, as the service would have at those times."""
    await Tortoise.init(config=database.tortoise_config(url))
    try:
        tallies = tally.of_recorded(
            tally.Recorded(
                row["event"],
                database.timestamp_value(row["date_sent"]),
                database.timestamp_value(row["send_at"] or row["date_sent"]),
                row["position"],
                row["receivers"],
            )
            for row in await _rows("n.send_at, n.receivers FROM notification n")
        )
        for row in await _rows("1 FROM withheld w JOIN notification n ON n.uid = w.notification_id"):
            tally.add_to(tallies, _key(row), Tally(muted=1))
        for row in await _rows(
            "r.date_received, r.date_read FROM receipt r JOIN notification n ON n.uid = r.notification_id"
        ):
            received = database.timestamp_value(row["date_received"])
            since_carried_ms = received.timestamp() * 1000 - positions.to_ms(row["position"])
            tally.add_to(tallies, _key(row), Tally(received=tally.one(since_carried_ms)))
            if row["date_read"] is not None:
                took = database.timestamp_value(row["date_read"]) - received
                tally.add_to(tallies, _key(row), Tally(read=tally.one(took.total_seconds() * 1000)))
        await database.perform(tally.add, tallies)
        while await expire(datetime.now(UTC)) == EXPIRE_MAX:
            pass
    finally:
        await Tortoise.close_connections()


async def _rows(rest: str) -> list[dict[str, Any]]:
    return await database.connection().execute_query_dict(f"SELECT n.event, n.date_sent, n.position, {rest}")


def _key(row: Mapping[str, Any]) -> Key:
    return Key(tally.hour_of(database.timestamp_value(row["date_sent"])), row["event"])
