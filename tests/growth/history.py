"""A service's database after some time: enough of all that grows for a statement that looks at all of it to be seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from app import position as positions
from app import tally

# Of whatever a statement must not look at as a whole there are at least as many.
MANY = 3_000
CUSTOMERS = 2 * MANY
DAYS = 30
KINDS = [f"kind{number}" for number in range(8)]

ME = 1  # follows a hundred topics, and hears as many notifications as somebody does in a few days
TOPICS = [f"topic{number}" for number in range(99)]
BUSY_TOPIC = "busy"
ON_MY_SIDE = 2  # of each topic's notifications, after I subscribed
OWN = 30
FOLLOWERS = range(2, 12)  # of the busy topic; the first two hold back
OTHER = 100  # somebody of whom little is known
DUE = 10
EXPIRED = 10
OLD = 20  # older than what is kept


class Table(NamedTuple):
    """Rows as a driver takes them."""

    name: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def uid(moment: datetime, number: int) -> UUID:
    """A UUID of version 7."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | number)


async def fill(url: str) -> None:
    """Fills a database to which little was sent."""
    tables = list(_tables(datetime.now(UTC)))
    if url.startswith("sqlite"):
        _fill_sqlite(url.removeprefix("sqlite://"), tables)
    else:
        await _fill_postgres(url, tables)


def _fill_sqlite(path: str, tables: Sequence[Table]) -> None:
    with closing(sqlite3.Connection(path)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        for name, columns, rows in tables:
            marks = ", ".join("?" for _ in columns)
            connection.executemany(
                f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})",
                [tuple(map(_of_sqlite, row)) for row in rows],
            )


def _of_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value) if isinstance(value, UUID) else value


