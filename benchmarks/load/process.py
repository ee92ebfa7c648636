"""The processes of the load, as who uses them sees them."""

from __future__ import annotations

import multiprocessing
import signal
import time
from array import array
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from benchmarks.load import listen, send

# A copy of this process: it starts at once. This one has no threads that a copy could miss.
_fork = multiprocessing.get_context("fork")
POLL_SECONDS = 0.01
TELL_SECONDS = 90.0


class LoadFailed(Exception):
    """The load could not be made, for a reason that the server or the machine gave."""


class _Process:
    def __init__(self, main: Callable[[Connection, Any], None], task: Any) -> None:
        self._connection, theirs = _fork.Pipe()
        self._process = _fork.Process(target=_alone, args=(main, theirs, self._connection, task), daemon=True)
        self._process.start()
        theirs.close()

    def _told(self) -> Any:
        if not self._connection.poll(TELL_SECONDS):
            raise LoadFailed("a process of the load does not answer")
        try:
            return self._connection.recv()
        except EOFError:
            raise LoadFailed("a process of the load has ended (see above)") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()


def _alone(main: Callable[[Connection, Any], None], ours: Connection, parents: Connection, task: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parents.close()
    main(ours, task)


class Listener(_Process):
    """Holds streams.

    Raises:
        LoadFailed: one could not be opened.

    Attributes:
        opening_seconds: from the first connect to the last stream's opening.
    """

    def __init__(self, task: listen.Task) -> None:
        super().__init__(listen.main, task)
        try:
            opened: listen.Opened = self._told()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        if opened.refusal:
            self.__exit__(None, None, None)
            raise LoadFailed(f"a stream could not be opened: {opened.refusal}")
        self.opening_seconds = opened.seconds

    def heard(self) -> listen.Heard:
        self._ask("heard")
        heard: listen.Heard = self._told()
        if heard.lost:
            raise LoadFailed(f"the server has ended {heard.lost} streams")
        return heard

    def latencies_us(self) -> array[int]:
        """Of all that was delivered since they were last asked for."""
        self._ask("latencies")
        latencies: array[int] = self._told()
        return latencies

    def heard_of(self, deliveries: int, seconds: float) -> listen.Heard:
        """What it has heard when so many have been delivered in all, or when that has taken too long."""
        deadline = time.monotonic() + seconds
        while (heard := self.heard()).deliveries < deliveries and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return heard

    def _ask(self, question: listen.Question) -> None:
        self._connection.send(question)


class Sender(_Process):
    """Posts, from now on."""

    def __init__(self, task: send.Task) -> None:
        super().__init__(send.main, task)

    def is_done(self) -> bool:
        return self._connection.poll()

    def sent(self) -> send.Sent:
        """What became of it, when it is over.

        Raises:
            LoadFailed: something was not accepted.
        """
        sent: send.Sent = self._told()
        if sent.refusal:
            raise LoadFailed(f"a POST was not accepted: {sent.refusal}")
        return sent


def post(task: send.Task) -> send.Sent:
    """Posts, and waits until it is over."""
    with Sender(task) as sender:
        return sender.sent()
