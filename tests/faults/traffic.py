"""Steady traffic through a service, while a test breaks what it stands on."""

from __future__ import annotations

import asyncio
import re
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress

import asyncpg

from app.settings import Settings
from tests.faults import mixture
from tests.faults.crowd import Crowd
from tests.faults.ledger import Count, Ledger, Sightings
from tests.faults.shop import Shop
from tests.faults.table import Table
from tests.support.service import PATIENCE_SECONDS, Dev, Production, eventually

# Each sends a request at a time. Their number has no divisor in common with the mixture's: each sends some of all.
SHOPS = 17
BEFORE_SECONDS = 2.0
AFTER_SECONDS = 3.0
LOOK_SECONDS = 0.1
# What asyncpg says of connections that are gone it says through asyncio, as an error.
COMPLAINT = re.compile(r" (ERROR|CRITICAL) (?!asyncio:)")
WAITING = "SELECT COUNT(*) FROM notification WHERE position IS NULL AND date_retracted IS NULL"
IN_HAND = f"{WAITING} AND release_at IS NULL"


class Traffic:
    """Senders and connections.

    Args:
        service: all of whose web processes they use.
    """

    def __init__(self, service: Production | Dev) -> None:
        self._service = service
        run = secrets.token_hex(4)
        self._ledger = Ledger()
        self._sightings = Sightings(run)
        tokens = {each: service.customer(each) for each in mixture.CUSTOMERS}
        self._crowd = Crowd(service.urls, tokens, self._sightings)
        self._shops = [
            Shop(service.urls, service.token(f"sender:shop{each}"), run, (each, SHOPS), self._ledger)
            for each in range(SHOPS)
        ]
        self._stopping = asyncio.Event()
        self._sending: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Returns once all connections are up to date and have heard something."""
        self._crowd.open()
        await self._until(lambda: self._crowd.up_to_date >= len(mixture.CUSTOMERS), "all are connected")
        self._sightings.begin(mixture.CUSTOMERS, time.time())
        begins_at = asyncio.get_running_loop().time()
        self._sending = [asyncio.create_task(shop.run(begins_at, self._stopping)) for shop in self._shops]
        await self.goes_on(BEFORE_SECONDS)

    async def goes_on(self, seconds: float = AFTER_SECONDS) -> None:
        """Lets it go on for a time, and then until every connection has heard something new."""
        await asyncio.sleep(seconds)
        now = time.time()
        await self._until(lambda: min(self._sightings.heard_at.values()) > now, "every connection hears something")

    async def until_in_flight(self, count: int) -> None:
        """Returns once so many notifications are committed, and not known to be in the log."""

        async def some_are() -> bool:
            return await self._count(IN_HAND) >= count

        await eventually(some_are, f"{count} are on their way to the log")

    async def end(self) -> Count:
        """Stops sending, waits until everybody has seen all, and counts."""
        silence_seconds = self._sightings.longest_silence_seconds
        self._stopping.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*self._sending)
        with suppress(AssertionError):  # the count says it better
            await self._until(self._all_seen, "everybody has seen all")
            # What is carried once more, wrongly, would come before this.
            await eventually(self._nothing_waits, "all that was accepted is carried")
            await self._shops[0].send(mixture.NEVER)
            await self._until(self._all_seen, "everybody has seen all")
        return self._ledger.count(self._sightings, silence_seconds, self._crowd.out_of_order, self._crowd.gaps)

    @property
    def refusals(self) -> list[str]:
        """What senders and connections were answered, and should not have been."""
        return [*self._crowd.refusals, *(each for shop in self._shops for each in shop.refusals)]

    @property
    def returns(self) -> int:
        """How often a connection was opened again."""
        return self._crowd.up_to_date - len(mixture.CUSTOMERS)

    async def close(self) -> None:
        for task in self._sending:
            task.cancel()
        if self._sending:
            await asyncio.wait(self._sending)
        for shop in self._shops:
            shop.close()
        self._crowd.close()

    def _all_seen(self) -> bool:
        return not self._ledger.missing(self._sightings)

    async def _nothing_waits(self) -> bool:
        return await self._count(WAITING) == 0

    async def _count(self, statement: str) -> int:
        if isinstance(self._service, Production):
            connection = await asyncpg.connect(self._service.database.url)
            try:
                count: int = await connection.fetchval(statement)
            finally:
                await connection.close()
            return count
        file = Settings(data_dir=self._service.data_dir).database_file
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            (count,) = database.execute(statement).fetchone()
        return int(count)

    @staticmethod
    async def _until(condition: Callable[[], bool], what: str) -> None:
        async def holds() -> bool:
            await asyncio.sleep(LOOK_SECONDS)
            return condition()

        await eventually(holds, what)


@asynccontextmanager
async def traffic(
    service: Production | Dev, table: Table, fault: str, *, may_repeat: bool = False, stays_open: bool = False
) -> AsyncIterator[Traffic]:
    """Traffic that goes on while the block breaks something and mends it; then nothing may be lost.

    Args:
        table: gets a row.
        fault: what the block does.
        may_repeat: Redis loses what it has acknowledged, so an event may come again (promise 4).
        stays_open: no connection may end (promises 5 and 6).
    """
    service.may_fail = True
    flowing = Traffic(service)
    try:
        await flowing.begin()
        yield flowing
        await flowing.goes_on()
        count = await flowing.end()
        table.add(fault, count)
        assert not flowing.refusals
        assert not (stays_open and flowing.returns), f"{flowing.returns} connections were opened again"
        assert not count.broken(may_repeat=may_repeat), count
        complaints = [f"{name}:\n{log}" for name, log in service.logs if COMPLAINT.search(log)]
        assert not complaints, "\n".join(complaints)
    finally:
        await flowing.close()
