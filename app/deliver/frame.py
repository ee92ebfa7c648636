"""Frames: the SSE form of what browsers see (HTML § 9.2.5 and 9.2.6). No I/O."""

from __future__ import annotations

from typing import Any

import orjson
from sse_starlette import ServerSentEvent

from app import position as positions
from app.dto import notification_dto
from app.entry import Entry, Kind
from app.notification import Notification


def frame(event: str, data: bytes = b"") -> bytes:
    """One event without an `id`: browsers keep the last one that they saw.

    An event without data is not dispatched (HTML § 9.2.6), so an empty one still has a `data:` line.
    """
    return ServerSentEvent(data.decode(), event=event, sep="\n").encode()


def retry(milliseconds: int, last_position: int | None = None) -> bytes:
    """Tells the browser how long to wait before it connects again.

    Args:
        last_position: what the browser has sent as its last id. To the letter of HTML § 9.2.6 a new stream begins
            without one, so a browser that is cut off before the first id would forget where it was.
    """
    last_id = None if last_position is None else positions.show(last_position)
    return b"retry: %d\n%b" % (milliseconds, ServerSentEvent(id=last_id, sep="\n").encode())


def numbered(position: int, unnumbered: bytes) -> bytes:
    """A frame with its `id:` line in front."""
    return b"id: %b\n%b" % (positions.show(position).encode(), unnumbered)


def notification_entry(notification: Notification) -> Entry:
    """The entry that carries a notification, or takes one back."""
    if notification.retracts is not None:
        return Entry(
            channel=notification.channel,
            kind=Kind.RETRACT,
            frame=frame(Kind.RETRACT, orjson.dumps({"uid": notification.retracts})),
            uid=notification.uid,
            retracts=notification.retracts,
        )
    expires_at = notification.expires_at
    return Entry(
        channel=notification.channel,
        kind=Kind.NOTIFICATION,
        frame=frame(Kind.NOTIFICATION, orjson.dumps(notification_dto(notification))),
        uid=notification.uid,
        expires_ms=0 if expires_at is None else int(expires_at.timestamp() * 1000),
        collapse_key=notification.collapse_key or "",
        withheld=tuple(each.customer_id for each in notification.withheld),
    )


def receipt_entry(channel: str, data: dict[str, Any]) -> Entry:
    """The entry that tells a customer's pages what has been received and read."""
    return Entry(channel=channel, kind=Kind.RECEIPT, frame=frame(Kind.RECEIPT, orjson.dumps(data)))
