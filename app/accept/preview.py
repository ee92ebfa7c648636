"""A preview: who would get what, in which words, and when. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from app import channel, dto
from app.notification import Notification


def preview(composed: Sequence[Notification]) -> dict[str, Any]:
    """What a dry run is answered: a `PreviewDTO`."""
    return {"dry_run": True, "notifications": [_shown(each) for each in composed if each.copy_of is None]}


def _shown(notification: Notification) -> dict[str, Any]:
    release_at = notification.release_at
    topical = {
        "muted_for": [each.customer_id for each in notification.withheld if each.copy_uid is None],
        "held_for": [each.customer_id for each in notification.withheld if each.copy_uid is not None],
    }
    is_topical = channel.topic(notification.channel) is not None
    return {
        **dto.receiver(notification.channel),
        "event": notification.event,
        "title_text": notification.title_text,
        "body_text": notification.body_text,
        "notes": notification.notes,
        "data": None if notification.data is None else orjson.Fragment(notification.data),
        "priority": notification.priority,
        "delivery": _delivery(notification, is_topical),
        "release_at": None if release_at is None else dto.timestamp(release_at),
        "receivers": notification.receivers,
        **(topical if is_topical else {}),
    }


def _delivery(notification: Notification, is_topical: bool) -> str:
    if notification.withheld and not is_topical:
        return "muted"
    if notification.release_at is None:
        return "now"
    return "scheduled" if notification.release_at == notification.send_at else "held"
