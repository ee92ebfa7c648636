"""Preferences: how and when a customer wants to be told. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.notification import Priority


class QuietHours(NamedTuple):
    """Times of the day, by the customer's own clock, between which nothing is pushed; over midnight if need be."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Preferences:
    """A customer's wishes.

    Attributes:
        language: a BCP 47 tag, `en` or `ru-RU`.
        time_zone: an IANA name.
        muted_kinds: kinds of event that are kept in the inbox and not pushed.
        quiet_hours: what is accepted in them is held until they end; None: none.
    """

    language: str = "en"
    time_zone: str = "UTC"
    muted_kinds: frozenset[str] = frozenset()
    quiet_hours: QuietHours | None = None

    def mutes(self, event: str, priority: Priority) -> bool:
        """Whether a kind of event is kept in the inbox without being pushed. High priority passes."""
        return priority != "high" and event in self.muted_kinds

    def held_until(self, moment: datetime, priority: Priority) -> datetime | None:
        """The end (UTC) of the quiet hours that a moment falls into; None: it does not, or high priority passes."""
        if self.quiet_hours is None or priority == "high":
            return None
        start, end = self.quiet_hours
        local = moment.astimezone(ZoneInfo(self.time_zone))
        clock = local.time()
        is_quiet = start <= clock < end if start < end else clock >= start or clock < end
        if not is_quiet:
            return None
        day = local.date() if clock < end else local.date() + timedelta(days=1)
        ends = datetime.combine(day, end, local.tzinfo)
        if ends.astimezone(UTC) <= moment:  # the clock is put back, and this is the second time that it shows this hour
            ends = ends.replace(fold=1)
        return ends.astimezone(UTC)


DEFAULT = Preferences()

# The columns of a customer's row that hold them.
COLUMNS = ("language", "time_zone", "muted_kinds", "quiet_from", "quiet_to")


def of_columns(
    language: str, time_zone: str, muted_kinds: str, quiet_from: str | None, quiet_to: str | None
) -> Preferences:
    """The preferences that the values of `COLUMNS` say."""
    if (language, time_zone, muted_kinds, quiet_from) == (DEFAULT.language, DEFAULT.time_zone, "", None):
        return DEFAULT  # one for all: most customers have never said anything
    quiet_hours = None
    if quiet_from is not None and quiet_to is not None:
        quiet_hours = QuietHours(time.fromisoformat(quiet_from), time.fromisoformat(quiet_to))
    return Preferences(language, time_zone, frozenset(filter(None, muted_kinds.split(","))), quiet_hours)


def to_columns(preferences: Preferences) -> dict[str, str | None]:
    """The values of `COLUMNS`, by name."""
    quiet = preferences.quiet_hours
    return {
        "language": preferences.language,
        "time_zone": preferences.time_zone,
        "muted_kinds": ",".join(sorted(preferences.muted_kinds)),
        "quiet_from": None if quiet is None else quiet.start.strftime("%H:%M"),
        "quiet_to": None if quiet is None else quiet.end.strftime("%H:%M"),
    }
