"""Tallies: what became of the notifications of each kind and hour: how many, and how long it took.

Counted in the transaction that makes it so. A report over a million notifications adds up a few thousand rows.
"""

from __future__ import annotations

import random
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from itertools import accumulate
from math import ceil, log
from typing import Any, NamedTuple

from app import database
from app import position as positions
from app.notification import Notification
from app.steps import Statement, Steps

# Durations are counted in buckets that grow by a fifth, so that a quantile is right within a tenth; 120 of them reach
# a month. All of a histogram are one number, with 32 bits for each bucket: adding two is one addition.
GROWTH = 1.2
BUCKET_BITS = 32

# A process counts in rows of its own: a row that is changed stays locked until its transaction ends, and processes
# would wait for each other. Those of past hours are put together (`app.run.prune`).
TOGETHER = 0


def _new_shard() -> int:
    return random.randrange(1, 1 << 31)


_SHARD = _new_shard()

COLUMNS = ("receivers", "muted", "held", "expired", "carried", "received", "read")
HISTOGRAMS = ("carried", "received", "read")


class Recorded(NamedTuple):
    """What a position was written down for.

    Attributes:
        event: the notification's.
        date_sent: when it was accepted (UTC).
        due_at: when it was to be carried (UTC).
        position: the one that it got.
        receivers: how many customers it is for.
    """

    event: str
    date_sent: datetime
    due_at: datetime
    position: int
    receivers: int


class Key(NamedTuple):
    """What is counted together: the kind, and the hour (since 1970) in which it was accepted."""

    hour: int
    event: str


class Tally(NamedTuple):
    """Counts; of all of them, sums are those of the numbers.

    Attributes:
        receivers: customers whom it was for.
        muted: those from whom it was kept because they have muted its kind.
        held: those from whom it was kept because of their quiet hours.
        expired: those who had not received it when it expired.
        carried: how long it took since it was accepted, or due, as a histogram.
        received: since it was carried.
        read: since it was received.
    """

    receivers: int = 0
    muted: int = 0
    held: int = 0
    expired: int = 0
    carried: int = 0
    received: int = 0
    read: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(
            self.receivers + other.receivers,
            self.muted + other.muted,
            self.held + other.held,
            self.expired + other.expired,
            self.carried + other.carried,
            self.received + other.received,
            self.read + other.read,
        )


Tallies = dict[Key, Tally]


def hour_of(moment: datetime) -> int:
    """The hour (since 1970) of a time."""
    return int(moment.timestamp()) // 3600


def one(milliseconds: float) -> int:
    """The histogram of one duration."""
    return 1 << BUCKET_BITS * bucket_of(milliseconds)


def bucket_of(milliseconds: float) -> int:
    """The bucket of a duration; a negative one (clocks of two machines) counts as none."""
    return int(log(max(milliseconds, 0) + 1, GROWTH) + 0.5)


