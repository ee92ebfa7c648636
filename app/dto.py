"""What travels over HTTP: the forms in which customers and notifications are shown to clients."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import (
    Any,
    NotRequired,  # pydantic reads typing's only from Python 3.12 on
)

import orjson
from typing_extensions import TypedDict

from app import channel
from app.notification import Notification, Priority


class NotificationDTO(TypedDict):
    """A notification as a receiver sees it. Exactly one of `receiver_id` and `topic` is there."""

    uid: str
    event: str
    title_text: str
    body_text: str
    notes: str | None
    data: dict[str, Any] | None
    priority: Priority
    sender_id: str
    receiver_id: NotRequired[int]
    topic: NotRequired[str]
    date_sent: str
    expires_at: NotRequired[str]
    collapse_key: NotRequired[str]


class InboxDTO(NotificationDTO):
    """A notification in the inbox: with its place in the log and what the customer did with it."""

    position: str
    date_received: str | None
    date_read: str | None


class InboxPage(TypedDict):
    """One page of the inbox; `next` is the `before` of the one after it, null on the last."""

    notifications: list[InboxDTO]
    unread_count: int
    next: str | None


class SentNotification(TypedDict):
    """An accepted notification; `position` is null until the log has it."""

    uid: str
    position: str | None
    receiver_id: NotRequired[int]
    topic: NotRequired[str]


class Sent(TypedDict):
    """What a sender is answered: one for each receiver or topic, in the order of the request."""

    notifications: list[SentNotification]


class UnreadDTO(TypedDict):
    """What a page is answered after a receipt; `unknown` are uids that are none of the customer's."""

    unread_count: int
    unknown: list[str]


class SubscriptionDTO(TypedDict):
    """A subscription, and the position at which it was made."""

    topic: str
    position: str


class Subscriptions(TypedDict):
    """All of a customer's."""

    subscriptions: list[SubscriptionDTO]


class SessionDTO(TypedDict):
    """Whose session a cookie holds."""

    sub: str
    role: str
    expires_at: str | None


class Readiness(TypedDict):
    """Whether the service can do its work, and by name what it stands on."""

    status: str
    checks: dict[str, bool]


class FieldProblem(TypedDict):
    """One bad field: where it stands, and what is wrong with it."""

    loc: list[str | int]
    msg: str


class Problem(TypedDict):
    """An error (RFC 9457). `code` is stable; `errors` names bad fields."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: NotRequired[list[FieldProblem]]


class CustomerDTO(TypedDict):
    """A customer; `full_name` is made of the three names."""

    id: int
    first_name: str
    middle_name: str
    last_name: str
    full_name: str
    email: str
    phone: str
    login: str
    language: str
    time_zone: str


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the microsecond: `2026-01-31T12:00:00.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def notification_dto(notification: Notification) -> dict[str, Any]:
    """The members of a `NotificationDTO`, for orjson: `data` is passed on as the text that it is."""
    customer_id = channel.receiver_id(notification.channel)
    return {
        "uid": notification.uid,
        "event": notification.event,
        "title_text": notification.title_text,
        "body_text": notification.body_text,
        "notes": notification.notes,
        "data": None if notification.data is None else orjson.Fragment(notification.data),
        "priority": notification.priority,
        "sender_id": notification.sender_id,
        **({"topic": channel.topic(notification.channel)} if customer_id is None else {"receiver_id": customer_id}),
        "date_sent": timestamp(notification.date_sent),
        **({} if notification.expires_at is None else {"expires_at": timestamp(notification.expires_at)}),
        **({} if notification.collapse_key is None else {"collapse_key": notification.collapse_key}),
    }
