"""What the interpreter of the soaked service loads first (`site`): on SIGUSR1 it collects, and says what is left.

Garbage in cycles waits for a full round of the collector (`app.run.collector`), so without one nobody can tell what
waits from what leaks.
"""

from __future__ import annotations

import gc
import os
import signal
import sys


def _collect(*_: object) -> None:
    before = sys.getallocatedblocks()
    gc.collect()
    blocks = sys.getallocatedblocks()
    # Not `print`: the handler may run in the middle of another's.
    os.write(sys.stderr.fileno(), f"soak: blocks={blocks} garbage={before - blocks}\n".encode())


signal.signal(signal.SIGUSR1, _collect)
