"""A virtual customer: what comes on its streams, in what order, and what it does when one ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace

import orjson
import pytest

from app import position as positions
from app.deliver.frame import frame, numbered, retry
from app.sdk.load import customer as customer_module
from app.sdk.load.arrivals import Arrivals, Batch
from app.sdk.load.customer import RETRY_MS, Customer
from app.sdk.load.message import Refusal

OPENED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
BEGIN = positions.from_ms(1_700_000_000_000)


class Line:
    """Writes down what a customer tells."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def synced(self, again: bool) -> None:
        self.told.append("synced again" if again else "synced")

    def gap(self) -> None:
        self.told.append("gap")

    def lost(self, customer: Customer, seconds: float) -> None:  # noqa: ARG002  # all are the same one
        self.told.append(seconds)

    def refused(self, refusal: Refusal) -> None:
        self.told.append(refusal)


class Transport(asyncio.Transport):
    """A connection whose other end is the test."""

    def __init__(self, customer: Customer) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False
        self._customer = customer
        customer.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        self.aborted = True

    def receive(self, data: bytes) -> None:
        self._customer.get_buffer(-1)[: len(data)] = data
        self._customer.buffer_updated(len(data))

    def end(self) -> None:
        self._customer.connection_lost(None)


class Listening:
    """A customer on a stream."""

    def __init__(self, shared: dict[bytes, Batch] | None = None, arrivals: Arrivals | None = None) -> None:
        self.line = Line()
        self.arrivals = arrivals or Arrivals("mine")
        self.customer = Customer(7, b"GET /stream HTTP/1.1\r\n", self.line, self.arrivals, shared)
        self.reconnect()

    def reconnect(self) -> None:
        self.transport = Transport(self.customer)
        self.transport.receive(OPENED)

    def get(self, *events: bytes) -> None:
        self.transport.receive(chunk(b"".join(events)))

    @property
    def uids(self) -> list[str]:
        return [self.arrivals.uids[number] for number in self.arrivals.which]


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


def notification(number: int, uid: str = "", run: str = "mine") -> bytes:
    data = {"uid": uid or f"uid-{number}", "data": {"load": run}}
    return numbered(BEGIN + number, frame("notification", orjson.dumps(data)))


def event(name: str, number: int | None = None) -> bytes:
    sent = frame(name, b"{}")
    return sent if number is None else numbered(BEGIN + number, sent)


def test_what_arrives_is_written_down_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Iterator[float] = iter(range(100, 200))
    monkeypatch.setattr(customer_module, "time", SimpleNamespace(time=lambda: next(clock)))
    listening = Listening()
    listening.get(notification(1), notification(2))
    listening.get(notification(3))
    assert listening.uids == ["uid-1", "uid-2", "uid-3"]
    assert list(listening.arrivals.when) == [101, 101, 102]
    assert list(listening.arrivals.who) == [7, 7, 7]


@pytest.mark.parametrize("size", [1, 7, 64])
def test_it_does_not_matter_where_the_stream_is_cut(size: int) -> None:
    listening = Listening()
    stream = b"".join(chunk(notification(number)) for number in range(5)) + chunk(event("synced", 5))
    for begin in range(0, len(stream), size):
        listening.transport.receive(stream[begin : begin + size])
    assert listening.uids == [f"uid-{number}" for number in range(5)]
    assert listening.line.told == ["synced"]
    assert listening.customer.out_of_order == 0


def test_notifications_of_others_do_not_count() -> None:
    listening = Listening()
    other = numbered(BEGIN + 2, frame("notification", b'{"uid": "x", "data": null}'))
    listening.get(notification(1, run="yours"), other, notification(3))
    listening.get(numbered(BEGIN + 4, frame("notification", b"no JSON")))
    assert listening.uids == ["uid-3"]


def test_what_is_not_above_all_that_was_seen_is_out_of_order() -> None:
    listening = Listening()
    listening.get(notification(2))
    listening.get(notification(2, "again"))
    listening.get(notification(1))
    listening.get(notification(5), notification(4), notification(6))
    listening.get(event("heartbeat", 9))
    listening.get(notification(8))  # the customer would have come back for what is after 9
    assert listening.customer.out_of_order == 4
    listening.get(notification(10))
    assert listening.customer.out_of_order == 4
    assert len(listening.uids) == 8


