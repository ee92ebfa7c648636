"""The inbox: what a customer was sent, newest first, with what they did with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from tortoise.expressions import Q

from app import database, dto, row
from app import position as positions
from app.models import NotificationRow

# Nobody reads the difference, and a busy topic's whole history would be read at each reconnect.
COUNT_MAX = 10_000

# What a customer is shown of one channel, with the customer's receipt.
_SHOWN = """FROM notification n
  LEFT JOIN receipt r ON r.notification_id = n.uid AND r.customer_id = {customer}
  LEFT JOIN withheld w ON w.notification_id = n.uid AND w.customer_id = {same_customer}
  WHERE n.channel = {channel} AND n.position > {after} AND n.position <= {up_to}
    AND n.retracts IS NULL AND w.copy_uid IS NULL
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
    selected = f"SELECT {row.SELECTED}, r.date_received, r.date_read, w.id AS withheld_id"
    limited = f"SELECT * FROM ({{arm}} ORDER BY n.position DESC LIMIT {limit:d}) AS arm"
    rows = await _ask(limited, selected, customer_id, channels, up_to, unread)
    rows.sort(key=lambda each: -each["position"])
    return [_inbox_dto(each) for each in rows[:limit]]


async def unread_count(customer_id: int, channels: Mapping[str, int]) -> int:
    """How many notifications the customer has not read; of one channel, up to 10,000 are counted."""
    counted = f"SELECT COUNT(*) AS unread FROM ({{arm}} LIMIT {COUNT_MAX}) AS arm"
    rows = await _ask(counted, "SELECT n.uid", customer_id, channels, positions.POSITION_MAX, True)
    return sum(each["unread"] for each in rows)


async def is_unsettled(channels: Collection[str]) -> bool:
    """Whether something in these channels should have been carried by now, and its row does not hold a position yet."""
    due = Q(release_at=None) | Q(release_at__lte=datetime.now(UTC))
    return await NotificationRow.filter(due, channel__in=list(channels), position=None, date_retracted=None).exists()


async def unread_uids(customer_id: int, channels: Mapping[str, int], up_to: int, limit: int) -> list[str]:
    """The uids of up to `limit` unread notifications up to and with a position."""
    limited = f"SELECT * FROM ({{arm}} LIMIT {limit:d}) AS arm"
    rows = await _ask(limited, "SELECT n.uid", customer_id, channels, up_to, True)
    return [str(each["uid"]) for each in rows[:limit]]


async def _ask(
    form: str, selected: str, customer_id: int, channels: Mapping[str, int], up_to: int, unread: bool
) -> list[dict[str, Any]]:
    """The rows of one query a channel, each in a form; each goes through the index by channel and position."""
    now = database.timestamp_parameter(datetime.now(UTC))
    rows: list[dict[str, Any]] = []
    for part in database.arms(channels.items()):
        arms: list[str] = []
        values: list[object] = []
        for name, after in part:
            names = ("customer", "same_customer", "channel", "after", "up_to", "now")
            marks = {each: database.placeholders(1, start=len(values) + 1 + index) for index, each in enumerate(names)}
            shown = _SHOWN.format(**marks, shown=row.SHOWN.format(now=marks["now"]))
            arms.append(form.format(arm=f"{selected} {shown}{_UNREAD if unread else ''}"))
            values += (customer_id, customer_id, name, after, up_to, now)
        rows += await database.connection().execute_query_dict(" UNION ALL ".join(arms), values)
    return rows


def _inbox_dto(found: Mapping[str, Any]) -> dict[str, Any]:
    def moment(name: str) -> str | None:
        return None if found[name] is None else dto.timestamp(database.timestamp_value(found[name]))

    return {
        **dto.notification_dto(row.to_notification(found)),
        "position": positions.show(found["position"]),
        "muted": found["withheld_id"] is not None,
        "date_received": moment("date_received"),
        "date_read": moment("date_read"),
    }
