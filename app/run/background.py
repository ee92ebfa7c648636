"""Background loops. One that ends takes the process down, by name: a service that is deaf must not look well."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)

# A cancellation may be lost: until Python 3.12, `asyncio.wait_for`, which a driver may use, returns the result instead
# when both come in the same turns of the loop. (The log does without it.)
STOP_SECONDS = 0.2
STOP_TRIES = 5


class Background:
    """The loops of one process.

    Attributes:
        stopping: the process is to stop: it was told to, or a loop has ended.
        failed: a loop has ended by itself, which none should.
    """

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[object]] = []
        self.stopping = asyncio.Event()
        self.failed = False
        self._left: set[asyncio.Task[object]] = set()

    def start(self, name: str, loop: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(loop, name=name)
        self._tasks.append(task)
        task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Ends the loops. One that does not let go in time is left to the end of the process."""
        running = set(self._tasks)
        for _ in range(STOP_TRIES):
            for task in running:
                task.cancel()
            if running:
                _, running = await asyncio.wait(running, timeout=STOP_SECONDS)
        self._left = running
        for task in running:
            logger.warning("The loop %s does not end.", task.get_name(), extra={"action": "loop_stuck"})

    def _ended(self, task: asyncio.Task[object]) -> None:
        if task.cancelled():
            return
        if task in self._left:  # what it stands on may be closed by now
            error = task.exception()
            logger.warning("The loop %s has ended late: %r", task.get_name(), error, extra={"action": "loop_late"})
        else:
            logger.critical(
                "The background loop %s has ended: the process stops.",
                task.get_name(),
                exc_info=task.exception(),
                extra={"action": "loop_ended"},
            )
            self.failed = True
            self.stopping.set()
