"""The service that is soaked: like any local one, but that it can be told to collect, and says what is left then."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from app.sdk.deployment import CHECKOUT
from app.sdk.errors import NotInTime
from app.sdk.local import LocalService

INSIDE = Path(__file__).parent / "inside"
# Small, so that the window is full when the warm-up is over, and who reads nothing is cut off within a turn.
SETTINGS = {"WINDOW_MAX_ENTRIES": "500", "STALLED_SECONDS": "5", "UNSENT_MAX_BYTES": "4096", "LOG_LEVEL": "WARNING"}
TOKEN_DAYS = 8.0  # longer than any soak
COLLECT_SECONDS = 10.0
LOOK_SECONDS = 0.05

_LEFT = re.compile(r"^soak: blocks=(\d+) garbage=(-?\d+)$", re.MULTILINE)


class Left(NamedTuple):
    """What a full round of the collector leaves, in blocks of memory that the interpreter has handed out.

    Attributes:
        blocks: that are in use.
        garbage: that were given back.
    """

    blocks: int
    garbage: int


class SoakedService(LocalService):
    """Customers come back with the token that they have: the service remembers 20,000 that it has verified, and would
    seem to grow until it knows as many.

    Args:
        folder: where all that it keeps is.
        settings: beside those of every soak.
    """

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self._signed: dict[tuple[str, ...], str] = {}
        super().__init__(folder, SETTINGS | {"PYTHONPATH": f"{INSIDE}{os.pathsep}{CHECKOUT}"} | settings)

    def token(self, subject: str, topics: Sequence[str] | None = None, days: float = TOKEN_DAYS) -> str:
        whose = (subject, *(topics or ()))
        if whose not in self._signed:
            self._signed[whose] = super().token(subject, topics, days)
        return self._signed[whose]

    def collect(self) -> Left:
        """Has it do a full round of the collector.

        Raises:
            NotInTime: it does not.
        """
        told = len(_LEFT.findall(self.output))
        os.kill(self.pid, signal.SIGUSR1)
        deadline = time.monotonic() + COLLECT_SECONDS
        while len(found := _LEFT.findall(self.output)) == told:
            if time.monotonic() > deadline:
                raise NotInTime("a round of the collector", COLLECT_SECONDS)
            time.sleep(LOOK_SECONDS)
        return Left(*map(int, found[-1]))
