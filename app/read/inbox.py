"""The inbox: what a customer was sent, newest first, with what they did with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from string import Formatter
from typing import Any

from app import database, dto, row
from app import position as positions

# Nobody reads the difference, and a busy topic's whole history would be read at each reconnect.
COUNT_MAX = 10_000

# What a customer is shown of one channel. What PostgreSQL may join, it joins with everybody's receipts when its
# statistics are old: a subquery it asks once for each notification.
_SHOWN = f"""FROM notification n
  WHERE n.channel = {{channel}} AND n.position > {{after}} AND n.position <= {{up_to}} AND n.retracts IS NULL
    AND (SELECT w.copy_uid FROM withheld w WHERE w.notification_id = n.uid AND w.customer_id = {{customer}}) IS NULL
    AND {row.SHOWN}"""
_UNREAD = """
    AND (SELECT r.date_read FROM receipt r WHERE r.notification_id = n.uid AND r.customer_id = {customer}) IS NULL"""
_NEWEST = " ORDER BY n.position DESC LIMIT"


async def page(
    customer_id: int, channels: Mapping[str, int], up_to: int, limit: int, unread: bool
) -> list[dict[str, Any]]:
    """The newest notifications up to (and with) a position, as `InboxDTO`s, newest first.

    Args:
        channels: each with the position from which on it is the customer's.
        unread: only those that were not read.
    """
    newest = f"SELECT {row.SELECTED} {_SHOWN}{_UNREAD if unread else ''}{_NEWEST} {limit:d}"
    rows = await _of_each(newest, customer_id, channels, up_to)
    rows.sort(key=lambda each: -each["position"])
    done = await _done_with([str(each["uid"]) for each in rows[:limit]], customer_id)
    return [_inbox_dto(each, done[str(each["uid"])]) for each in rows[:limit]]


async def unread_count(customer_id: int, channels: Mapping[str, int]) -> int:
    """How many notifications the customer has not read; of one channel, up to 10,000 are counted."""
    counted = f"SELECT COUNT(*) AS unread FROM (SELECT n.uid {_SHOWN}{_UNREAD}{_NEWEST} {COUNT_MAX}) AS newest"
    rows = await _of_each(counted, customer_id, channels, positions.POSITION_MAX)
    return sum(each["unread"] for each in rows)


async def is_unsettled(channels: Collection[str]) -> bool:
    """Whether something in these channels should have been carried by now, and its row does not hold a position yet."""
    found = await database.connection().execute_query_dict(
        f"SELECT 1 FROM {database.given(channel='text')} AS given CROSS JOIN notification n"
        " WHERE n.channel = given.channel AND n.position IS NULL AND n.date_retracted IS NULL"
        f" AND (n.release_at IS NULL OR n.release_at <= {database.placeholders(1, start=2)}) LIMIT 1",
        [database.rows((each,) for each in channels), database.timestamp_parameter(datetime.now(UTC))],
    )
    return bool(found)


async def unread_uids(customer_id: int, channels: Mapping[str, int], up_to: int, limit: int) -> list[str]:
    """The uids of up to `limit` unread notifications up to and with a position."""
    newest = f"SELECT n.uid {_SHOWN}{_UNREAD}{_NEWEST} {limit:d}"
    rows = await _of_each(newest, customer_id, channels, up_to)
    return [str(each["uid"]) for each in rows[:limit]]


async def _of_each(query: str, customer_id: int, channels: Mapping[str, int], up_to: int) -> list[dict[str, Any]]:
    """The rows of a query for each channel; each goes through the index by channel and position."""
    now = database.timestamp_parameter(datetime.now(UTC))
    if database.is_sqlite():
        return await _of_arms(query, {"customer": customer_id, "up_to": up_to, "now": now}, channels)
    # One plan for all channels, and none that rests on how common one of them was.
    one = query.format(channel="given.channel", after="given.after", customer="$2", up_to="$3", now="$4")
    given = database.given(channel="text", after="bigint")
    return await database.connection().execute_query_dict(
        f"SELECT of_one.* FROM {given} AS given CROSS JOIN LATERAL ({one}) AS of_one",
        [database.rows(channels.items()), customer_id, up_to, now],
    )


async def _of_arms(query: str, shared: dict[str, object], channels: Mapping[str, int]) -> list[dict[str, Any]]:
    """For SQLite, which knows no LATERAL: the queries with UNION between them."""
    names = [name for _, name, _, _ in Formatter().parse(query) if name is not None]
    one = f"SELECT * FROM ({query.format_map(dict.fromkeys(names, '?'))})"
    rows: list[dict[str, Any]] = []
    for part in database.arms(channels.items()):
        values = [(shared | {"channel": channel, "after": after})[name] for channel, after in part for name in names]
        rows += await database.connection().execute_query_dict(" UNION ALL ".join([one] * len(part)), values)
    return rows


async def _done_with(uids: Sequence[str], customer_id: int) -> dict[str, Mapping[str, Any]]:
    """What a customer did with notifications, and whether they are withheld from them, by uid."""
    if not uids:
        return {}
    rows = await database.connection().execute_query_dict(
        "SELECT asked.uid, r.date_received, r.date_read, w.id AS withheld_id"
        f" FROM {database.given(uid='uuid', customer_id='bigint')} AS asked"
        " LEFT JOIN receipt r ON r.notification_id = asked.uid AND r.customer_id = asked.customer_id"
        " LEFT JOIN withheld w ON w.notification_id = asked.uid AND w.customer_id = asked.customer_id",
        [database.rows((uid, customer_id) for uid in uids)],
    )
    return {str(each["uid"]): each for each in rows}


def _inbox_dto(found: Mapping[str, Any], done: Mapping[str, Any]) -> dict[str, Any]:
    def moment(name: str) -> str | None:
        return None if done[name] is None else dto.timestamp(database.timestamp_value(done[name]))

    return {
        **dto.notification_dto(row.to_notification(found)),
        "position": positions.show(found["position"]),
        "muted": done["withheld_id"] is not None,
        "date_received": moment("date_received"),
        "date_read": moment("date_read"),
    }
