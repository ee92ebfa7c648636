"""Tasks that tests start and end, and what they wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 10.0  # bounds a wait for something that is certain to come; no test lasts as long


async def until(condition: Callable[[], object], pause_seconds: float = 0.0) -> None:
    """Lets others go on until a condition holds that nobody announces.

    Args:
        pause_seconds: between two looks; 0: one turn of the loop.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110  # see above
            await asyncio.sleep(pause_seconds)


async def turns(count: int) -> None:
    """Lets others go on for so many turns of the loop."""
    for _ in range(count):
        await asyncio.sleep(0)


async def end(task: asyncio.Task[Any]) -> None:
    """Cancels a task, and waits for its end."""
    task.cancel()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.wait([task])
