"""`python -m app`: the commands, loaded without the garbage collector.

Nothing that loading makes is garbage: its rounds meanwhile, and looking at all of it again later, took a sixth of a
start.
"""

import gc

gc.disable()

from app.commands import cli  # noqa: E402

gc.freeze()
gc.enable()

__all__ = ["cli"]

if __name__ == "__main__":
    cli(prog_name="python -m app")
