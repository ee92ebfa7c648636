"""The load of the benchmarks counts what is delivered, no more and no less."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.load import MARK, listen, send
from benchmarks.load.listen import Counter
from benchmarks.load.process import Listener, LoadFailed, post
from benchmarks.systems import Plain, Spoken

EVENT = b'event: notification\ndata: {"data":{"ts":%20d,"mark":"' + MARK + b'"}}\n\n'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def fed(counter: Counter, pieces: list[bytes]) -> Counter:
    for piece in pieces:
        buffer = bytearray(b"\0" * 8192)
        buffer[: len(piece)] = piece
        counter.feed(7, buffer, len(piece))
    return counter


@pytest.mark.parametrize("is_timed", [False, True])
@pytest.mark.parametrize("size", [1, 2, 7, 31, 64, 1000])
def test_notifications_are_counted_wherever_the_stream_is_cut(size: int, is_timed: bool) -> None:
    stream = EVENT % 100 * 5 + b"event: heartbeat\ndata:\n\n" + EVENT % 100
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    counter = fed(Counter(is_timed, lambda: 350), pieces)
    assert counter.deliveries == 6
    assert list(counter.latencies_us) == ([250] * 6 if is_timed else [])


def test_streams_that_are_cut_at_the_same_time_are_not_mixed_up() -> None:
    counter = Counter(is_timed=False, now_us=lambda: 0)
    whole = EVENT % 1
    for stream in (1, 2):
        counter.feed(stream, bytearray(whole[:60]), 60)
    for stream in (2, 1):
        counter.feed(stream, bytearray(whole[60:]), len(whole) - 60)
    assert counter.deliveries == 2


@pytest.mark.parametrize("speech", [Plain(), Spoken("sender", ["customer"])])
@pytest.mark.parametrize("topic", ["", "news"])
@pytest.mark.parametrize("batch", [1, 3])
def test_requests_are_as_long_as_they_say_and_hold_what_is_counted(
    speech: Plain | Spoken, topic: str, batch: int
) -> None:
    request = speech.post(topic, batch) % {b"ts": 1_234_567, b"to": 42}
    head, _, body = request.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    sent = json.loads(body)
    each = sent.get("notifications", [sent])
    assert len(each) == (batch if isinstance(speech, Spoken) else 1)
    for notification in each:
        assert notification["data"] == {"ts": 1_234_567, "mark": MARK.decode()}
        if isinstance(speech, Spoken):
            assert (notification.get("topic"), notification.get("receiver_id")) == (
                (topic, None) if topic else (None, 42)
            )


def test_peers_pass_on_as_many_bytes_as_a_browser_of_ours_gets() -> None:
    """What the service adds to what was posted: see NotificationDTO."""
    posted = json.loads((Spoken("sender", []).post("all") % {b"ts": 1, b"to": 1}).partition(b"\r\n\r\n")[2])
    passed_on = json.loads((Plain().post("all") % {b"ts": 1, b"to": 1}).partition(b"\r\n\r\n")[2])
    assert posted.items() <= passed_on.items()


class Toy:
    """A server of one thread: holds streams, answers POSTs with a status, and passes them on to every stream."""

    def __init__(self, status: bytes) -> None:
        self._status = status
        self._streams: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.posted: list[float] = []

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for stream in self._streams:
            stream.close()

    def _answer(self, connection: socket.socket) -> None:
        while request := connection.recv(65536):
            if request.startswith(b"GET"):
                connection.sendall(HEAD + b"event: synced\ndata: {}\n\n")
                self._streams.append(connection)
                return
            self.posted.append(time.monotonic())
            for stream in self._streams:
                stream.sendall(b"data: " + request.partition(b"\r\n\r\n")[2] + b"\n\n")
            connection.sendall(b"HTTP/1.1 " + self._status + b"\r\nContent-Length: 0\r\n\r\n")
        connection.close()


@contextmanager
def toy(status: bytes = b"201 Created") -> Iterator[Toy]:
    made = Toy(status)
    thread = threading.Thread(target=made.serve)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join()


def held(server: Toy, count: int, is_timed: bool = False) -> Listener:
    return Listener(listen.Task(server.port, [Plain().stream(0)] * count, b"event: synced", 2, is_timed))


pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def test_every_delivery_on_every_stream_is_counted_and_timed() -> None:
    with toy() as server, held(server, 3, is_timed=True) as listener:
        sent = post(send.Task(server.port, Plain().post(), 2, rate=200, total=20))
        heard = listener.heard_of(60, 10)
        assert (sent.answered, heard.deliveries) == (20, 60)
        latencies = listener.latencies_us()
        assert len(latencies) == 60
        assert min(latencies) >= 0
        assert not listener.latencies_us()


def test_what_is_due_is_sent_at_its_time_and_not_before() -> None:
    with toy() as server:
        sent = post(send.Task(server.port, Plain().post(), 4, rate=100, total=20))
        assert sent.seconds >= 19 / 100
        assert server.posted[-1] - server.posted[0] >= 19 / 100 - 0.05


def test_a_refused_post_is_no_figure_but_an_error() -> None:
    with toy(b"503 Service Unavailable") as server, pytest.raises(LoadFailed, match="503"):
        post(send.Task(server.port, Plain().post(), 1, total=5))


def test_a_stream_that_the_server_ends_is_an_error() -> None:
    with toy() as server, held(server, 2) as listener:
        server._streams[0].close()
        with pytest.raises(LoadFailed, match="ended 1 streams"):
            listener.heard_of(1, 10)


def test_a_stream_that_is_refused_is_an_error() -> None:
    with toy() as server, pytest.raises(LoadFailed, match=r"could not be opened: HTTP/1\.1 201"):
        Listener(listen.Task(server.port, [b"POST / HTTP/1.1\r\n\r\n"], b"event: synced", 1))
