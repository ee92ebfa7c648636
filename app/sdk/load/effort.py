"""What a process costs, and whether it keeps up."""

from __future__ import annotations

import asyncio
import time
from array import array

from app.sdk.load.message import Effort

LOOK_SECONDS = 0.02


class Watch:
    """Measures the process's CPU, and how late it does what it should do at a certain time.

    Attributes:
        late_ms: so late, each time.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.begin()

    def begin(self) -> None:
        """Measures from now on."""
        self.late_ms = array("d")
        self._begun_at = self._loop.time()
        self._begun_cpu_seconds = time.process_time()

    def look(self) -> None:
        """Looks every 20 ms how late the loop is, for ever: as late as this are the times that it takes down."""
        due_at = self._loop.time() + LOOK_SECONDS

        def looked() -> None:
            self.late_ms.append((self._loop.time() - due_at) * 1000)
            self.look()

        self._loop.call_at(due_at, looked)

    def effort(self) -> Effort:
        cpu_seconds = time.process_time() - self._begun_cpu_seconds
        return Effort(cpu_seconds, self._loop.time() - self._begun_at, self.late_ms)
