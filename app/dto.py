"""What travels over HTTP: the forms in which customers and notifications are shown to clients."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import (
    Any,
    Literal,
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
    """A notification in the inbox: with its place in the log and what the customer did with it.

    `muted`: it was not pushed, because the customer wants it so.
    """

    position: str
    muted: bool
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
    event: str
    receiver_id: NotRequired[int]
    topic: NotRequired[str]
    date_sent: str


class Sent(TypedDict):
    """What a sender is answered: one for each receiver or topic, in the order of the request."""

    notifications: list[SentNotification]


class PreviewedNotification(TypedDict):
    """What would be sent to one receiver or topic.

    `delivery` says what would become of it: it goes out now, when its sender wants it, or when quiet hours end
    (`release_at`); or it is kept in the inbox only. In a topic, that can be so for some of its `receivers` alone.
    """

    receiver_id: NotRequired[int]
    topic: NotRequired[str]
    event: str
    title_text: str
    body_text: str
    notes: str | None
    data: dict[str, Any] | None
    priority: Priority
    delivery: Literal["now", "scheduled", "held", "muted"]
    release_at: str | None
    receivers: int
    muted_for: NotRequired[list[int]]
    held_for: NotRequired[list[int]]


class PreviewDTO(TypedDict):
    """What a dry run is answered: nothing was sent."""

    dry_run: bool
    notifications: list[PreviewedNotification]


class KindDTO(TypedDict):
    """A kind of event: whom it tells, and the names of `data` that its texts need and may use."""

    event: str
    to: Literal["customer", "courier", "kitchen", "warehouse", "topic"]
    priority: Priority
    needs: list[str]
    may: list[str]
    ends_order: bool


class CatalogueDTO(TypedDict):
    """What order events can say, and in which languages."""

    languages: list[str]
    kinds: list[KindDTO]


# Times of the day, by the customer's own clock, between which nothing is pushed; `to` before `from`: over midnight.
QuietHoursDTO = TypedDict("QuietHoursDTO", {"from": str, "to": str})  # `from` is a word of Python


class PreferencesDTO(TypedDict):
    """How and when a customer wants to be told."""

    language: str
    time_zone: str
    muted_kinds: list[str]
    quiet_hours: QuietHoursDTO | None


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


class Alive(TypedDict):
    """That the process is alive, and which release it runs."""

    status: str
    version: str


class Readiness(TypedDict):
    """Whether the service can do its work, and by name what it stands on."""

    status: str
    checks: dict[str, bool]


class FieldProblem(TypedDict):
    """One bad field: where it stands, and what is wrong with it."""

    loc: list[str | int]
    msg: str


class Quantiles(TypedDict):
    """Milliseconds that half, and 95 of 100, do not exceed."""

    p50: float
    p95: float


class NotificationReport(TypedDict):
    """What became of one notification: for how many it was, and how many did what, in how many milliseconds.

    `carried` since it was accepted, or due; `received` since it was carried; `read` since it was received.
    """

    uid: str
    event: str
    receiver_id: NotRequired[int]
    topic: NotRequired[str]
    sender_id: str
    priority: Priority
    state: Literal["waiting", "scheduled", "held", "carried", "expired", "retracted"]
    date_sent: str
    send_at: str | None
    held_until: str | None
    expires_at: str | None
    date_carried: str | None
    date_retracted: str | None
    position: str | None
    receivers: int
    received: int
    read: int
    muted: int
    held: int
    expired: int
    accepted_to_carried_ms: float | None
    carried_to_received_ms: Quantiles | None
    received_to_read_ms: Quantiles | None


class Account(TypedDict):
    """What became of many notifications; times to within a tenth."""

    sent: int
    receivers: int
    carried: int
    waiting: int
    received: int
    read: int
    muted: int
    held: int
    expired: int
    retracted: int
    accepted_to_carried_ms: Quantiles | None
    carried_to_received_ms: Quantiles | None
    received_to_read_ms: Quantiles | None


class EventAccount(Account):
    """Of one kind of event."""

    event: str


class HourAccount(Account):
    """Of those accepted in one hour."""

    hour: str


class EventHourAccount(EventAccount, HourAccount):
    """Of one kind of event in one hour."""


# Of the hours from `from` up to `to`. `rows`, by both kind and hour, are there for up to seven days, and in the CSV.
HoursReport = TypedDict(
    "HoursReport",
    {
        "from": str,
        "to": str,
        "total": Account,
        "by_event": list[EventAccount],
        "by_hour": list[HourAccount],
        "rows": NotRequired[list[EventHourAccount]],
    },
)


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


@lru_cache(1024)  # all of a batch have the same
def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the microsecond: `2026-01-31T12:00:00.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def receiver(address: str) -> dict[str, Any]:
    """Whose channel it is: a customer's `receiver_id`, or a `topic`."""
    customer_id = channel.receiver_id(address)
    return {"topic": channel.topic(address)} if customer_id is None else {"receiver_id": customer_id}


def notification_dto(notification: Notification) -> dict[str, Any]:
    """The members of a `NotificationDTO`, for orjson: `data` is passed on as the text that it is."""
    return {
        "uid": notification.uid,
        "event": notification.event,
        "title_text": notification.title_text,
        "body_text": notification.body_text,
        "notes": notification.notes,
        "data": None if notification.data is None else orjson.Fragment(notification.data),
        "priority": notification.priority,
        "sender_id": notification.sender_id,
        **receiver(notification.channel),
        "date_sent": timestamp(notification.date_sent),
        **({} if notification.expires_at is None else {"expires_at": timestamp(notification.expires_at)}),
        **({} if notification.collapse_key is None else {"collapse_key": notification.collapse_key}),
    }
