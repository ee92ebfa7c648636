"""Background loops. One that ends takes the process down, by name: a service that is deaf must not look well."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


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

    def start(self, name: str, loop: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(loop, name=name)
        self._tasks.append(task)
        task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Ends the loops."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _ended(self, task: asyncio.Task[object]) -> None:
        if not task.cancelled():
            logger.critical(
                "The background loop %s has ended: the process stops.",
                task.get_name(),
                exc_info=task.exception(),
                extra={"action": "loop_ended"},
            )
            self.failed = True
            self.stopping.set()
