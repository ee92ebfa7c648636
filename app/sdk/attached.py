"""`python -m app.sdk.attached dev`: a command of the service that ends when its stdin does.

Whoever starts it holds the other end, so it never outlives them, however they die.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from app.__main__ import cli


def _end_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_stdin, name="stdin", daemon=True).start()
    cli(prog_name="python -m app")
