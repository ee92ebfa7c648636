"""The service's commands, one of whose background loops dies of a bug on SIGUSR1: the one that DYING_LOOP names."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any

from app import wiring
from app.__main__ import cli
from app.run.background import Background

STARTED = "background loop: "


class Dying(Background):
    def start(self, name: str, loop: Coroutine[Any, Any, object]) -> None:
        print(STARTED + name, flush=True)  # noqa: T201  # for the test that asks which there are
        super().start(name, _until_told(loop) if name == os.environ["DYING_LOOP"] else loop)


async def _until_told(loop: Coroutine[Any, Any, object]) -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, told.set)
    async with asyncio.TaskGroup() as group:
        group.create_task(loop)
        await told.wait()
        raise ZeroDivisionError("a bug")


setattr(wiring, "Background", Dying)  # noqa: B010  # an assignment would need leave to write to another's module

if __name__ == "__main__":
    cli(prog_name="python -m app")
