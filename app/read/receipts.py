"""Receipts: what a customer did with a notification: received it, read it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tortoise import BaseDBAsyncClient

from app import database, tally
from app import position as positions
from app.models import Customer, NotificationRow
from app.tally import Key, Tally


class Receipts(NamedTuple):
    """What was written down: the uids by what was done, and those that are none of the customer's."""

    received: list[str]
    read: list[str]
    unknown: list[str]


class _Visible(NamedTuple):
    """What is counted of a notification that the customer may see."""

    event: str
    date_sent: datetime
    position: int | None


async def write(
    customer_id: int, received: Collection[str], read: Collection[str], may_see: Callable[[str], bool]
) -> Receipts:
    """Writes receipts. What was read has been received; the first time counts.

    Args:
        may_see: whether a channel is open to the customer.
    """
    named = dict.fromkeys([*received, *read])
    known = await _visible(list(named), may_see)
    was_read = [uid for uid in sorted(set(read)) if uid in known]
    if known:
        async with database.transaction() as connection:
            await Customer.bulk_create([Customer(id=customer_id)], ignore_conflicts=True, using_db=connection)
            now = datetime.now(UTC)
            new = await _insert(connection, customer_id, sorted(known), now)
            tallies: tally.Tallies = {}
            for uid in new:
                tally.add_to(tallies, _key(known[uid]), Tally(received=tally.one(_ms_since_carried(known[uid], now))))
            for uid, date_received in (await _mark_read(connection, customer_id, was_read, now)).items():
                took_ms = (now - date_received).total_seconds() * 1000
                tally.add_to(tallies, _key(known[uid]), Tally(read=tally.one(took_ms)))
            await database.follow(connection, tally.add(tallies))
    return Receipts(
        received=[uid for uid in named if uid in known and uid not in set(read)],
        read=[uid for uid in named if uid in known and uid in set(read)],
        unknown=[uid for uid in named if uid not in known],
    )


async def _insert(connection: BaseDBAsyncClient, customer_id: int, uids: Sequence[str], now: datetime) -> list[str]:
    """Writes down what was received; returns those uids of which it was not known."""
    rows: list[str] = []
    values: list[object] = []
    for uid in uids:
        rows.append(f"({database.placeholders(3, start=len(values) + 1)})")
        values += (uid, customer_id, database.timestamp_parameter(now))
    found = await connection.execute_query_dict(
        f"INSERT INTO receipt (notification_id, customer_id, date_received) VALUES {', '.join(rows)}"
        " ON CONFLICT (notification_id, customer_id) DO NOTHING RETURNING notification_id",
        values,
    )
    return [str(row["notification_id"]) for row in found]


async def _mark_read(
    connection: BaseDBAsyncClient, customer_id: int, uids: Sequence[str], now: datetime
) -> dict[str, datetime]:
    """Writes down what was read; returns when those that were not read before had been received."""
    if not uids:
        return {}
    moment, customer = database.placeholders(1), database.placeholders(1, start=2)
    found = await connection.execute_query_dict(
        f"UPDATE receipt SET date_read = {moment} WHERE customer_id = {customer} AND date_read IS NULL"
        f" AND notification_id IN ({database.placeholders(len(uids), start=3)})"
        " RETURNING notification_id, date_received",
        [database.timestamp_parameter(now), customer_id, *uids],
    )
    return {str(row["notification_id"]): database.timestamp_value(row["date_received"]) for row in found}


def _key(visible: _Visible) -> Key:
    return Key(tally.hour_of(visible.date_sent), visible.event)


def _ms_since_carried(visible: _Visible, now: datetime) -> float:
    """Zero if the position is not written down yet: it was this moment."""
    return 0 if visible.position is None else now.timestamp() * 1000 - positions.to_ms(visible.position)


async def _visible(uids: Collection[str], may_see: Callable[[str], bool]) -> Mapping[str, _Visible]:
    found: list[tuple[Any, ...]] = await NotificationRow.filter(uid__in=uids, retracts=None).values_list(
        "uid", "channel", "event", "date_sent", "position"
    )
    return {str(uid): _Visible(*columns) for uid, address, *columns in found if may_see(address)}