def test_what_many_get_is_understood_once() -> None:
    shared: dict[bytes, Batch] = {}
    arrivals = Arrivals("mine")
    one, other = Listening(shared, arrivals), Listening(shared, arrivals)
    for each in (one, other):
        each.get(event("synced", 0))
    for each in (one, other):
        each.get(notification(1), notification(2))
        each.get(notification(2, "again"))
    assert list(shared) == [
        chunk(notification(1) + notification(2)),
        chunk(notification(2, "again")),
    ]
    assert one.uids == ["uid-1", "uid-2", "again"] * 2
    assert one.customer.out_of_order == other.customer.out_of_order == 1


def test_bytes_that_continue_what_came_before_are_not_taken_for_those_that_do_not() -> None:
    shared: dict[bytes, Batch] = {}
    listening = Listening(shared)
    listening.get(event("synced", 0))
    data = chunk(notification(1))
    listening.transport.receive(data[:40])
    listening.transport.receive(data[40:] + chunk(notification(2)))
    assert listening.uids == ["uid-1", "uid-2"]
    assert shared == {}


def test_it_comes_back_after_the_last_id_when_the_service_wants_it() -> None:
    listening = Listening()
    assert b"Last-Event-ID" not in listening.transport.written
    listening.get(retry(1_500), event("synced", 0))
    listening.get(notification(1))
    listening.get(event("heartbeat", 4))
    listening.transport.end()
    assert listening.line.told == ["synced", 1.5]
    listening.reconnect()
    assert listening.transport.written.endswith(b"\r\nLast-Event-ID: 1700000000000-4\r\n\r\n")
    listening.get(event("gap", 6), event("synced", 6))
    assert listening.line.told == ["synced", 1.5, "gap", "synced again"]


def test_until_the_service_says_otherwise_it_waits_as_browsers_do() -> None:
    listening = Listening()
    listening.transport.end()
    assert listening.line.told == [RETRY_MS / 1000]


def test_order_is_kept_over_connections() -> None:
    listening = Listening()
    listening.get(notification(3))
    listening.transport.end()
    listening.reconnect()
    listening.get(notification(3), notification(4))
    assert listening.customer.out_of_order == 1


def test_when_the_service_ends_a_stream_the_connection_is_ended() -> None:
    listening = Listening({})
    listening.get(retry(2_000), event("drain"))
    listening.transport.receive(b"0\r\n\r\n")
    assert listening.transport.aborted
    listening.transport.end()
    assert listening.line.told == [2.0]


def test_a_refusal_is_for_good_and_says_why() -> None:
    line = Line()
    customer = Customer(1, b"", line, Arrivals("mine"), None)
    transport = Transport(customer)
    problem = orjson.dumps({"status": 403, "code": "topic_not_allowed", "detail": "No.", "errors": []})
    answer = b"HTTP/1.1 403 \r\nContent-Length: %d\r\n\r\n%b" % (len(problem), problem)
    for at in range(len(answer)):
        transport.receive(answer[at : at + 1])
    assert transport.aborted
    transport.end()
    assert line.told == [Refusal(403, "topic_not_allowed", "No.")]


@pytest.mark.parametrize(
    ("fields", "seconds"), [(b"", RETRY_MS / 1000), (b"Retry-After: 9\r\n", 9.0), (b"Retry-After: 1\r\n", 3.0)]
)
def test_a_service_that_is_overloaded_is_asked_again_later(fields: bytes, seconds: float) -> None:
    line = Line()
    transport = Transport(Customer(1, b"", line, Arrivals("mine"), None))
    transport.receive(b"HTTP/1.1 503 \r\n" + fields + b"Content-Length: 0\r\n\r\n")
    transport.end()
    assert line.told == [seconds]


def test_what_is_no_http_is_refused() -> None:
    line = Line()
    transport = Transport(Customer(1, b"", line, Arrivals("mine"), None))
    transport.receive(b"220 mail.example.com ESMTP\r\n\r\n")
    transport.end()
    (refusal,) = line.told
    assert isinstance(refusal, Refusal)
    assert "speaks no HTTP/1.1" in refusal.detail


def test_a_customer_that_was_closed_does_not_come_back() -> None:
    listening = Listening()
    listening.customer.close()
    listening.transport.end()
    assert listening.transport.aborted
    assert listening.line.told == []
