"""Times for tests of what happens later, and quiet hours around the present."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def moment(seconds: float) -> str:
    """The time so many seconds from now, as a sender writes it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)


def quiet_now(hours: float = 2) -> dict[str, str]:
    """Quiet hours (UTC) that have begun an hour ago and last so many more."""
    now = datetime.now(UTC)
    return {"from": f"{now - timedelta(hours=1):%H:%M}", "to": f"{now + timedelta(hours=hours):%H:%M}"}
