"""What comes on a stream, typed: the service's events, and what becomes of the connection itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification as its receiver sees it.

    Attributes:
        position: its place in the log.
        receiver_id, topic: whom it was sent to; one of them is None.
        date_sent: when it was accepted, by the service's clock.
        received_at: when it arrived, by this machine's clock (UTC).
        replayed: whether it came before `Synced`, so was sent before this connection was live.
    """

    position: str
    uid: str
    event: str
    title_text: str
    body_text: str
    notes: str | None
    data: dict[str, Any] | None
    priority: Literal["low", "normal", "high"]
    sender_id: str
    receiver_id: int | None
    topic: str | None
    date_sent: datetime
    expires_at: datetime | None
    collapse_key: str | None
    received_at: datetime
    replayed: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """The customer has received or read something, on whichever page."""

    position: str
    received: tuple[str, ...]
    read: tuple[str, ...]
    unread_count: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Retract:
    """A notification was taken back."""

    position: str
    uid: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Synced:
    """All that was missed has been replayed; what follows is live. The counts are absolute."""

    position: str
    replayed: int
    unread_count: int | None
    received_at: datetime
    heartbeat_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Some of what was missed can't be replayed.

    Attributes:
        reason: `pruned`: it is not kept any more; `unknown`: the id is none of this service's.
        oldest: the position from which on everything is kept.
    """

    position: str
    reason: str
    oldest: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The link is alive."""

    position: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Farewell:
    """The service ends the connection, and says why: `busy`, `expired` or `drain`."""

    why: Literal["busy", "expired", "drain"]
    reason: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Connected:
    """The service has answered; replay begins."""

    received_at: datetime


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection has ended, or could not be made; it is tried again in `retry_seconds`."""

    reason: str
    retry_seconds: float
    received_at: datetime


Event = Notification | Receipt | Retract | Synced | Gap | Heartbeat | Farewell | Connected | Disconnected

_Data = Mapping[str, Any]


def _notification(position: str, data: _Data, received_at: datetime, replayed: bool) -> Notification:
    expires_at = data.get("expires_at")
    return Notification(
        position=position,
        uid=data["uid"],
        event=data["event"],
        title_text=data["title_text"],
        body_text=data["body_text"],
        notes=data["notes"],
        data=data["data"],
        priority=data["priority"],
        sender_id=data["sender_id"],
        receiver_id=data.get("receiver_id"),
        topic=data.get("topic"),
        date_sent=datetime.fromisoformat(data["date_sent"]),
        expires_at=None if expires_at is None else datetime.fromisoformat(expires_at),
        collapse_key=data.get("collapse_key"),
        received_at=received_at,
        replayed=replayed,
    )


_READ: dict[str, Callable[[str, _Data, datetime], Event]] = {
    "receipt": lambda position, data, at: Receipt(
        position, tuple(data["received"]), tuple(data["read"]), data["unread_count"], at
    ),
    "retract": lambda position, data, at: Retract(position, data["uid"], at),
    "synced": lambda position, data, at: Synced(
        position, data["replayed"], data.get("unread_count"), at, data.get("heartbeat_seconds")
    ),
    "gap": lambda position, data, at: Gap(position, data["reason"], data.get("oldest"), at),
    "heartbeat": lambda position, _, at: Heartbeat(position, at),
    "busy": lambda _, data, at: Farewell("busy", data.get("reason", ""), at),
    "expired": lambda _, data, at: Farewell("expired", data.get("reason", ""), at),
    "drain": lambda _, data, at: Farewell("drain", data.get("reason", ""), at),
}


def parse(name: str, position: str, text: str, received_at: datetime, replayed: bool) -> Event | None:
    """An event of the service, or None if this client does not know its name (a newer service may have more).

    Raises:
        ValueError, KeyError, TypeError: it is not of the service's form.
    """
    if name == "notification":
        return _notification(position, orjson.loads(text), received_at, replayed)
    read = _READ.get(name)
    return None if read is None else read(position, orjson.loads(text) if text else {}, received_at)
