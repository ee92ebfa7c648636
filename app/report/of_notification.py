"""What became of one notification: whom it was for, who has received and read it, and how long that took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Any, NamedTuple

from app import database, dto, row
from app import position as positions

# The notification's own receipts, and those of the copies that stand for it with customers in their quiet hours.
_RECEIPTS = """SELECT n.position, r.date_received, r.date_read FROM receipt r
  JOIN notification n ON n.uid = r.notification_id WHERE r.notification_id = {first}
  UNION ALL SELECT n.position, r.date_received, r.date_read FROM withheld w
  JOIN receipt r ON r.notification_id = w.copy_uid JOIN notification n ON n.uid = w.copy_uid
  WHERE w.notification_id = {second}"""


class _Receipts(NamedTuple):
    """How many have received and read it, and after how many milliseconds each."""

    received: int
    read: int
    carried_to_received_ms: list[float]
    received_to_read_ms: list[float]


async def report(found: row.Found) -> dict[str, Any]:
    """The members of a `NotificationReport`."""
    notification, position, date_retracted = found
    now = datetime.now(UTC)
    receipts = await _receipts(notification.uid)
    due_at = notification.release_at or notification.date_sent
    held_until = notification.release_at if notification.release_at != notification.send_at else None
    carried_at = None if position is None else datetime.fromtimestamp(positions.to_ms(position) / 1000, UTC)
    has_expired = notification.expires_at is not None and notification.expires_at <= now
    return {
        "uid": notification.uid,
        "event": notification.event,
        **dto.receiver(notification.channel),
        "sender_id": notification.sender_id,
        "priority": notification.priority,
        "state": _state(found, now),
        "date_sent": dto.timestamp(notification.date_sent),
        "send_at": _shown(notification.send_at),
        "held_until": _shown(held_until),
        "expires_at": _shown(notification.expires_at),
        "date_carried": _shown(carried_at),
        "date_retracted": _shown(date_retracted),
        "position": None if position is None else positions.show(position),
        "receivers": notification.receivers,
        "received": receipts.received,
        "read": receipts.read,
        "muted": sum(each.copy_uid is None for each in notification.withheld),
        "held": sum(each.copy_uid is not None for each in notification.withheld) + (held_until is not None),
        "expired": max(0, notification.receivers - receipts.received) if has_expired else 0,
        "accepted_to_carried_ms": None if carried_at is None else max(0.0, _ms_between(due_at, carried_at)),
        "carried_to_received_ms": _quantiles(receipts.carried_to_received_ms),
        "received_to_read_ms": _quantiles(receipts.received_to_read_ms),
    }


def _state(found: row.Found, now: datetime) -> str:
    notification = found.notification
    if found.date_retracted is not None:
        return "retracted"
    if notification.expires_at is not None and notification.expires_at <= now:
        return "expired"
    if found.position is not None:
        return "carried"
    if notification.release_at is None:
        return "waiting"
    return "scheduled" if notification.release_at == notification.send_at else "held"


async def _receipts(uid: str) -> _Receipts:
    first, second = database.placeholders(1), database.placeholders(1, start=2)
    rows = await database.connection().execute_query_dict(_RECEIPTS.format(first=first, second=second), [uid, uid])
    to_received: list[float] = []
    to_read: list[float] = []
    for each in rows:
        received = database.timestamp_value(each["date_received"])
        if each["position"] is not None:
            to_received.append(max(0.0, received.timestamp() * 1000 - positions.to_ms(each["position"])))
        if each["date_read"] is not None:
            to_read.append(_ms_between(received, database.timestamp_value(each["date_read"])))
    return _Receipts(len(rows), len(to_read), to_received, to_read)


def _quantiles(milliseconds: Sequence[float]) -> dict[str, float] | None:
    """p50 and p95, by the nearest rank; None if there are none."""
    if not milliseconds:
        return None
    ordered = sorted(milliseconds)
    return {f"p{share}": round(ordered[ceil(share / 100 * len(ordered)) - 1], 1) for share in (50, 95)}


def _ms_between(earlier: datetime, later: datetime) -> float:
    return round((later - earlier).total_seconds() * 1000, 1)


def _shown(moment: datetime | None) -> str | None:
    return None if moment is None else dto.timestamp(moment)
