"""`python -m app.sdk.attached <folder> dev`: a command of the service that ends when its stdin does.

Whoever starts it holds the other end, so it never outlives them, however they die; then it takes the folder away too.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading

from app.__main__ import cli

_left_alone = threading.Event()


def _end_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    _left_alone.set()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    folder = sys.argv.pop(1)
    threading.Thread(target=_end_with_stdin, name="stdin", daemon=True).start()
    try:
        cli(prog_name="python -m app")
    finally:
        if _left_alone.is_set():
            shutil.rmtree(folder, ignore_errors=True)
