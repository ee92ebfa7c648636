"""A draft becomes the notifications that travel: one for each receiver, or one for a topic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from uuid_utils import uuid7

from app import channel
from app.accept.draft import Draft
from app.errors import InvalidFields, TopicNotAllowed
from app.notification import Notification

# A request of 1,000 drafts with 1,000 receivers each would be a million rows in one transaction.
NOTIFICATIONS_MAX = 10_000


def compose(drafts: Sequence[Draft], sender_id: str, may_send_to: Callable[[str], bool]) -> list[Notification]:
    """The notifications of a request, in the order of its drafts.

    Raises:
        TopicNotAllowed: `may_send_to` refuses a draft's topic.
        InvalidFields: they would be more than 10,000.
    """
    now = datetime.now(UTC)
    notifications: list[Notification] = []
    for index, draft in enumerate(drafts):
        if draft.topic is not None and not may_send_to(draft.topic):
            raise TopicNotAllowed(draft.topic, ["notifications", index, "topic"] if len(drafts) > 1 else ["topic"])
        for address in _channels(draft):
            notifications.append(
                Notification(
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
                    send_at=draft.send_at if draft.send_at and draft.send_at > now else None,
                    expires_at=draft.expires_at,
                    collapse_key=draft.collapse_key,
                )
            )
    if len(notifications) > NOTIFICATIONS_MAX:
        msg = f"the receivers of one request may be up to {NOTIFICATIONS_MAX:,} in all, not {len(notifications):,}"
        raise InvalidFields([{"loc": ["notifications"], "msg": msg}])
    return notifications


def _channels(draft: Draft) -> list[str]:
    if draft.topic is not None:
        return [channel.of_topic(draft.topic)]
    receivers = draft.receiver_ids or [draft.receiver_id]
    # A customer who is named twice is told once.
    return [channel.of_customer(receiver) for receiver in dict.fromkeys(receivers) if receiver is not None]