def counts_of(histogram: int) -> Sequence[int]:
    """How many durations are in each bucket."""
    size = -(-histogram.bit_length() // BUCKET_BITS)
    return array("I", histogram.to_bytes(size * BUCKET_BITS // 8, "little"))


def quantiles(counts: Sequence[int], shares: Iterable[float]) -> list[float]:
    """The durations (ms) that these shares of all do not exceed; `counts` must not be empty."""
    reached = list(accumulate(counts))
    return [_milliseconds(bisect_left(reached, ceil(share * reached[-1]))) for share in shares]


@cache
def _milliseconds(bucket: int) -> float:
    """The duration in the middle of a bucket."""
    return round(GROWTH**bucket - 1, 1)


def add_to(tallies: Tallies, key: Key, more: Tally) -> None:
    tallies[key] = tallies[key].plus(more) if key in tallies else more


def of_accepted(notifications: Iterable[Notification]) -> Tallies:
    """What to count when notifications are accepted: from whom they are kept."""
    tallies: Tallies = {}
    for each in notifications:
        muted = sum(copy_uid is None for _, copy_uid in each.withheld)
        held = len(each.withheld) - muted + (each.copy_of is None and each.release_at != each.send_at)
        if muted or held:
            add_to(tallies, Key(hour_of(each.date_sent), each.event), Tally(muted=muted, held=held))
    return tallies


def of_recorded(recorded: Iterable[Recorded]) -> Tallies:
    """What to count when positions are written down."""
    # Most of a batch are alike, and adding up large numbers takes longer than counting.
    alike = Counter(
        (
            Key(hour_of(date_sent), event),
            receivers,
            bucket_of(positions.to_ms(position) - due_at.timestamp() * 1000),
        )
        for event, date_sent, due_at, position, receivers in recorded
    )
    tallies: Tallies = {}
    for (key, receivers, bucket), count in alike.items():
        add_to(tallies, key, Tally(receivers=receivers * count, carried=count << BUCKET_BITS * bucket))
    return tallies


def of_row(row: Mapping[str, Any]) -> Tally:
    """The tally that a row holds."""
    return Tally(
        row["receivers"],
        row["muted"],
        row["held"],
        row["expired"],
        _histogram(row["carried"]),
        _histogram(row["received"]),
        _histogram(row["read"]),
    )


def _histogram(held: bytes | str) -> int:
    # As text where PostgreSQL has found it together with something else (`app.steps`).
    return int.from_bytes(bytes.fromhex(held.removeprefix("\\x")) if isinstance(held, str) else held, "little")


def add(tallies: Tallies, shard: int = _SHARD) -> Steps[None]:
    """Adds to what is counted in the database."""
    if not tallies:
        return
    if not database.is_sqlite():
        # Others of this process may be about to begin the same: one of them does, and all of them find it then. Before
        # any is locked: who has locked one and waits for another to be begun may be waited for by who begins that.
        yield _write(dict.fromkeys(tallies, Tally()), shard, "DO NOTHING")
    found = yield from _find(tallies, shard)
    yield _write(
        {key: more.plus(found[key]) if key in found else more for key, more in tallies.items()}, shard, _REPLACE
    )


@dataclass(frozen=True, slots=True)
class Ledger:
    """The tallies of a single writer, in rows of its own: what they hold it knows without asking.

    That holds in the present hour. Those of past hours are put together by others, and are asked for. Where it is not
    known whether a transaction was committed, a new one takes its place, with rows of its own.
    """

    hour: int = 0
    shard: int = field(default_factory=_new_shard)
    written: Tallies = field(default_factory=dict)

    def add(self, tallies: Tallies, hour: int) -> Steps[Ledger]:
        """Adds to what is counted in the database; returns the ledger from then on.

        Args:
            hour: the present one.
        """
        before = self if hour == self.hour else Ledger(hour)
        present: Tallies = {}
        for key, more in tallies.items():
            if key.hour >= hour:
                present[key] = more.plus(before.written[key]) if key in before.written else more
        if present:
            yield _write(present, before.shard, _REPLACE)
        yield from add({key: more for key, more in tallies.items() if key.hour < hour})
        return replace(before, written=before.written | present)


_REPLACE = f"DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in COLUMNS)}"


def _write(tallies: Tallies, shard: int, on_conflict: str) -> Statement:
    width = 3 + len(COLUMNS)
    rows = ", ".join(f"({database.placeholders(width, start=width * at + 1)})" for at in range(len(tallies)))
    return Statement(
        f"INSERT INTO tally (hour, event, shard, {', '.join(COLUMNS)}) VALUES {rows}"
        f" ON CONFLICT (hour, event, shard) {on_conflict}",
        [value for key, counted in sorted(tallies.items()) for value in (*key, shard, *_values(counted))],
    )


def _find(keys: Collection[Key], shard: int) -> Steps[Tallies]:
    """What is counted of some keys, locked until the transaction ends."""
    hours, events = sorted({key.hour for key in keys}), sorted({key.event for key in keys})
    # SQLite has one writer at a time anyway. Sorted, so that two that lock the same do not block each other.
    lock = "" if database.is_sqlite() else " ORDER BY hour, event FOR UPDATE"
    rows = yield Statement(
        f"SELECT hour, event, {', '.join(COLUMNS)} FROM tally"
        f" WHERE hour IN ({database.placeholders(len(hours))})"
        f" AND event IN ({database.placeholders(len(events), start=len(hours) + 1)})"
        f" AND shard = {database.placeholders(1, start=len(hours) + len(events) + 1)}{lock}",
        [*hours, *events, shard],
    )
    found = {Key(row["hour"], row["event"]): of_row(row) for row in rows}
    return {key: tally for key, tally in found.items() if key in keys}


def put_together(key: Key) -> Steps[None]:
    """Makes one row of those that processes keep for themselves."""
    values = database.placeholders(3).split(", ")
    rows = yield Statement(
        f"DELETE FROM tally WHERE hour = {values[0]} AND event = {values[1]} AND shard <> {values[2]}"
        f" RETURNING {', '.join(COLUMNS)}",
        [*key, TOGETHER],
    )
    tallies: Tallies = {}
    for row in rows:
        add_to(tallies, key, of_row(row))
    yield from add(tallies, TOGETHER)


def _values(tally: Tally) -> list[Any]:
    return [
        value.to_bytes(-(-value.bit_length() // 8), "little") if name in HISTOGRAMS else value
        for name, value in zip(COLUMNS, tally, strict=True)
    ]
