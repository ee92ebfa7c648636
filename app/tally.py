"""Tallies: how often what happened to the notifications of each kind and hour, and how long it took.

Counted in the transaction that makes it so; a report over a million notifications adds up some thousand rows. Times are
counted by buckets that grow by a fifth, so a quantile is right within a tenth.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from math import log
from typing import NamedTuple

from tortoise import BaseDBAsyncClient

from app import database
from app import position as positions
from app.notification import Notification
from app.row import Recorded

GROWTH = 1.2
# A row that is changed stays locked until its transaction ends. Several stand for the same count, and a process uses
# one of them, so that processes seldom wait for each other.
SHARDS = 16
_SHARD = random.randrange(SHARDS)

_ADD = """INSERT INTO tally (hour, event, step, bucket, shard, count) VALUES ({values})
  ON CONFLICT (hour, event, step, bucket, shard) DO UPDATE SET count = tally.count + excluded.count"""


class Step(StrEnum):
    """What is counted; the bucket says how long it took, in those that have a time."""

    CARRIED = "carried"  # since it was accepted, or due
    RECEIVERS = "receivers"
    MUTED = "muted"
    HELD = "held"
    RECEIVED = "received"  # since it was carried
    READ = "read"  # since it was received


class Key(NamedTuple):
    """What is counted together: the hour (since 1970) in which notifications of a kind were accepted, and the rest."""

    hour: int
    event: str
    step: Step
    bucket: int = 0


Counts = Counter[Key]


def hour_of(moment: datetime) -> int:
    """The hour (since 1970) of a time."""
    return int(moment.timestamp()) // 3600


def bucket_of(milliseconds: float) -> int:
    """The bucket of a duration."""
    return int(log(max(milliseconds, 0) + 1, GROWTH) + 0.5)


def milliseconds_of(bucket: int) -> float:
    """The duration in the middle of a bucket."""
    return round(GROWTH**bucket - 1, 1)


def quantile(buckets: Mapping[int, int], share: float) -> float | None:
    """The duration (ms) that a share of all do not exceed, from counts by bucket; None: there are none."""
    left = share * sum(buckets.values())
    for bucket in sorted(buckets):
        left -= buckets[bucket]
        if left <= 0:
            return milliseconds_of(bucket)
    return None


def of_accepted(notifications: Iterable[Notification]) -> Counts:
    """What to count when notifications are accepted: whom they are kept from."""
    counts = Counts()
    for each in notifications:
        if each.copy_of is None and each.release_at != each.send_at:
            counts[Key(hour_of(each.date_sent), each.event, Step.HELD)] += 1
        for _, copy_uid in each.withheld:
            step = Step.MUTED if copy_uid is None else Step.HELD
            counts[Key(hour_of(each.date_sent), each.event, step)] += 1
    return counts


def of_recorded(recorded: Iterable[Recorded]) -> Counts:
    """What to count when positions are written down."""
    counts = Counts()
    for event, date_sent, due_at, position, receivers in recorded:
        hour = hour_of(date_sent)
        took_ms = positions.to_ms(position) - due_at.timestamp() * 1000
        counts[Key(hour, event, Step.CARRIED, bucket_of(took_ms))] += 1
        counts[Key(hour, event, Step.RECEIVERS)] += receivers
    return counts


async def add(connection: BaseDBAsyncClient, counts: Counts) -> None:
    """Adds counts to those in the database."""
    values = [[*key, _SHARD, count] for key, count in sorted(counts.items())]
    if values:
        await connection.execute_many(_ADD.format(values=database.placeholders(6)), values)
