"""Receipts: what a customer did with a notification: received it, read it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import NamedTuple

from app import channel, database
from app.models import Customer, NotificationRow

_UPSERT = """INSERT INTO receipt (notification_id, customer_id, date_received, date_read) VALUES ({values})
  ON CONFLICT (notification_id, customer_id)
  DO UPDATE SET date_read = COALESCE(receipt.date_read, excluded.date_read)"""


class Receipts(NamedTuple):
    """What was written down: the uids by what was done, and those that are none of the customer's."""

    received: list[str]
    read: list[str]
    unknown: list[str]


async def write(
    customer_id: int, received: Collection[str], read: Collection[str], covers: Callable[[str], bool]
) -> Receipts:
    """Writes receipts. What was read has been received; the first time counts.

    Args:
        covers: whether the customer may listen to a topic.
    """
    named = dict.fromkeys([*received, *read])
    known = await _visible(customer_id, list(named), covers)
    now = database.timestamp_parameter(datetime.now(UTC))
    was_read = set(read)
    rows = [[uid, customer_id, now, now if uid in was_read else None] for uid in sorted(known)]
    if rows:
        async with database.transaction() as connection:
            await Customer.bulk_create([Customer(id=customer_id)], ignore_conflicts=True, using_db=connection)
            await connection.execute_many(_UPSERT.format(values=database.placeholders(4)), rows)
    return Receipts(
        received=[uid for uid in named if uid in known and uid not in was_read],
        read=[uid for uid in named if uid in known and uid in was_read],
        unknown=[uid for uid in named if uid not in known],
    )


async def _visible(customer_id: int, uids: Collection[str], covers: Callable[[str], bool]) -> set[str]:
    own = channel.of_customer(customer_id)
    found = await NotificationRow.filter(uid__in=uids).values_list("uid", "channel")
    return {
        str(uid)
        for uid, address in found
        if address == own or ((topic := channel.topic(address)) is not None and covers(topic))
    }
