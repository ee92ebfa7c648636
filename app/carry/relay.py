"""The relay: carries what the fast path could not. One is active, the others wait for its lease to end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from app import database
from app.carry.log import Log
from app.entry import Carried
from app.errors import LogUnavailable
from app.notification import Notification

logger = logging.getLogger(__name__)

SWEEP_MAX = 1000
# A relay that is not active carries what is so late that the active one must have died, and need not wait for its
# lease to end: what is due is released within 250 ms (0.1 s for each of the two to look, this, and the work).
STANDBY_SECONDS = 0.05

Due = Callable[[datetime, datetime, int], Awaitable[Sequence[Notification]]]
Carry = Callable[[Sequence[Notification]], Awaitable[Carried]]
Record = Callable[[Sequence[Notification], Carried], Awaitable[None]]


class Relay:
    """Looks for rows without a position and carries them: stuck ones, and scheduled ones when their time has come.

    Two that carry the same, or a relay and the process that accepted the row, do no harm: the log carries a uid once.

    Args:
        log: holds the lease.
        due: the rows (up to so many) that are to be carried at a time, not accepted later than another.
        carry: appends them to the log.
        record: writes the positions back into the rows.
        interval_seconds: between two looks.
        lease_seconds: after which another relay may take over.
        grace_seconds: younger rows are in the hands of the process that accepted them.
    """

    def __init__(
        self,
        log: Log,
        due: Due,
        carry: Carry,
        record: Record,
        *,
        interval_seconds: float,
        lease_seconds: float,
        grace_seconds: float,
    ) -> None:
        self._log = log
        self._due = due
        self._carry = carry
        self._record = record
        self._interval_seconds = interval_seconds
        self._lease_ms = int(lease_seconds * 1000)
        self._grace = timedelta(seconds=grace_seconds)
        self._well = True
        self.active = False

    async def run(self) -> None:
        """Looks and carries, for ever."""
        while True:
            try:
                self.active = await self._log.lead(self._lease_ms)
                await self._sweep()
                if not self._well:
                    logger.info("The relay goes on.", extra={"action": "relay_goes_on"})
                self._well = True
            except Exception as error:
                if not (isinstance(error, LogUnavailable) or database.is_unavailable(error)):
                    raise
                self.active = False
                if self._well:
                    logger.warning("The relay waits: %s", error, extra={"action": "relay_waits"})
                self._well = False
            await asyncio.sleep(self._interval_seconds)

    async def close(self) -> None:
        """Gives the lease back, so that another relay need not wait for its end."""
        try:
            await self._log.resign()
        except LogUnavailable:
            logger.info("The lease could not be given back; it ends by itself.", extra={"action": "relay_resign"})

    async def carry_older_than(self, seconds: float) -> None:
        """Carries what was accepted so long ago and has no position, whether it is the relay's yet or not.

        For whoever must know that all is carried: the process that accepted it has died, or is slow.

        Raises:
            LogUnavailable: Redis is away.
        """
        now = datetime.now(UTC)
        await self._carry_due(now - timedelta(seconds=STANDBY_SECONDS), now - timedelta(seconds=seconds))

    async def _sweep(self) -> None:
        await self._log.verify()  # puts back what a restarted Redis has lost, also when nobody sends anything
        while True:
            now = datetime.now(UTC) - (timedelta() if self.active else timedelta(seconds=STANDBY_SECONDS))
            grace = self._grace if self.active else self._grace + timedelta(milliseconds=self._lease_ms)
            if await self._carry_due(now, now - grace) < SWEEP_MAX:
                return
            self.active = await self._log.lead(self._lease_ms)

    async def _carry_due(self, now: datetime, accepted_before: datetime) -> int:
        rows = await self._due(now, accepted_before, SWEEP_MAX)
        if rows:
            await self._record(rows, await self._carry(rows))
            logger.info("Carried what was due.", extra={"action": "relay_carried", "count": len(rows)})
        return len(rows)
