"""The window: the newest events, kept in the memory of each web process, indexed by channel. No I/O."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping
from heapq import merge
from operator import attrgetter

from app.deliver.event import Event

# What an event costs beside its bytes: the tuple, its place in the deque and in the channel's two lists.
EVENT_OVERHEAD_BYTES = 250
# A channel's lists drop their dead head when it is this long and more than half of them: one move per event.
HEAD_MIN = 32


class _Channel:
    """One channel's events, oldest first; those before `head` have left the window."""

    __slots__ = ("events", "head", "newest_of_key", "positions", "retracted")

    def __init__(self) -> None:
        self.positions: list[int] = []
        self.events: list[Event] = []
        self.head = 0
        self.newest_of_key: dict[str, int] = {}
        self.retracted: set[str] = set()  # uids; each as long as the event that says so is in the window

    def append(self, event: Event) -> None:
        self.positions.append(event.position)
        self.events.append(event)
        if event.collapse_key:
            self.newest_of_key[event.collapse_key] = event.position
        if event.retracts:
            self.retracted.add(event.retracts)

    def drop_oldest(self) -> None:
        oldest = self.events[self.head]
        if oldest.collapse_key and self.newest_of_key[oldest.collapse_key] == oldest.position:
            del self.newest_of_key[oldest.collapse_key]
        self.retracted.discard(oldest.retracts)
        self.head += 1
        if self.head >= HEAD_MIN and self.head * 2 > len(self.events):
            del self.positions[: self.head]
            del self.events[: self.head]
            self.head = 0

    def __len__(self) -> int:
        return len(self.events) - self.head

    def after(self, position: int, limit: int, customer_id: int, now_ms: int) -> tuple[list[Event], int | None]:
        """The next events after a position; and the position up to which they reach, if more follow."""
        start = bisect_right(self.positions, position, lo=self.head)
        shown = [
            event
            for event in self.events[start : start + limit]
            if not (event.expires_ms and event.expires_ms <= now_ms)
            and not (event.collapse_key and self.newest_of_key[event.collapse_key] != event.position)
            and not (event.withheld and customer_id in event.withheld)
            and event.uid not in self.retracted
        ]
        more_follow = start + limit < len(self.positions)
        return shown, self.positions[start + limit - 1] if more_follow else None


class Window:
    """The newest events, bounded in number and bytes.

    Attributes:
        start: every event with a position above it is in the window.
        newest: the position of the newest entry that this process has seen.
    """

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._events: deque[Event] = deque()
        self._channels: dict[str, _Channel] = {}
        self._bytes = 0
        self.start = 0
        self.newest = 0

    def __len__(self) -> int:
        return len(self._events)

    @property
    def bytes(self) -> int:
        """What the events cost in memory, about."""
        return self._bytes

    def begin(self, position: int) -> None:
        """Empties the window: it knows nothing of what happened up to `position`."""
        self._events.clear()
        self._channels.clear()
        self._bytes = 0
        self.start = self.newest = position

    def advance(self, position: int) -> None:
        """Takes note of an entry that no browser sees."""
        self.newest = position

    def append(self, event: Event) -> None:
        """Adds the newest event. Its position must be above `newest`."""
        self._events.append(event)
        self._channels.setdefault(event.channel, _Channel()).append(event)
        self._bytes += len(event.wire) + EVENT_OVERHEAD_BYTES
        self.newest = event.position
        while len(self._events) > self._max_entries or self._bytes > self._max_bytes:
            self._drop_oldest()

    def after(
        self, position: int, channels: Mapping[str, int], limit: int, customer_id: int, now_ms: int
    ) -> tuple[list[Event], int]:
        """What the channels carried after a position that the window reaches back to.

        Args:
            position: not below `start`.
            channels: each with the position from which on it is listened to.
            limit: how many events to look at in each channel.
            customer_id: for whom; what is withheld from them is left out.
            now_ms: Unix time; what has expired by then is left out.

        Returns:
            The next events, in order, and the position up to which they are complete: `newest` if no more follow.
        """
        found: list[list[Event]] = []
        complete_to = self.newest
        for name, listened_from in channels.items():
            channel = self._channels.get(name)
            if channel is not None:
                events, reach = channel.after(max(position, listened_from), limit, customer_id, now_ms)
                found.append(events)
                complete_to = complete_to if reach is None else min(complete_to, reach)
        if len(found) == 1:
            return found[0], complete_to
        merged = merge(*found, key=attrgetter("position"))
        return [event for event in merged if event.position <= complete_to], complete_to

    def _drop_oldest(self) -> None:
        oldest = self._events.popleft()
        self._bytes -= len(oldest.wire) + EVENT_OVERHEAD_BYTES
        self.start = oldest.position
        channel = self._channels[oldest.channel]
        channel.drop_oldest()
        if not channel:
            del self._channels[oldest.channel]
