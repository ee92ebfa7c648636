"""A process that holds many streams, and counts what is delivered on them."""

from __future__ import annotations

import re
import select
import socket
import time
from array import array
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Literal, NamedTuple

from benchmarks.load import MARK

READ_BYTES = 256 * 1024  # stays in the processor's cache
EVENTS_MAX = 1024
NEWLINE = 0x0A
STREAM_SECONDS = 60.0  # within which all streams must have been opened
_TIMED = re.compile(rb'"ts": *([0-9]+),"mark":"' + re.escape(MARK))


# How far it is; or the latencies since it was last asked for them.
Question = Literal["heard", "latencies"]


class Task(NamedTuple):
    """What is to be held.

    Attributes:
        requests: one for each stream, with its head's end.
        opened: what comes on a stream when it counts as open.
        opening_max: streams that are being opened at the same time.
        is_timed: take latencies down, too. Costs a third more.
    """

    port: int
    requests: Sequence[bytes]
    opened: bytes
    opening_max: int
    is_timed: bool = False


class Opened(NamedTuple):
    """All streams are open, or will not be.

    Attributes:
        seconds: from the first connect to the last stream's opening.
        refusal: the beginning of what came in place of a stream; empty: all are open.
    """

    seconds: float
    refusal: str


class Heard(NamedTuple):
    """How far it is.

    Attributes:
        at: when this was so (`time.monotonic`).
        cpu_seconds: of this process.
        lost: streams that the server has ended.
    """

    at: float
    deliveries: int
    cpu_seconds: float
    lost: int


class Counter:
    """Counts the marks of streams that come in pieces, cut anywhere. No I/O.

    A notification is a line, so what comes after the last line's end waits for the rest of it.

    Attributes:
        latencies_us: from the times that stand in notifications to their arrival.
    """

    def __init__(self, is_timed: bool, now_us: Callable[[], int]) -> None:
        self.deliveries = 0
        self.latencies_us = array("q")
        self._is_timed = is_timed
        self._now_us = now_us
        self._cut: dict[int, bytes] = {}

    def feed(self, stream: int, buffer: bytearray, size: int) -> None:
        """Takes the first bytes of the buffer as the next of a stream."""
        if buffer[size - 1] == NEWLINE and stream not in self._cut:
            self._count(buffer, size)
            return
        whole = bytearray(self._cut.pop(stream, b"")) + buffer[:size]
        end = whole.rfind(b"\n") + 1
        if end < len(whole):
            self._cut[stream] = bytes(whole[end:])
        self._count(whole, end)

    def _count(self, buffer: bytearray, size: int) -> None:
        if not self._is_timed:
            self.deliveries += buffer.count(MARK, 0, size)
            return
        now = self._now_us()
        times = _TIMED.findall(buffer, 0, size)
        self.deliveries += len(times)
        self.latencies_us.extend([now - int(each) for each in times])


def main(parent: Connection, task: Task) -> None:
    """Opens the streams and tells `Opened`; then answers every `Question`. Ends with its parent."""
    Listener(parent, task).run()


class Listener:
    """Holds the streams of a task."""

    def __init__(self, parent: Connection, task: Task) -> None:
        self._parent = parent
        self._task = task
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._opening: dict[int, bytearray] = {}
        self._receive: dict[int, Callable[[memoryview], int]] = {}
        self._counter = Counter(task.is_timed, _now_us)
        self._buffer = bytearray(READ_BYTES)
        self._view = memoryview(self._buffer)
        self._lost = 0
        self._refusal = ""

    def run(self) -> None:
        self._parent.send(self._open_all())
        self._epoll.register(self._parent.fileno(), select.EPOLLIN)
        while True:
            self._turn(-1)

    def _open_all(self) -> Opened:
        begun_at = time.monotonic()
        for request in self._task.requests:
            while len(self._opening) >= self._task.opening_max and not self._refusal:
                self._turn(STREAM_SECONDS)
            self._open(request)
            self._turn(0)
        while self._opening and not self._refusal:
            self._turn(1)
            if time.monotonic() - begun_at > STREAM_SECONDS:
                self._refusal = f"{len(self._opening)} streams were not open after {STREAM_SECONDS:g} s"
        return Opened(time.monotonic() - begun_at, self._refusal)

    def _open(self, request: bytes) -> None:
        opened = socket.socket()
        opened.connect(("127.0.0.1", self._task.port))
        opened.send(request)
        opened.setblocking(False)
        fd = opened.fileno()
        self._sockets[fd], self._opening[fd] = opened, bytearray()
        self._epoll.register(fd, select.EPOLLIN)

    def _turn(self, seconds: float) -> None:
        """Takes what has come; waits for it for so long, -1: for as long as it takes."""
        receivers, feed, buffer, view = self._receive, self._counter.feed, self._buffer, self._view
        for fd, _ in self._epoll.poll(seconds, EVENTS_MAX):
            receive = receivers.get(fd)
            if receive is None:
                self._take_other(fd)
                continue
            try:
                size = receive(view)
            except OSError:
                size = 0
            if size:
                feed(fd, buffer, size)
            else:
                self._lose(fd)

    def _take_other(self, fd: int) -> None:
        if fd not in self._opening:
            self._answer()
            return
        came = self._opening[fd]
        try:
            more = self._sockets[fd].recv(READ_BYTES)
        except OSError:
            more = b""
        came += more
        if not more or not came.startswith(b"HTTP/1.1 200"[: len(came)]):
            self._refusal = self._refusal or came[:300].decode(errors="replace") or "the server hung up"
            self._lose(fd)
        elif self._task.opened in came:
            del self._opening[fd]
            self._receive[fd] = self._sockets[fd].recv_into
            self._counter.feed(fd, came, len(came))

    def _lose(self, fd: int) -> None:
        self._lost += 1
        self._opening.pop(fd, None)
        self._receive.pop(fd, None)
        self._epoll.unregister(fd)
        self._sockets.pop(fd).close()

    def _answer(self) -> None:
        try:
            question: Question = self._parent.recv()
        except EOFError:
            raise SystemExit from None
        counter = self._counter
        match question:
            case "latencies":
                self._parent.send(counter.latencies_us)
                counter.latencies_us = array("q")
            case "heard":
                self._parent.send(Heard(time.monotonic(), counter.deliveries, time.process_time(), self._lost))


def _now_us() -> int:
    return time.monotonic_ns() // 1000
