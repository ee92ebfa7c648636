"""A draft becomes the notifications that travel: one for each receiver, or one for a topic."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from uuid_utils import uuid7

from app import channel
from app.accept.draft import Batch, Draft
from app.errors import InvalidFields, TopicNotAllowed
from app.notification import Notification

# A request of 1,000 drafts with 1,000 receivers each would be a million rows in one transaction; and one of 1 MB with
# many receivers would be hundreds in the database and in Redis.
NOTIFICATIONS_MAX = 10_000
COMPOSED_MAX_BYTES = 16 * 1024 * 1024


def compose(body: Draft | Batch, sender_id: str, may_send_to: Callable[[str], bool]) -> list[Notification]:
    """The notifications of a request, in the order of its drafts.

    Raises:
        InvalidFields: they would be more than 10,000, or more than 16 MB of text and data.
        TopicNotAllowed: `may_send_to` refuses a draft's topic.
    """
    drafts = body.notifications if isinstance(body, Batch) else [body]
    count = sum(len(draft.receiver_ids or (1,)) for draft in drafts)
    if count > NOTIFICATIONS_MAX:
        msg = f"the receivers of one request may be up to {NOTIFICATIONS_MAX:,} in all, not {count:,}"
        raise InvalidFields([{"loc": ["notifications"], "msg": msg}])
    size = sum(len(draft.receiver_ids or (1,)) * _size_bytes(draft) for draft in drafts)
    if size > COMPOSED_MAX_BYTES:
        msg = f"texts and data, once for each receiver, may be up to {COMPOSED_MAX_BYTES:,} bytes, not {size:,}"
        raise InvalidFields([{"loc": ["notifications"], "msg": msg}])
    for index, draft in enumerate(drafts):
        if draft.topic is not None and not may_send_to(draft.topic):
            place: list[str | int] = ["notifications", index] if isinstance(body, Batch) else []
            raise TopicNotAllowed(draft.topic, [*place, "topic"])
    now = datetime.now(UTC)
    return [_notification(draft, address, sender_id, now) for draft in drafts for address in _channels(draft)]


def _notification(draft: Draft, address: str, sender_id: str, now: datetime) -> Notification:
    return Notification(
        uid=str(uuid7()),
        sender_id=sender_id,
        channel=address,
        event=draft.event,
        title_text=draft.title_text,
        body_text=draft.body_text,
        notes=draft.notes,
        data=draft.data,
        priority=draft.priority,
        date_sent=now,
        send_at=draft.send_at if draft.send_at is not None and draft.send_at > now else None,
        expires_at=draft.expires_at,
        collapse_key=draft.collapse_key,
    )


def _size_bytes(draft: Draft) -> int:
    """About: characters outside ASCII are more than one byte."""
    return len(draft.title_text) + len(draft.body_text) + len(draft.notes or "") + len(draft.data or b"")


def _channels(draft: Draft) -> list[str]:
    if draft.topic is not None:
        return [channel.of_topic(draft.topic)]
    if draft.receiver_id is not None:
        return [channel.of_customer(draft.receiver_id)]
    # A customer who is named twice is told once.
    return [channel.of_customer(receiver_id) for receiver_id in dict.fromkeys(draft.receiver_ids or ())]