async def _fill_postgres(url: str, tables: Sequence[Table]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for name, columns, rows in tables:
            await connection.copy_records_to_table(name, columns=columns, records=rows)
        # All of these tables' rows are looked at (30,000 are): what is known of them does not depend on chance.
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def _tables(now: datetime) -> Iterable[Table]:
    begin = now - timedelta(days=DAYS)
    yield Table(
        "customer",
        (
            *("id", "first_name", "middle_name", "last_name", "email", "phone", "login", "language", "time_zone"),
            *("muted_kinds", "quiet_from", "quiet_to"),
        ),
        [
            (number, "", "", "", "", "", "", "en", "UTC", *_preferences(number, now))
            for number in range(1, CUSTOMERS + 1)
        ],
    )
    rows = _Rows()
    for number in range(4 * MANY):  # from long ago until now
        at = begin + (now - begin) * number / (4 * MANY)
        receiver = OTHER + number % (CUSTOMERS - OTHER)
        match number % 4:
            case 0:  # that was counted, or will be
                rows.carried(at, f"customer:{receiver}", expires_at=at + timedelta(hours=1), date_expired=at)
            case 1:
                rows.carried(at, f"customer:{receiver}", expires_at=now + timedelta(days=1 + number / MANY))
            case 2:
                rows.carried(at, f"topic:{BUSY_TOPIC}", date_retracted=at if number < 2 * MANY else None)
            case _:
                rows.carried(at, f"topic:{TOPICS[number // 4 % len(TOPICS)]}", collapse_key=f"key{number}")
    for number in range(OWN):
        rows.carried(begin + (now - begin) * (number + 1) / (OWN + 1), f"customer:{ME}", collapse_key=f"key{number}")
    for number in range(MANY):
        at = begin + (now - begin) * number / MANY
        later = now + timedelta(days=1 + number / MANY)
        rows.waiting(at, f"customer:{OTHER + number}", send_at=later, release_at=later)
        rows.waiting(at, f"customer:{OTHER + number}", send_at=at, release_at=at, date_retracted=at)
    for number in range(DUE):
        at = now - timedelta(minutes=10, seconds=number)
        rows.waiting(at, f"customer:{CUSTOMERS - number}")
        rows.waiting(at, f"customer:{CUSTOMERS - number}", send_at=at, release_at=at)
    for number in range(EXPIRED):
        at = now - timedelta(hours=1, seconds=number)
        rows.carried(at, f"customer:{CUSTOMERS - number}", expires_at=at + timedelta(minutes=1))
    for number in range(OLD):
        rows.carried(begin - timedelta(hours=1, seconds=number), f"customer:{CUSTOMERS - number}")
    yield Table("notification", _COLUMNS, rows.rows)
    carried = [row for row in rows.rows if row[1] is not None]
    yield Table(
        "withheld",
        ("notification_id", "customer_id"),
        [(row[0], OTHER + number) for number, row in enumerate(carried[:MANY])],
    )
    yield Table(
        "receipt",
        ("notification_id", "customer_id", "date_received", "date_read"),
        [(row[0], row[3] or OTHER, now, now if number % 2 else None) for number, row in enumerate(carried)],
    )
    last = {topic: [row[1] for row in carried if row[2] == f"topic:{topic}"] for topic in (BUSY_TOPIC, *TOPICS)}
    mine = [(ME, topic, places[-ON_MY_SIDE - 1]) for topic, places in last.items()]
    theirs = [(number, BUSY_TOPIC, 0) for number in FOLLOWERS]
    others = [(number, f"topic{number}", 0) for number in range(OTHER, CUSTOMERS + 1)]
    yield Table("subscription", ("customer_id", "topic", "position"), [*mine, *theirs, *others])
    yield Table(
        "orders",
        ("order_id", "customer_id", "courier_id", "date_changed"),
        [
            (str(number), OTHER + number, OTHER + 1, now - timedelta(days=8 if number < OLD else 1))
            for number in range(MANY)
        ],
    )
    yield Table(
        "idempotency_key",
        ("sender_id", "key", "body_sha256", "uids", "date_sent"),
        [("sender:shop", f"key{number}", "", "", now) for number in range(MANY)]
        + [("order-events", f"{number}/order.placed/0", "", "", now) for number in range(MANY)],
    )
    one = tally.one(100).to_bytes(200, "little")
    yield Table(
        "tally",
        ("hour", "event", "shard", "receivers", "muted", "held", "expired", "carried", "received", "read"),
        [
            (tally.hour_of(now) - hour, kind, tally.TOGETHER, 1, 0, 0, 0, one, one, one)
            for hour in range(24 * DAYS)
            for kind in KINDS
        ],
    )


def _preferences(number: int, now: datetime) -> tuple[str, str | None, str | None]:
    """One mutes kinds, one is in quiet hours, the others have never said anything."""
    if number == FOLLOWERS[0]:
        return ",".join(KINDS), None, None
    if number == FOLLOWERS[1]:
        return "", f"{now - timedelta(hours=2):%H:%M}", f"{now + timedelta(hours=2):%H:%M}"
    return "", None, None


_COLUMNS = (
    "uid", "position", "channel", "receiver_id", "sender_id", "event", "title_text", "body_text", "priority",
    "date_sent", "send_at", "release_at", "expires_at", "collapse_key", "date_retracted", "date_expired",
)  # fmt: skip


class _Rows:
    """Notifications' rows."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.carried = partial(self._add, True)
        self.waiting = partial(self._add, False)

    def _add(self, is_carried: bool, at: datetime, channel: str, **more: Any) -> None:
        number = len(self.rows)
        kind, _, name = channel.partition(":")
        self.rows.append(
            (
                uid(at, number),
                positions.from_ms(int(at.timestamp() * 1000)) + number if is_carried else None,
                channel,
                int(name) if kind == "customer" else None,
                "sender:shop",
                KINDS[number % len(KINDS)],
                "It is on its way",
                "x" * 100,
                "normal",
                at,
                *(more.get(column) for column in _COLUMNS[10:]),
            )
        )
