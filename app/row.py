"""A row: a notification's form in the database, written and read without model instances on the hot paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from app import channel, database, marks
from app.models import NotificationRow
from app.models import Withheld as WithheldRow
from app.notification import Notification, Withheld
from app.steps import Statement, Steps

# Uids of one statement: SQLite takes up to 32,766 parameters, PostgreSQL twice as many.
FIND_MAX = 5000

COLUMNS = {
    "uid": "uuid", "channel": "text", "receiver_id": "bigint", "sender_id": "text", "event": "text",
    "title_text": "text", "body_text": "text", "notes": "text", "data": "text", "priority": "text",
    "date_sent": "timestamptz", "send_at": "timestamptz", "release_at": "timestamptz", "expires_at": "timestamptz",
    "collapse_key": "text", "receivers": "int", "copy_of": "uuid", "retracts": "uuid",
}  # fmt: skip
SELECTED = ", ".join(f"n.{column}" for column in ("position", *COLUMNS))

# A notification `n` that is shown: it was not taken back, has not expired by `{now}`, and no newer one has taken its
# place.
SHOWN = """n.date_retracted IS NULL
    AND (n.expires_at IS NULL OR n.expires_at > {now})
    AND (n.collapse_key IS NULL OR NOT EXISTS (
      SELECT 1 FROM notification newer
      WHERE newer.channel = n.channel AND newer.collapse_key = n.collapse_key AND newer.position > n.position))"""


class Placed(NamedTuple):
    """A notification and the position that the log gave it."""

    position: int
    notification: Notification


class Found(NamedTuple):
    """A notification, its position (None: it is not known to be carried), and when it was taken back (UTC)."""

    notification: Notification
    position: int | None
    date_retracted: datetime | None


def of(notification: Notification) -> tuple[str | int | None, ...]:
    """The values of `COLUMNS`."""

    def moment(value: datetime | None) -> str | None:
        return None if value is None else database.timestamp_text(value)

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
        moment(notification.release_at),
        moment(notification.expires_at),
        notification.collapse_key,
        notification.receivers,
        notification.copy_of,
        notification.retracts,
    )


def to_notification(row: Mapping[str, Any], withheld: Sequence[Withheld] = ()) -> Notification:
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
        release_at=moment("release_at"),
        expires_at=moment("expires_at"),
        collapse_key=row["collapse_key"],
        receivers=row["receivers"],
        withheld=tuple(withheld),
        copy_of=None if row["copy_of"] is None else str(row["copy_of"]),
        retracts=None if row["retracts"] is None else str(row["retracts"]),
    )


def insert(notifications: Sequence[Notification]) -> Steps[None]:
    """Inserts notifications, with those to whom they are not pushed, and marks those that they take back or replace."""
    if not notifications:
        return
    yield Statement(
        f"INSERT INTO notification ({', '.join(COLUMNS)}) SELECT {', '.join(COLUMNS)}"
        f" FROM {database.given(**COLUMNS)} AS given",
        [database.rows(map(of, notifications))],
    )
    withheld = [(each.uid, *customer) for each in notifications for customer in each.withheld]
    if withheld:
        given = database.given(notification_id="uuid", customer_id="bigint", copy_uid="uuid")
        yield Statement(
            "INSERT INTO withheld (notification_id, customer_id, copy_uid)"
            f" SELECT notification_id, customer_id, copy_uid FROM {given} AS given",
            [database.rows(withheld)],
        )
    collapsing = [each for each in notifications if each.collapse_key is not None]
    if collapsing:
        yield from _replace_held(collapsing)
    taken_back = {each.retracts: each.date_sent for each in notifications if each.retracts is not None}
    if taken_back:
        yield from retract(taken_back)


def _replace_held(newer: Sequence[Notification]) -> Steps[None]:
    """Takes back what quiet hours hold for longer than what replaces it: released after that, it would win."""
    given = database.given(uid="uuid", channel="text", collapse_key="text", date_sent="timestamptz", due="timestamptz")
    # In order, so that two that lock the same rows do not block each other.
    lock = "" if database.is_sqlite() else " ORDER BY held.uid FOR UPDATE OF held"
    yield Statement(
        "WITH replaced AS MATERIALIZED ("
        f" SELECT held.uid, newer.date_sent FROM {given} AS newer CROSS JOIN notification held"
        " WHERE held.channel = newer.channel AND held.collapse_key = newer.collapse_key AND held.uid < newer.uid"
        " AND held.position IS NULL AND held.date_retracted IS NULL AND held.release_at >= newer.due"
        f" AND (held.send_at IS NULL OR held.send_at <> held.release_at){lock})"
        " UPDATE notification SET date_retracted = replaced.date_sent FROM replaced"
        " WHERE notification.uid = replaced.uid",
        [
            database.rows(
                (
                    each.uid,
                    each.channel,
                    each.collapse_key,
                    database.timestamp_text(each.date_sent),
                    database.timestamp_text(each.release_at or each.date_sent),
                )
                for each in newer
            )
        ],
    )


def retract(moments: Mapping[str, datetime]) -> Steps[None]:
    """Marks the notifications of these uids as taken back, each at a time."""
    lock = "" if database.is_sqlite() else " ORDER BY n.uid FOR UPDATE OF n"
    yield Statement(
        "WITH taken_back AS MATERIALIZED ("
        f" SELECT n.uid, given.moment FROM {database.given(uid='uuid', moment='timestamptz')} AS given"
        f" CROSS JOIN notification n WHERE n.uid = given.uid AND n.date_retracted IS NULL{lock})"
        " UPDATE notification SET date_retracted = taken_back.moment FROM taken_back"
        " WHERE notification.uid = taken_back.uid",
        [database.rows((uid, database.timestamp_text(moment)) for uid, moment in moments.items())],
    )


def place(run: str, positions: Mapping[str, int]) -> Steps[set[str]]:
    """Writes positions into the rows of the given uids that have none; returns these uids.

    Positions of a run of Redis that is over are not written: what it knew may be lost, and the log has been put back
    from the rows without them. The rows stay outbox, and the relay carries them anew.
    """
    # SQLite has one writer at a time anyway. In order, so that two that lock the same rows do not block each other.
    lock = "" if database.is_sqlite() else " ORDER BY n.uid FOR UPDATE OF n"
    is_present_run = marks.is_present_run(run, start=2)
    placed = yield Statement(
        "WITH carried AS MATERIALIZED ("
        f" SELECT n.uid, given.position FROM {database.given(uid='uuid', position='bigint')} AS given"
        " CROSS JOIN notification n WHERE n.uid = given.uid AND n.position IS NULL AND n.date_retracted IS NULL"
        f" AND {is_present_run.sql}{lock})"
        " UPDATE notification SET position = carried.position FROM carried"
        " WHERE notification.uid = carried.uid RETURNING notification.uid",
        [database.rows(positions.items()), *is_present_run.values],
        expected=[{"uid": uid} for uid in positions],
    )
    return {str(row["uid"]) for row in placed}


async def newest_placed(after: int, limit: int) -> list[Placed]:
    """The newest `limit` notifications with a position above `after`, in the order of the log."""
    first, second = database.placeholders(1), database.placeholders(1, start=2)
    rows = await database.connection().execute_query_dict(
        f"SELECT {SELECTED} FROM notification n WHERE n.position > {first} ORDER BY n.position DESC LIMIT {second}",
        [after, limit],
    )
    withheld = await _withheld([str(row["uid"]) for row in rows])
    return [Placed(row["position"], to_notification(row, withheld.get(str(row["uid"]), ()))) for row in reversed(rows)]


async def due(now: datetime, accepted_before: datetime, limit: int) -> list[Notification]:
    """What has no position and should have one: accepted before a time, or to be released by now.

    Of more than `limit` those that have been due for the longest; in the order in which they were accepted.
    """
    first, second = database.placeholders(2).split(", ")
    # SQLite would rather look through all that has no position: also what is scheduled for next month.
    by_index = " INDEXED BY notification_outbox" if database.is_sqlite() else ""
    outbox = f"SELECT {SELECTED} FROM notification n{by_index} WHERE n.position IS NULL AND n.date_retracted IS NULL"
    # In the order of the outbox's index, so that PostgreSQL too goes by it. It takes what is released for so rare that
    # it would look through all that has no position: with a limit that it does not know, it plans for the first.
    oldest = "ORDER BY n.release_at, n.date_sent, n.uid LIMIT"
    # Two, not one with OR: each is one range of the outbox's index.
    stuck = f"{outbox} AND n.release_at IS NULL AND n.date_sent < {first} {oldest} {limit:d}"
    released = f"{outbox} AND n.release_at <= {second} {oldest} (SELECT {limit:d})"
    rows = await database.connection().execute_query_dict(
        f"SELECT * FROM (SELECT * FROM ({stuck}) AS stuck UNION ALL SELECT * FROM ({released}) AS released) AS due"
        f" ORDER BY COALESCE(release_at, date_sent), uid LIMIT {limit:d}",
        [database.timestamp_parameter(accepted_before), database.timestamp_parameter(now)],
    )
    if not rows:
        return []
    rows.sort(key=lambda each: str(each["uid"]))
    withheld = await _withheld([str(row["uid"]) for row in rows])
    return [to_notification(row, withheld.get(str(row["uid"]), ())) for row in rows]


async def find(uids: Sequence[str]) -> dict[str, Found]:
    """The notifications with these uids, by uid."""
    found: dict[str, Found] = {}
    for start in range(0, len(uids), FIND_MAX):
        part = uids[start : start + FIND_MAX]
        withheld = await _withheld(part)
        for each in await NotificationRow.filter(uid__in=part).values("position", "date_retracted", *COLUMNS):
            uid = str(each["uid"])
            found[uid] = Found(to_notification(each, withheld.get(uid, ())), each["position"], each["date_retracted"])
    return found


async def _withheld(uids: Sequence[str]) -> dict[str, list[Withheld]]:
    found: dict[str, list[Withheld]] = {}
    for start in range(0, len(uids), FIND_MAX):
        rows = await WithheldRow.filter(notification_id__in=uids[start : start + FIND_MAX]).values_list(
            "notification_id", "customer_id", "copy_uid"
        )
        for uid, customer_id, copy_uid in rows:
            found.setdefault(str(uid), []).append(Withheld(customer_id, None if copy_uid is None else str(copy_uid)))
    return found
