"""Notifications to try things with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.notification import Notification

_PLAIN = Notification(
    uid="01890000-0000-7000-8000-000000000001",
    sender_id="sender:shop",
    channel="customer:42",
    event="notice",
    title_text="Ready",
    body_text="",
    notes=None,
    data=None,
    priority="normal",
    date_sent=datetime(2026, 1, 31, 12, tzinfo=UTC),
)


def notification(**changes: Any) -> Notification:
    """A plain one for customer 42, but for some attributes."""
    return replace(_PLAIN, **changes)
