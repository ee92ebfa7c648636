"""A row: a notification's form in the database, written and read without model instances on the hot paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tortoise import BaseDBAsyncClient

from app import channel, database, marks
from app.models import NotificationRow
from app.notification import Notification

COLUMNS = (
    "uid", "channel", "receiver_id", "sender_id", "event", "title_text", "body_text", "notes", "data",
    "priority", "date_sent", "send_at", "expires_at", "collapse_key",
)  # fmt: skip
SELECTED = ", ".join(f"n.{column}" for column in ("position", *COLUMNS))

# A notification `n` that is shown: it has not expired by `{now}`, and no newer one has taken its place.
SHOWN = """(n.expires_at IS NULL OR n.expires_at > {now})
    AND (n.collapse_key IS NULL OR NOT EXISTS (
      SELECT 1 FROM notification newer
      WHERE newer.channel = n.channel AND newer.collapse_key = n.collapse_key AND newer.position > n.position))"""


class Placed(NamedTuple):
    """A notification and the position that the log gave it."""

    position: int
    notification: Notification


def of(notification: Notification) -> tuple[Any, ...]:
    """The values of `COLUMNS`."""

    def moment(value: datetime | None) -> Any:
        return None if value is None else database.timestamp_parameter(value)

    return (
        notification.uid,
        notification.channel,
        channel.receiver_id(notification.channel),
        notification.sender_id,
        notification.event,
        notification.title_text,
        notification.body_text,
        notification.notes,
        None if notification.data is None else notification.data.decode(),
        notification.priority,
        moment(notification.date_sent),
        moment(notification.send_at),
        moment(notification.expires_at),
        notification.collapse_key,
    )


def to_notification(row: Mapping[str, Any]) -> Notification:
    """The notification of a row that was read by the names of `COLUMNS`."""

    def moment(name: str) -> datetime | None:
        return None if row[name] is None else database.timestamp_value(row[name])

    return Notification(
        uid=str(row["uid"]),
        sender_id=row["sender_id"],
        channel=row["channel"],
        event=row["event"],
        title_text=row["title_text"],
        body_text=row["body_text"],
        notes=row["notes"],
        data=None if row["data"] is None else row["data"].encode(),
        priority=row["priority"],
        date_sent=database.timestamp_value(row["date_sent"]),
        send_at=moment("send_at"),
        expires_at=moment("expires_at"),
        collapse_key=row["collapse_key"],
    )


async def insert(connection: BaseDBAsyncClient, notifications: Sequence[Notification]) -> None:
    statement = f"INSERT INTO notification ({', '.join(COLUMNS)}) VALUES ({database.placeholders(len(COLUMNS))})"
    await connection.execute_many(statement, [list(of(notification)) for notification in notifications])


async def place(connection: BaseDBAsyncClient, run: str, positions: Sequence[tuple[str, int]]) -> None:
    """Writes positions into the rows of the given uids. A position once written stays.

    Positions of a run of Redis that is over are not written: what it knew may be lost, and the log has been put back
    from the rows without them. The rows stay outbox, and the relay carries them anew.
    """
    if not await marks.is_present_run(connection, run):
        return
    first, second = database.placeholders(1), database.placeholders(1, start=2)
    statement = f"UPDATE notification SET position = {first} WHERE uid = {second} AND position IS NULL"
    await connection.execute_many(statement, [[position, uid] for uid, position in sorted(positions)])


async def newest_placed(after: int, limit: int) -> list[Placed]:
    """The newest `limit` notifications with a position above `after`, in the order of the log."""
    first, second = database.placeholders(1), database.placeholders(1, start=2)
    rows = await database.connection().execute_query_dict(
        f"SELECT {SELECTED} FROM notification n WHERE n.position > {first} ORDER BY n.position DESC LIMIT {second}",
        [after, limit],
    )
    return [Placed(row["position"], to_notification(row)) for row in reversed(rows)]


async def due(now: datetime, accepted_before: datetime, limit: int) -> list[Notification]:
    """What has no position and should have one: accepted before a time and not held back by `send_at`."""
    first, second, third = (database.placeholders(1, start=number) for number in (1, 2, 3))
    rows = await database.connection().execute_query_dict(
        f"SELECT {SELECTED} FROM notification n WHERE n.position IS NULL"
        f" AND (n.date_sent < {first} AND n.send_at IS NULL OR n.send_at <= {second})"
        f" ORDER BY n.uid LIMIT {third}",
        [database.timestamp_parameter(accepted_before), database.timestamp_parameter(now), limit],
    )
    return [to_notification(row) for row in rows]


async def find(uids: Sequence[str]) -> dict[str, tuple[Notification, int | None]]:
    """The notifications with these uids and their positions, by uid."""
    found = await NotificationRow.filter(uid__in=uids).values("position", *COLUMNS)
    return {str(each["uid"]): (to_notification(each), each["position"]) for each in found}
