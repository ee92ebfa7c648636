"""The inbox: what a customer was sent, newest first, with what they did with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from app import database, dto, row
from app import position as positions
from app.models import NotificationRow

# Nobody reads the difference, and a busy topic's whole history would be read at each reconnect.
COUNT_MAX = 10_000

# What a customer is shown of one channel, with the customer's receipt.
_SHOWN = """FROM notification n
  LEFT JOIN receipt r ON r.notification_id = n.uid AND r.customer_id = {customer}
  WHERE n.channel = {channel} AND n.position > {after} AND n.position <= {up_to}
    AND {shown}"""
_UNREAD = " AND r.date_read IS NULL"


async def page(
    customer_id: int, channels: Mapping[str, int], up_to: int, limit: int, unread: bool
) -> list[dict[str, Any]]:
    """The newest notifications up to (and with) a position, as `InboxDTO`s, newest first.

    Args:
        channels: each with the position from which on it is the customer's.
        unread: only those that were not read.
    """
    arms, values = _arms(f"SELECT {row.SELECTED}, r.date_received, r.date_read", customer_id, channels, up_to, unread)
    limited = [f"SELECT * FROM ({arm} ORDER BY n.position DESC LIMIT {limit:d}) AS arm" for arm in arms]
    rows = await database.connection().execute_query_dict(" UNION ALL ".join(limited), values)
    rows.sort(key=lambda each: -each["position"])
    return [_inbox_dto(each) for each in rows[:limit]]


async def unread_count(customer_id: int, channels: Mapping[str, int]) -> int:
    """How many notifications the customer has not read; of one channel, up to 10,000 are counted."""
    arms, values = _arms("SELECT n.uid", customer_id, channels, positions.POSITION_MAX, True)
    counted = [f"SELECT COUNT(*) AS unread FROM ({arm} LIMIT {COUNT_MAX}) AS arm" for arm in arms]
    rows = await database.connection().execute_query_dict(" UNION ALL ".join(counted), values)
    return sum(each["unread"] for each in rows)


async def is_unsettled(channels: Collection[str]) -> bool:
    """Whether something was accepted in these channels, for now, whose row does not hold its position yet."""
    return await NotificationRow.filter(channel__in=list(channels), position=None, send_at=None).exists()


async def unread_uids(customer_id: int, channels: Mapping[str, int], up_to: int, limit: int) -> list[str]:
    """The uids of up to `limit` unread notifications up to and with a position."""
    arms, values = _arms("SELECT n.uid", customer_id, channels, up_to, True)
    limited = [f"SELECT * FROM ({arm} LIMIT {limit:d}) AS arm" for arm in arms]
    rows = await database.connection().execute_query_dict(" UNION ALL ".join(limited), values)
    return [str(each["uid"]) for each in rows[:limit]]


def _arms(
    selected: str, customer_id: int, channels: Mapping[str, int], up_to: int, unread: bool
) -> tuple[list[str], list[object]]:
    """One query a channel (each goes through the index by channel and position), and the values of all."""
    arms: list[str] = []
    values: list[object] = []
    now = database.timestamp_parameter(datetime.now(UTC))
    for name, after in channels.items():
        names = ("customer", "channel", "after", "up_to", "now")
        marks = {each: database.placeholders(1, start=len(values) + 1 + index) for index, each in enumerate(names)}
        shown = _SHOWN.format(**marks, shown=row.SHOWN.format(now=marks["now"]))
        arms.append(f"{selected} {shown}{_UNREAD if unread else ''}")
        values += (customer_id, name, after, up_to, now)
    return arms, values


def _inbox_dto(found: Mapping[str, Any]) -> dict[str, Any]:
    def moment(name: str) -> str | None:
        return None if found[name] is None else dto.timestamp(database.timestamp_value(found[name]))

    return {
        **dto.notification_dto(row.to_notification(found)),
        "position": positions.show(found["position"]),
        "date_received": moment("date_received"),
        "date_read": moment("date_read"),
    }
