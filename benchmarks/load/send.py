"""A process that posts."""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from multiprocessing.connection import Connection
from typing import NamedTuple

from app.sdk.load.http import Answer, BadAnswer

READ_BYTES = 64 * 1024
ANSWER_SECONDS = 20.0
PAUSE_SECONDS = 0.002  # before the first: so that it is not late already


class Task(NamedTuple):
    """What is to be posted.

    Attributes:
        template: a request with two numbers to fill in: `ts`, when it was due (µs), and `to`, for whom it is.
        connections: that are kept open. Each waits for an answer before it sends again.
        rate: requests a second, at times that the answers do not change; 0: as many as are answered.
        total: how many; 0: for `seconds`.
        receivers: for whom they are, in turn: 1 up to this.
    """

    port: int
    template: bytes
    connections: int
    rate: float = 0
    total: int = 0
    seconds: float = 0
    receivers: int = 1


class Sent(NamedTuple):
    """What became of it.

    Attributes:
        answered: with 2xx.
        refusal: the first other answer; empty: there was none.
        cpu_seconds: of this process.
    """

    answered: int
    seconds: float
    refusal: str
    cpu_seconds: float


def main(parent: Connection, task: Task) -> None:
    """Posts, tells `Sent`, and ends."""
    parent.send(Sender(task).run())


class Sender:
    """Does one task."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._free = deque(_Line(task.port) for _ in range(task.connections))
        self._busy: dict[int, _Line] = {}
        self._answered = 0
        self._refusal = ""

    def run(self) -> Sent:
        task = self._task
        cpu_seconds = time.process_time()
        begun_at = time.monotonic() + PAUSE_SECONDS
        ends_at = begun_at + task.seconds
        sent = 0
        while not self._refusal:
            now = time.monotonic()
            is_over = sent >= task.total if task.total else now >= ends_at
            if is_over and not self._busy:
                break
            due_at = begun_at + sent / task.rate if task.rate else now
            if not is_over and self._free and due_at <= now:
                self._post(due_at, 1 + sent % task.receivers)
                sent += 1
                continue
            # select(2) waits for as short as it is told to, epoll in whole milliseconds.
            waits_for_time = not is_over and bool(self._free)
            self._take(due_at - now if waits_for_time else ANSWER_SECONDS, waits_for_time)
        seconds = time.monotonic() - begun_at
        return Sent(self._answered, seconds, self._refusal, time.process_time() - cpu_seconds)

    def _post(self, due_at: float, receiver: int) -> None:
        line = self._free.popleft()
        line.post(self._task.template % {b"ts": int(due_at * 1_000_000), b"to": receiver})
        self._busy[line.fileno()] = line

    def _take(self, seconds: float, may_be_silent: bool) -> None:
        ready, _, _ = select.select(self._busy, [], [], seconds)
        if not ready and not may_be_silent:
            self._refusal = f"no answer within {ANSWER_SECONDS:g} s"
        for fd in ready:
            line = self._busy[fd]
            status = line.take()
            if status is None:
                continue
            del self._busy[fd]
            self._free.append(line)
            if 200 <= status < 300:
                self._answered += 1
            else:
                self._refusal = self._refusal or f"{status} {line.body[:300].decode(errors='replace')}"


class _Line:
    """A connection that is kept; opened anew when the server has ended it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connect()

    def fileno(self) -> int:
        return self._socket.fileno()

    def post(self, request: bytes) -> None:
        self._answer = Answer()
        self.body = b""
        self._socket.sendall(request)

    def take(self) -> int | None:
        """The status, once the answer is complete; 0: the server hung up in its midst, or answered no HTTP."""
        try:
            came = self._socket.recv(READ_BYTES)
            self.body += self._answer.feed(came)
        except (OSError, BadAnswer):
            came = b""
        head = self._answer.head
        if self._answer.done and head is not None:
            if not head.keeps_alive:
                self._connect()
            return head.status
        if not came:
            self._connect()
            return 0
        return None

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
