"""The garbage collector and the interpreter's lock, set for a process that holds thousands of connections.

A full round of the collector stops everything for 0.1 ms a connection. Python does one whenever objects have grown by a
quarter, so a storm of reconnects brings several, half a second each; hardly any of them finds anything. Here a full
round comes when memory has grown that open connections do not account for.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)

# Objects of a round of the youngest, how many of these rounds make one of the middle, and no full round by itself.
THRESHOLDS = (5_000, 10, 1_000_000)
# How long the thread of SQLite waits for the interpreter while the event loop is busy; it waits several times a commit.
# By default 5 ms: a storm of reconnects then holds up commits; with 0.5 ms the switching costs more than it saves.
SWITCH_SECONDS = 0.002
LOOK_SECONDS = 5.0
CONNECTION_BYTES = 24 * 1024
GROWTH_MIN_BYTES = 64 * 1024 * 1024
GROWTH_SHARE = 0.25

_STATM = Path("/proc/self/statm")


class Collector:
    """Does full rounds when they are likely to find something.

    Args:
        connections: how many are open.
        resident_bytes: what the process has in memory.
    """

    def __init__(self, connections: Callable[[], int], resident_bytes: Callable[[], int]) -> None:
        self._connections = connections
        self._resident_bytes = resident_bytes
        self._note()

    def look(self) -> bool:
        """Does a full round if there may be much garbage; returns whether it did."""
        opened = max(0, self._connections() - self._open_then)
        grown = self._resident_bytes() - self._bytes_then - opened * CONNECTION_BYTES
        if grown < max(GROWTH_MIN_BYTES, GROWTH_SHARE * self._bytes_then):
            return False
        started = time.monotonic()
        found = gc.collect()
        ms = round((time.monotonic() - started) * 1000)
        logger.info("Collected garbage.", extra={"action": "collected", "count": found, "milliseconds": ms})
        self._note()
        return True

    async def run(self) -> None:
        """Looks, for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def _note(self) -> None:
        self._open_then = self._connections()
        self._bytes_then = self._resident_bytes()


def settle() -> None:
    """To be called when all is loaded: what there is now stays, and is not looked at again."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    if _STATM.exists():  # else nobody would say when a full round is due
        gc.set_threshold(*THRESHOLDS)


def resident_bytes() -> int:
    """What this process has in memory; 0 where that can't be told."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
