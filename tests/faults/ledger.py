"""What was sent, acknowledged and seen, and what of that is not as promised. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.sdk.load.arrivals import Arrivals, Batch
from app.sdk.load.sse import Event


class Count(NamedTuple):
    """What became of a run's notifications.

    Attributes:
        sent: notifications that were sent at least once.
        acknowledged: those that were answered with 201 or 202.
        seen: those of them that every connection saw that should.
        lost: those of them that some connection did not see.
        duplicated: events that came once more on a connection, with a uid that it had seen.
        out_of_order: events whose position was not above all that their connection had seen.
        silence_seconds: the longest time in which some connection saw nothing.
        strange: notifications that were seen, or answered to a repeat, in the place of those that were acknowledged:
            a repeat was taken for a new one.
        disagreed: notifications that connections saw at different positions.
        gaps: how often a connection was told that history is gone.
    """

    sent: int
    acknowledged: int
    seen: int
    lost: int
    duplicated: int
    out_of_order: int
    silence_seconds: float
    strange: int
    disagreed: int
    gaps: int

    def broken(self, *, may_repeat: bool = False) -> list[str]:
        """The names of what must be 0 and is not.

        Args:
            may_repeat: what was seen once may come again.
        """
        must = {"lost", "out_of_order", "strange", "gaps"} | (set() if may_repeat else {"duplicated", "disagreed"})
        return [name for name in must if getattr(self, name)]


class Sightings(Arrivals):
    """What arrives on the connections, where in the log it was, and when each of them heard something last.

    Attributes:
        positions: by the numbers of notifications.
        heard_at: by customers, Unix time.
        longest_silence_seconds: of any of them, since it began to listen.
    """

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self.positions: dict[int, set[bytes]] = {}
        self.heard_at: dict[int, float] = {}
        self.longest_silence_seconds = 0.0

    def begin(self, customers: Iterable[int], now: float) -> None:
        """From now on, silence counts."""
        self.heard_at = dict.fromkeys(customers, now)

    def batch(self, events: Iterable[Event]) -> Batch:
        events = list(events)
        for event in events:
            number = self._number(event.data) if event.name == b"notification" else None
            if number is not None and event.id is not None:
                self.positions.setdefault(number, set()).add(event.id)
        return super().batch(events)

    def add(self, customer: int, numbers: tuple[int, ...], now: float) -> None:
        super().add(customer, numbers, now)
        self.longest_silence_seconds = max(self.longest_silence_seconds, now - self.heard_at[customer])
        self.heard_at[customer] = now


class Ledger:
    """What senders were told.

    Attributes:
        sent: how many notifications were sent at least once.
        audiences: of each that was acknowledged, by its uid.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.audiences: dict[str, range] = {}

    def acknowledge(self, uids: Sequence[str], audiences: Sequence[range]) -> None:
        self.audiences.update(zip(uids, audiences, strict=True))

    def missing(self, sightings: Sightings) -> int:
        """How many notifications some connection that should see them has not seen yet."""
        seen = _seen(sightings)
        return sum(any((uid, each) not in seen for each in who) for uid, who in self.audiences.items())

    def count(self, sightings: Sightings, silence_seconds: float, out_of_order: int, gaps: int) -> Count:
        """All of it, when the run is over.

        Args:
            silence_seconds: the longest while traffic went on.
            out_of_order: as the connections have counted it.
            gaps: of which they were told.
        """
        lost = self.missing(sightings)
        return Count(
            sent=self.sent,
            acknowledged=len(self.audiences),
            seen=len(self.audiences) - lost,
            lost=lost,
            duplicated=sum(times - 1 for times in _seen(sightings).values()),
            out_of_order=out_of_order,
            silence_seconds=silence_seconds,
            strange=len(set(sightings.uids) - self.audiences.keys()) + max(0, len(self.audiences) - self.sent),
            disagreed=sum(len(each) > 1 for each in sightings.positions.values()),
            gaps=gaps,
        )


def _seen(sightings: Sightings) -> Counter[tuple[str, int]]:
    """How often each notification was seen by each customer."""
    uids = sightings.uids
    return Counter((uids[number], customer) for number, customer in zip(sightings.which, sightings.who, strict=True))
