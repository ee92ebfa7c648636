"""The tail: a web process's reader of the log. One XREAD brings every process everything, in order."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence

from app import position as positions
from app.carry.log import Log
from app.entry import Entry
from app.errors import LogUnavailable

logger = logging.getLogger(__name__)

# Entries of one read: what gathers in the log during one batch at flood (about 50 ms of 20,000/s).
READ_COUNT = 1000
RECONNECT_MAX_SECONDS = 1.0


class Tail:
    """Reads the log from where it was, across lost connections and restarts of Redis.

    Args:
        log: where it reads.
        preload: how many of the newest entries it starts with.
        begin: is given those, once, before anything else.
        deliver: is given every batch after them. Must not wait.
        lost: is told when the log can't be read any more.
        resumed: is awaited before the first entries after a time in which the log could not be read, or lost some.
        missed: is told, before the next batch, when entries were trimmed from the log before they could be read:
            the position up to which everything was delivered, and that of the next entry.
    """

    def __init__(
        self,
        log: Log,
        preload: int,
        begin: Callable[[Sequence[Entry]], Awaitable[None]],
        deliver: Callable[[Sequence[Entry]], None],
        lost: Callable[[], None],
        resumed: Callable[[], Awaitable[None]],
        missed: Callable[[int, int], None],
    ) -> None:
        self._log = log
        self._preload = preload
        self._begin = begin
        self._deliver = deliver
        self._lost = lost
        self._resumed = resumed
        self._missed = missed
        self._position = 0
        self._began_empty = False
        self._well = True
        self.started = False
        self.connected = False

    async def run(self) -> None:
        """Reads, for ever."""
        while not self.started:
            await self._attempt(self._start())
        while True:
            await self._attempt(self._follow())

    async def _start(self) -> None:
        await self._log.verify()
        entries = await self._log.newest(self._preload)
        await self._begin(entries)
        # Of an empty log: all that will be in it comes after this moment.
        self._position = entries[-1].position if entries else positions.from_ms(await self._log.now_ms()) - 1
        self._began_empty = not entries
        self.started = True
        self._connected()

    async def _follow(self) -> None:
        """Reads until the connection is lost."""
        await self._log.oldest()  # answers at once, where the next read waits for an entry
        # After a pause, or behind by more than one read, entries may have been trimmed unread. Else not: the log keeps
        # more than one read of its newest entries.
        unsure = not self.connected
        if not self.connected:
            self._connected()
            await self._resumed()
        while True:
            entries = await self._log.after(self._position, READ_COUNT)
            if not entries:
                continue
            is_full = len(entries) == READ_COUNT
            if (unsure or is_full) and await self._is_trimmed():
                logger.warning("The log was trimmed before it was read.", extra={"action": "tail_missed"})
                self._missed(self._position, entries[0].position)
                await self._resumed()
            unsure = is_full
            self._began_empty = False
            self._position = entries[-1].position
            self._deliver(entries)

    async def _is_trimmed(self) -> bool:
        """Whether entries behind the position have left the log, so that some behind them may have as well."""
        if self._began_empty and not await self._log.is_full():
            return False  # there never was one at the position
        return await self._log.oldest() > self._position

    def _connected(self) -> None:
        self.connected = True
        if not self._well:
            logger.info("The log can be read.", extra={"action": "tail_found"})
        self._well = True

    async def _attempt(self, reading: Awaitable[None]) -> None:
        try:
            await reading
        except LogUnavailable as error:
            if self._well:
                logger.warning("The log can't be read: %s", error, extra={"action": "tail_lost"})
            self._well = False
            if self.connected:
                self.connected = False
                self._lost()
            # By chance, so that all the processes of a cell do not come back in the same moment.
            await asyncio.sleep(random.uniform(0.05, RECONNECT_MAX_SECONDS))
