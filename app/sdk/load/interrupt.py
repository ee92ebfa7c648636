"""Ctrl-C, counted: the first one asks for what there is so far, the second one leaves at once."""

from __future__ import annotations

import signal
import threading
from typing import Any, Self


class Interrupts:
    """Counts Ctrl-C while it is entered. In another thread than the main one there is none to count.

    Attributes:
        count: how many there were.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: Any = None
        self._is_main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._is_main:
            self._before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_main and self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, *_: Any) -> None:
        self.count += 1
        if self.count > 1:
            raise KeyboardInterrupt
