"""Logs against a real redis-server, and a database that is a list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from app.carry.log import Log
from app.entry import Entry, Kind
from app.errors import LogUnavailable


def entry(uid: str = "", text: str = "", kind: Kind = Kind.NOTIFICATION, channel: str = "customer:1") -> Entry:
    return Entry(channel, kind, f"data: {text or uid}\n\n".encode(), uid)


class Rows:
    """What the database knows of entries: those of the log that were recorded, at their positions."""

    def __init__(self) -> None:
        self.recorded: list[Entry] = []
        self.runs: list[str] = []
        self.asked: list[tuple[int, int]] = []
        self.away = False

    async def restore(self, run: str, after: int, limit: int) -> Sequence[Entry]:
        if self.away:
            raise LogUnavailable("the database is away")
        self.runs.append(run)
        self.asked.append((after, limit))
        return [each for each in self.recorded if each.position > after][-limit:]

    async def carry(self, log: Log, *entries: Entry) -> list[int]:
        """Appends entries and records them; their positions."""
        carried = await log.append(entries)
        self.recorded += [
            each._replace(position=position)
            for each, position in zip(entries, carried.positions, strict=True)
            if each.uid and position not in {known.position for known in self.recorded}
        ]
        return list(carried.positions)


@asynccontextmanager
async def open_log(url: str, rows: Rows | None = None, max_entries: int = 100_000) -> Any:
    log = Log(url, max_entries, (rows or Rows()).restore)
    try:
        yield log
    finally:
        with suppress(LogUnavailable):
            await log.close()


async def eventually(attempt: Callable[[], Awaitable[Any]], tries: int = 3) -> Any:
    """What an attempt gives once the log is there again: who talks to a connection that is dead learns it first."""
    for _ in range(tries - 1):
        with suppress(LogUnavailable):
            return await attempt()
    return await attempt()
