"""Replay: brings a connection from its cursor to the newest entry, from the window, beyond it from the database.

Between "nothing newer" and "live" there is no `await`, so no entry can come between them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import orjson

from app import position as positions
from app.deliver.connection import Connection
from app.deliver.event import Event, cut
from app.deliver.frame import frame, numbered
from app.deliver.window import Window
from app.errors import HistoryUnsettled

# Events of one turn: about a millisecond's work, so that a storm does not hold up others. And rows of one query, which
# may be large.
PAGE = 200
HISTORY_PAGE = 50
# Queries for replay at the same time: the rest of the database's time is for the senders.
QUERIES_MAX = 4
# The relay records what a killed process has carried and not recorded: within its lease and its grace, 7 s by default.
# If it does not, the browser is asked to come back: better late than with a hole.
SETTLE_SECONDS = 0.1
SETTLE_TRIES = 100


class History(Protocol):
    """What replay needs of the database, see `app.deliver.history`."""

    async def page(
        self, customer_id: int, channels: Mapping[str, int], after: int, up_to: int, limit: int
    ) -> list[Event]: ...

    async def pruned_to(self) -> int: ...

    async def is_settled(self, position: int) -> bool: ...


class Replay:
    """Catches connections up.

    Args:
        window: the newest events.
        history: the others.
        stalled_seconds: a browser that takes nothing for so long is cut off.
        clock: the event loop's.
    """

    def __init__(self, window: Window, history: History, stalled_seconds: float, clock: Callable[[], float]) -> None:
        self._window = window
        self._history = history
        self._stalled_seconds = stalled_seconds
        self._clock = clock
        self._queries = asyncio.Semaphore(QUERIES_MAX)

    async def catch_up(self, connection: Connection) -> int:
        """Writes what the connection has missed and makes it live; returns how many events that were.

        Raises:
            ConnectionError: the browser has gone, or takes nothing.
            HistoryUnsettled: the database does not know yet what was carried.
        """
        replayed = 0
        while True:
            await self._drained(connection)
            if connection.cursor < self._window.start:
                events, reach = await self._from_history(connection)
            else:
                now_ms = int(time.time() * 1000)
                customer_id = connection.identity.customer_id
                events, reach = self._window.after(connection.cursor, connection.channels, PAGE, customer_id, now_ms)
            replayed += self._write(connection, events, reach)
            if connection.cursor == self._window.newest:
                connection.live = True
                return replayed
            await asyncio.sleep(0)  # one page a turn

    def _write(self, connection: Connection, events: Sequence[Event], reach: int) -> int:
        """Writes as much of a page as the browser has room for, and moves the cursor; how many events that were.

        What it has no room for is read again when it has: a browser that reads nothing must not cost a page.
        """
        if connection.ended:  # while the page was read: after the last chunk nothing may follow
            raise ConnectionResetError("The stream has ended")
        if not events:
            connection.cursor = reach
            return 0
        written = 0
        for position, piece in cut(events, reach):
            if written and connection.wire.unsent_bytes():
                break
            connection.write(piece, self._clock())
            connection.cursor = position
            written = len(events) if position == reach else sum(event.position <= position for event in events)
        return written

    async def _from_history(self, connection: Connection) -> tuple[list[Event], int]:
        after, up_to = connection.cursor, self._window.start
        # What we have seen was accepted before now, though positions may be ahead of our clock.
        await self._settled(min(up_to, positions.from_ms(int(time.time() * 1000))))
        async with self._queries:
            customer_id = connection.identity.customer_id
            events = await self._history.page(customer_id, connection.channels, after, up_to, HISTORY_PAGE)
            # After the rows: pruning moves the mark first, then deletes.
            pruned_to = await self._history.pruned_to()
        if after < pruned_to:
            oldest = min(pruned_to, up_to)
            self.tell_gap(connection, "pruned", oldest)
            return [], oldest
        return events, events[-1].position if len(events) == HISTORY_PAGE else up_to

    def tell_gap(self, connection: Connection, reason: str, oldest: int) -> None:
        """Says that history is gone: what follows on the connection is complete from `oldest` on."""
        data = orjson.dumps({"reason": reason, "oldest": positions.show(oldest), "inbox": "/inbox"})
        connection.write(numbered(oldest, frame("gap", data)), self._clock())

    async def _settled(self, position: int) -> None:
        """Waits for rows that were carried and do not show it yet, which a page would pass over.

        Raises:
            HistoryUnsettled: they are still not recorded.
        """
        for _ in range(SETTLE_TRIES):
            if await self._history.is_settled(position):
                return
            await asyncio.sleep(SETTLE_SECONDS)
        raise HistoryUnsettled

    async def _drained(self, connection: Connection) -> None:
        if connection.wire.closed:
            raise ConnectionResetError("The browser has gone")
        try:
            async with asyncio.timeout(self._stalled_seconds):
                await connection.wire.drained()
        except TimeoutError:
            connection.wire.abort()
            raise ConnectionAbortedError("The browser takes nothing") from None
