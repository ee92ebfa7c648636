"""The processes of a run, as the run sees them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from app.sdk.errors import SdkError
from app.sdk.load.message import Failed

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
END_SECONDS = 2.0

# The packages are put there empty: what they bring along for programs that use them (pydantic, httpx) takes half a
# second to load, three times as long as all that the process needs.
_PROGRAM = """
import sys, types
for name, path in zip(("app.sdk", "app.sdk.load"), sys.argv[1:]):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
from app.sdk.load.worker import main
main()
"""


class LoadFailed(SdkError):
    """A process of the load itself has failed; what it said is in `output`."""

    def __init__(self, what: str, output: str = "") -> None:
        last = output.strip().splitlines()[-1:]
        super().__init__(f"The load can't be made: {what}" + (f" ({last[0]})." if last else "."))
        self.output = output


class Worker:
    """A process that does one task.

    It is a program of its own, not a copy of this one: so it can be started from a notebook, from a script without
    `if __name__ == "__main__"`, and from standard input. Its session is its own, too: Ctrl-C does not reach it.

    Attributes:
        connection: what can be waited for until it tells something.
    """

    def __init__(self, task: object) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            paths = [str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, str(HERE.parent), str(HERE)],
                stdin=theirs.fileno(),
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
                start_new_session=True,
            )
        self.connection = Connection(ours.detach())
        self.send(task)

    def send(self, message: object) -> None:
        """Tells it something.

        Raises:
            LoadFailed: it has ended.
        """
        try:
            self.connection.send(message)
        except OSError:
            raise self._ended() from None

    def receive(self) -> object:
        """What it tells; waits for it.

        Raises:
            LoadFailed: it has failed, or ended.
        """
        try:
            message = self.connection.recv()
        except (EOFError, OSError):
            raise self._ended() from None
        if isinstance(message, Failed):
            raise LoadFailed("one of its processes has a bug", message.traceback)
        return message

    def close(self) -> None:
        """Lets go of it: it ends by itself, or is ended."""
        self.connection.close()

    def wait(self) -> None:
        """Returns when it has ended."""
        try:
            self._child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _ended(self) -> LoadFailed:
        try:
            status = self._child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return LoadFailed("one of its processes does not answer")
        return LoadFailed(f"one of its processes has ended with {status}")
