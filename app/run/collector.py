"""The garbage collector, set for a process that holds many objects for long."""

from __future__ import annotations

import gc

# Objects of one round of each generation. By default (700, 10, 10) a storm of reconnects spends a third of its time on
# looking for garbage among connections that have just been opened.
THRESHOLDS = (20_000, 20, 20)


def settle() -> None:
    """To be called when all is loaded: what there is now stays, and is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
