"""What was said becomes the notifications that travel: each receiver's own, or a topic's. No I/O.

Here the receivers' preferences are obeyed: what they have muted stays in the inbox, what falls into their quiet hours
waits for the end of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from uuid_utils import uuid7

from app import channel
from app.accept.draft import Batch, Draft
from app.accept.known import Audience, Known
from app.errors import FieldError, InvalidFields, TopicNotAllowed
from app.notification import Notification, Priority, Withheld
from app.preferences import DEFAULT, Preferences
from app.validation import ERRORS_MAX

# A request of 1,000 drafts with 1,000 receivers each would be a million rows in one transaction; and one of 1 MB with
# many receivers would be hundreds in the database and in Redis.
NOTIFICATIONS_MAX = 10_000
COMPOSED_MAX_BYTES = 16 * 1024 * 1024

IN_THE_FUTURE = "must be in the future"


class Message(Protocol):
    """What is said, whoever it goes to; see `app.notification` for the fields."""

    @property
    def event(self) -> str: ...
    @property
    def title_text(self) -> str: ...
    @property
    def body_text(self) -> str: ...
    @property
    def notes(self) -> str | None: ...
    @property
    def data(self) -> bytes | None: ...
    @property
    def priority(self) -> Priority: ...
    @property
    def send_at(self) -> datetime | None: ...
    @property
    def expires_at(self) -> datetime | None: ...
    @property
    def collapse_key(self) -> str | None: ...


def check(body: Draft | Batch, may_send_to: Callable[[str], bool], now: datetime) -> Sequence[Draft]:
    """The drafts of a request.

    Raises:
        InvalidFields: one has expired already; or they would be more than 10,000 notifications, or more than 16 MB of
            text and data.
        TopicNotAllowed: `may_send_to` refuses a draft's topic.
    """
    drafts = body.notifications if isinstance(body, Batch) else [body]
    places: list[list[str | int]] = [["notifications", at] for at in range(len(drafts))]
    if isinstance(body, Draft):
        places = [[]]
    count = sum(len(draft.receiver_ids or (1,)) for draft in drafts)
    if count > NOTIFICATIONS_MAX:
        msg = f"the receivers of one request may be up to {NOTIFICATIONS_MAX:,} in all, not {count:,}"
        raise InvalidFields([{"loc": ["notifications"], "msg": msg}])
    size = sum(len(draft.receiver_ids or (1,)) * _size_bytes(draft) for draft in drafts)
    if size > COMPOSED_MAX_BYTES:
        msg = f"texts and data, once for each receiver, may be up to {COMPOSED_MAX_BYTES:,} bytes, not {size:,}"
        raise InvalidFields([{"loc": ["notifications"], "msg": msg}])
    expired = [place for place, draft in zip(places, drafts, strict=True) if has_expired(draft.expires_at, now)]
    if expired:
        raise InvalidFields(
            [FieldError(loc=[*place, "expires_at"], msg=IN_THE_FUTURE) for place in expired[:ERRORS_MAX]]
        )
    for place, draft in zip(places, drafts, strict=True):
        if draft.topic is not None and not may_send_to(draft.topic):
            raise TopicNotAllowed(draft.topic, [*place, "topic"])
    return drafts


def has_expired(expires_at: datetime | None, now: datetime) -> bool:
    return expires_at is not None and expires_at <= now


def compose(drafts: Sequence[Draft], sender_id: str, known: Known, now: datetime) -> list[Notification]:
    """The notifications of drafts, in their order."""
    composed: list[Notification] = []
    for draft in drafts:
        composed += (
            to_customer(draft, sender_id, customer_id, known.preferences[customer_id], now)
            for customer_id in receivers_of(draft)
        )
        if draft.topic is not None:
            composed += to_topic(draft, sender_id, draft.topic, known.audiences[draft.topic], now)
    return composed


def receivers_of(draft: Draft) -> Iterator[int]:
    """The customers whom a draft names, each once."""
    if draft.receiver_id is not None:
        yield draft.receiver_id
    yield from dict.fromkeys(draft.receiver_ids or ())


def to_customer(
    message: Message, sender_id: str, customer_id: int, preferences: Preferences, now: datetime
) -> Notification:
    """What one customer is sent."""
    composed = _notification(message, sender_id, channel.of_customer(customer_id), now)
    if preferences is DEFAULT:
        return composed
    if preferences.mutes(message.event, message.priority):
        return replace(composed, withheld=(Withheld(customer_id),))
    held_until = preferences.held_until(composed.send_at or now, message.priority)
    return composed if held_until is None else replace(composed, release_at=held_until)


def to_topic(message: Message, sender_id: str, topic: str, audience: Audience, now: datetime) -> list[Notification]:
    """What a topic is sent; and a copy for each of those who are in their quiet hours, in its place."""
    composed = _notification(message, sender_id, channel.of_topic(topic), now, audience.receivers)
    copies: list[Notification] = []
    withheld: list[Withheld] = []
    for customer_id, preferences in audience.holding_back:
        own = to_customer(message, sender_id, customer_id, preferences, now)
        if own.withheld:
            withheld.append(Withheld(customer_id))
        elif own.release_at != composed.release_at:
            copies.append(replace(own, receivers=0, copy_of=composed.uid))
            withheld.append(Withheld(customer_id, own.uid))
    if withheld:
        composed = replace(composed, withheld=tuple(withheld))
    return [composed, *copies]


def retraction(notification: Notification, now: datetime) -> Notification:
    """What takes a notification back."""
    return Notification(
        uid=str(uuid7()),
        sender_id=notification.sender_id,
        channel=notification.channel,
        event=notification.event,
        title_text="",
        body_text="",
        notes=None,
        data=None,
        priority=notification.priority,
        date_sent=now,
        receivers=0,
        retracts=notification.uid,
    )


def _notification(message: Message, sender_id: str, address: str, now: datetime, receivers: int = 1) -> Notification:
    send_at = message.send_at if message.send_at is not None and message.send_at > now else None
    return Notification(
        uid=str(uuid7()),
        sender_id=sender_id,
        channel=address,
        event=message.event,
        title_text=message.title_text,
        body_text=message.body_text,
        notes=message.notes,
        data=message.data,
        priority=message.priority,
        date_sent=now,
        send_at=send_at,
        release_at=send_at,
        expires_at=message.expires_at,
        collapse_key=message.collapse_key,
        receivers=receivers,
    )


def _size_bytes(draft: Draft) -> int:
    """About: characters outside ASCII are more than one byte."""
    return len(draft.title_text) + len(draft.body_text) + len(draft.notes or "") + len(draft.data or b"")
