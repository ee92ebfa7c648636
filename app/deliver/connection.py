"""A connection: one open SSE response. It is a cursor, not a queue: its memory does not depend on the traffic."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from app.auth import Identity
from app.deliver.wire import Wire


class Connection:
    """One browser that listens.

    Attributes:
        identity: whose it is.
        channels: what it listens to, each with the position from which on.
        asked_topics: topics that it listens to because its URL says so, whatever the customer is subscribed to.
        wire: where its events are written.
        live: it is written to as entries come. Else it is being caught up from `cursor`.
        cursor: while it is not live, the position up to which it was written to.
        written_at: when it was last written to (the event loop's clock, seconds).
        deadline: when it ends; it is made to end by rescheduling it.
        ended: it was told to end, or is ending: nothing may be written to it any more.
    """

    __slots__ = ("asked_topics", "channels", "cursor", "deadline", "ended", "identity", "live", "wire", "written_at")

    def __init__(
        self, identity: Identity, channels: dict[str, int], asked_topics: frozenset[str], wire: Wire, cursor: int
    ) -> None:
        self.identity = identity
        self.channels = channels
        self.asked_topics = asked_topics
        self.wire = wire
        self.live = False
        self.cursor = cursor
        self.written_at = 0.0
        self.deadline: asyncio.Timeout | None = None
        self.ended = False

    def write(self, events: bytes, now: float) -> None:
        """Writes events to this connection alone, if its browser is still there and it was not told to end."""
        if not (self.wire.closed or self.ended):
            self.wire.write(self.wire.framed(events))
            self.written_at = now

    def end(self, farewell: bytes, now: float) -> None:
        """Says why and ends the response."""
        self.write(farewell, now)
        self._finish(now)

    def abort(self, now: float) -> None:
        """Cuts it off without a word."""
        self.wire.abort()
        self._finish(now)

    def _finish(self, now: float) -> None:
        self.live, self.ended = False, True
        if self.deadline is not None and not self.deadline.expired():
            with suppress(RuntimeError):  # its token expires in this very moment: it is ending already
                self.deadline.reschedule(now)
