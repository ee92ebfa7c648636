"""What somebody waits for on a stream: when it is there, and what is made of it. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from app.sdk.errors import BadParameter, HistoryGone, NotInTime
from app.sdk.events import Event, Gap, Notification

T_co = TypeVar("T_co", covariant=True)
Kind = TypeVar("Kind", bound=Event)


class Wish(Protocol[T_co]):
    """One who waits."""

    takes_part: bool
    """Whether what came is taken although it is not enough."""

    def is_met(self, event: Event) -> bool:
        """Whether all is there with this event."""

    def result(self, events: Sequence[Event]) -> T_co:
        """What is made of the events up to it."""

    def in_vain(self, events: Sequence[Event], within: float) -> NotInTime:
        """What is said when time is up, with what came until then."""


class Notifications:
    """The next so many.

    Raises (as its result):
        HistoryGone: a gap comes before; with those before it.
    """

    takes_part = True

    def __init__(self, count: int) -> None:
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise BadParameter("count", count, "be a whole number from 0")
        self._count = count
        self._missing = count

    def is_met(self, event: Event) -> bool:
        self._missing -= isinstance(event, Notification)
        return self._missing <= 0 or isinstance(event, Gap)

    def result(self, events: Sequence[Event]) -> list[Notification]:
        gap = events[-1] if events else None
        if isinstance(gap, Gap):
            raise HistoryGone(gap.reason, gap.oldest, _notifications(events))
        return _notifications(events)

    def in_vain(self, events: Sequence[Event], within: float) -> NotInTime:
        so_far = _notifications(events)
        return NotInTime(f"notification {len(so_far) + 1} of {self._count}", within, so_far)


class NextOf(Generic[Kind]):
    """The next event of a kind; those before it are passed over, but not in vain."""

    takes_part = False

    def __init__(self, kind: type[Kind]) -> None:
        if not isinstance(kind, type):
            raise BadParameter("kind", kind, "be a class of events, such as Retract")
        self._kind = kind

    def is_met(self, event: Event) -> bool:
        return isinstance(event, self._kind)

    def result(self, events: Sequence[Event]) -> Kind:
        event = events[-1]
        assert isinstance(event, self._kind)
        return event

    def in_vain(self, events: Sequence[Event], within: float) -> NotInTime:  # noqa: ARG002  # others tell them
        return NotInTime(f"an event of the kind {self._kind.__name__}", within)


def _notifications(events: Sequence[Event]) -> list[Notification]:
    return [event for event in events if isinstance(event, Notification)]
