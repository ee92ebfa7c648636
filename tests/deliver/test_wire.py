"""The two ways of writing to a browser keep one contract."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, cast

import hypercorn.asyncio
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived
from hypercorn.config import Config

from app import server as servers
from app.asgi import Receive, Scope, Send
from app.deliver.event import WRITE_MAX_BYTES
from app.deliver.wire import AsgiWire, TransportWire, Wire
from tests.support.events import event, ids
from tests.support.tasks import turns, until

UNSENT_MAX = 16 * 1024
PIECE = event(1, size=1000).wire


class Browser(Protocol):
    """The other end of a wire."""

    wire: Wire

    async def read(self, size: int) -> bytes:
        """The next events of that many bytes, without what frames them."""

    async def leave(self) -> None:
        """Goes without a word."""


class TransportBrowser:
    """Reads the chunks that come out of a real transport."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
    ) -> None:
        self.wire = TransportWire(server_writer, UNSENT_MAX)
        self._reader = reader
        self._writer = writer
        self._server_reader = server_reader
        self._server_writer = server_writer

    async def read(self, size: int) -> bytes:
        body = b""
        while len(body) < size:
            body += await self._read_chunk()
        return body

    async def _read_chunk(self) -> bytes:
        size = int(await self._reader.readuntil(b"\r\n"), 16)
        assert size, "a chunk of no bytes ends the response"
        chunk = await self._reader.readexactly(size)
        assert await self._reader.readexactly(2) == b"\r\n"
        return chunk

    async def leave(self) -> None:
        self._writer.transport.abort()
        with suppress(ConnectionError):
            await self._server_reader.read()
        self._server_writer.close()  # as the server does when it has read the end


class AsgiBrowser:
    """Takes what a server's `send` was given, when it reads."""

    def __init__(self) -> None:
        self.wire = AsgiWire(self._send, UNSENT_MAX)
        self.body = b""
        self.reading = asyncio.Event()
        self.pump = asyncio.create_task(self.wire.pump())

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        assert message["type"] == "http.response.body"
        assert message["more_body"]
        await self.reading.wait()
        self.body += message["body"]

    async def read(self, size: int) -> bytes:
        self.reading.set()
        await until(lambda: len(self.body) >= size and not self.wire.unsent_bytes())
        self.reading.clear()
        body, self.body = self.body, b""
        return body

    async def leave(self) -> None:
        self.wire.abort()
        self.reading.set()
        await self.pump


@asynccontextmanager
async def transport_browser() -> AsyncIterator[TransportBrowser]:
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    reader, writer = await asyncio.open_connection(sock=theirs, limit=2048)
    server_reader, server_writer = await asyncio.open_connection(sock=ours)
    try:
        yield TransportBrowser(reader, writer, server_reader, server_writer)
    finally:
        for stream in (writer, server_writer):
            stream.transport.abort()
            with suppress(OSError):
                await stream.wait_closed()


@asynccontextmanager
async def asgi_browser() -> AsyncIterator[AsgiBrowser]:
    browser = AsgiBrowser()
    try:
        yield browser
    finally:
        browser.pump.cancel()
        await asyncio.wait([browser.pump])


@pytest.fixture(params=[transport_browser, asgi_browser], ids=["transport", "asgi"])
async def browser(request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    async with request.param() as made:
        yield made


def write(browser: Browser, events: bytes) -> None:
    browser.wire.write(browser.wire.framed(events))


def give(wire: Wire, framed: bytes) -> int:
    """Offers bytes, and writes what is not taken; how many were taken."""
    try:
        taken = wire.offer(framed)
    except OSError:
        taken = 0
    if taken != len(framed):
        wire.write(framed[taken:])
    return taken


def fill(browser: Browser) -> int:
    """Writes until there is more unsent than there should be; returns how many pieces that took."""
    pieces = 0
    while browser.wire.unsent_bytes() <= UNSENT_MAX:
        write(browser, PIECE)
        pieces += 1
    return pieces


async def test_what_is_written_arrives_in_its_order(browser: Browser) -> None:
    events = [event(position).wire for position in range(1, 21)]
    for each in events:
        write(browser, each)
    assert ids(await browser.read(len(b"".join(events)))) == list(range(1, 21))
    write(browser, PIECE)
    assert await browser.read(len(PIECE)) == PIECE


async def test_the_framing_is_the_same_for_every_connection(browser: Browser) -> None:
    framed = type(browser.wire).framed(PIECE)
    assert framed == browser.wire.framed(PIECE)
    browser.wire.write(framed)
    browser.wire.write(framed)
    assert await browser.read(2 * len(PIECE)) == PIECE * 2


async def test_writing_never_waits_and_what_is_unsent_is_known(browser: Browser) -> None:
    assert browser.wire.unsent_bytes() == 0
    pieces = fill(browser)
    unsent = browser.wire.unsent_bytes()
    write(browser, PIECE)
    assert browser.wire.unsent_bytes() >= unsent + len(PIECE)
    written = (pieces + 1) * len(PIECE)
    assert len(await browser.read(written)) == written
    assert browser.wire.unsent_bytes() == 0


async def test_there_is_room_from_the_start(browser: Browser) -> None:
    write(browser, PIECE)
    await browser.wire.drained()


async def test_room_is_waited_for_until_the_browser_reads(browser: Browser) -> None:
    pieces = fill(browser)
    waiting = [asyncio.create_task(browser.wire.drained()) for _ in range(2)]
    await turns(10)
    assert not any(task.done() for task in waiting)
    await browser.read(pieces * len(PIECE))
    await asyncio.gather(*waiting)


async def test_what_is_offered_and_not_taken_is_written_and_all_arrives_in_its_order(browser: Browser) -> None:
    events = [event(position, size=1000).wire for position in range(1, 21)]
    write(browser, events[0])
    for each in events[1:]:
        give(browser.wire, browser.wire.framed(each))
    assert ids(await browser.read(len(b"".join(events)))) == list(range(1, 21))


@pytest.mark.parametrize("fill_up", [False, True])
async def test_one_who_is_cut_off_takes_nothing_that_is_offered(browser: Browser, fill_up: bool) -> None:
    write(browser, b"0")
    if fill_up:
        fill(browser)
    browser.wire.abort()
    assert browser.wire.offer(PIECE) == 0
    write(browser, PIECE)
    assert browser.wire.offer(PIECE) == 0


async def test_who_waits_for_a_browser_that_goes_is_told(browser: Browser) -> None:
    fill(browser)
    waiting = asyncio.create_task(browser.wire.drained())
    await asyncio.sleep(0)
    assert not browser.wire.closed
    await browser.leave()
    with pytest.raises(ConnectionError):
        await waiting
    assert browser.wire.closed


async def test_who_is_cut_off_is_closed_at_once(browser: Browser) -> None:
    fill(browser)
    browser.wire.abort()
    assert browser.wire.closed
    browser.wire.abort()  # once more does no harm


async def test_who_waits_for_a_browser_that_is_cut_off_is_told(browser: Browser) -> None:
    fill(browser)
    waiting = asyncio.create_task(browser.wire.drained())
    await asyncio.sleep(0)
    browser.wire.abort()
    with pytest.raises(ConnectionError):
        await waiting


async def test_writing_to_a_browser_that_has_gone_does_no_harm(browser: Browser) -> None:
    await browser.leave()
    write(browser, PIECE)


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[TransportWire, asyncio.StreamWriter, socket.socket]]:
    """A wire, the server's writer behind it, and the other end."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    _, writer = await asyncio.open_connection(sock=ours)
    try:
        yield TransportWire(writer, UNSENT_MAX), writer, theirs
    finally:
        theirs.close()
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


def came(theirs: socket.socket) -> bytes:
    try:
        return theirs.recv(1 << 20)
    except BlockingIOError:
        return b""


class TestTransport:
    def test_a_batch_is_one_chunk(self) -> None:
        assert TransportWire.framed(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"  # RFC 9112 § 7.1

    async def test_what_is_gathered_leaves_after_the_turn_in_its_order(self) -> None:
        async with pair() as (wire, writer, theirs):
            wire.gather()
            writer.write(b"head ")  # by the server, past the wire
            wire.write(b"first ")
            assert came(theirs) == b""
            await asyncio.sleep(0)
            assert came(theirs) == b"head first "
            wire.write(b"second")
            assert came(theirs) == b"second"

    async def test_what_is_gathered_can_be_let_go_before(self) -> None:
        async with pair() as (wire, writer, theirs):
            wire.gather()
            wire.write(b"first ")
            wire.release()
            writer.write(b"last")
            writer.close()
            assert came(theirs) == b"first last"
            await turns(2)

    async def test_what_is_gathered_is_bounded(self) -> None:
        async with pair() as (wire, _, theirs):
            wire.gather()
            for _ in range(WRITE_MAX_BYTES // len(PIECE) + 1):
                assert not came(theirs)
                wire.write(PIECE)
            wire.write(PIECE)
            assert came(theirs)
            assert wire.unsent_bytes()

    async def test_what_was_gathered_for_one_who_is_cut_off_is_dropped(self) -> None:
        async with pair() as (wire, _, theirs):
            wire.gather()
            wire.write(PIECE)
            wire.abort()
            await turns(3)
            assert came(theirs) == b""

    async def test_what_is_offered_to_one_who_has_room_goes_past_the_transport(self) -> None:
        """On this Python; without it each delivery costs a tenth more."""
        async with pair() as (wire, writer, theirs):
            assert wire.offer(b"head ") == 0, "the server's own bytes may be on their way"
            wire.write(b"head ")
            servers.divert(writer.transport, refused)
            assert wire.offer(b"first ") == 6, "asyncio has no socket where `deliver/wire.py` looks for it"
            assert came(theirs) == b"head first "

    async def test_what_is_offered_does_not_overtake_what_is_gathered(self) -> None:
        async with pair() as (wire, _, theirs):
            wire.write(b"zeroth ")
            wire.gather()
            assert give(wire, b"first ") == 0
            assert give(wire, b"second ") == 0
            await asyncio.sleep(0)
            assert give(wire, b"third") == 5
            assert came(theirs) == b"zeroth first second third"

    async def test_what_is_offered_does_not_overtake_what_is_unsent(self) -> None:
        async with pair() as (wire, _, theirs):
            wire.write(b"0" * 10)
            large = b"".join(b"%010d" % number for number in range(1, 5000))
            assert 0 < give(wire, large) < len(large)
            assert give(wire, b"x" * 10) == 0
            body = b""
            while wire.unsent_bytes():
                body += came(theirs)
                await asyncio.sleep(0)
            assert give(wire, b"y" * 10) == 0, "that all has been sent is known with the next write"
            assert give(wire, b"z" * 10) == 10
            assert body + came(theirs) == b"0" * 10 + large + b"x" * 10 + b"y" * 10 + b"z" * 10

    async def test_one_who_has_no_room_at_all_takes_nothing_and_gets_it_later(self) -> None:
        async with pair() as (wire, _, theirs):
            wire.write(b"0")
            filled = 0
            with suppress(BlockingIOError):
                while True:
                    filled += wire.offer(b"1" * 1000)
            with pytest.raises(BlockingIOError):
                wire.offer(b"2")
            assert give(wire, b"2") == 0
            body = b""
            while wire.unsent_bytes():
                body += came(theirs)
                await asyncio.sleep(0)
            assert body + came(theirs) == b"0" + b"1" * filled + b"2"

    async def test_one_whose_connection_has_been_closed_takes_nothing(self) -> None:
        """Its descriptor may be another connection's by then."""
        async with pair() as (wire, writer, _):
            wire.write(b"0")
            descriptor = writer.get_extra_info("socket").fileno()
            writer.close()
            await writer.wait_closed()
            one, other = socket.socketpair()
            with one, other:
                assert descriptor in (one.fileno(), other.fileno())
                assert give(wire, b"1") == 0
                assert wire.offer(b"1") == 0
                for each in (one, other):
                    each.setblocking(False)
                    assert came(each) == b""

    async def test_over_tls_nothing_goes_past_the_transport(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with pair() as (wire, writer, _):
            extra = {"socket": writer.get_extra_info("socket"), "sslcontext": ssl.create_default_context()}
            monkeypatch.setattr(writer.transport, "get_extra_info", extra.get)
            wire.write(b"0")
            assert wire.offer(b"1") == 0


def refused(_: bytes) -> None:
    raise AssertionError("It goes by the transport")


class TestAsgi:
    async def test_what_gathers_while_one_piece_is_sent_goes_out_at_once(self) -> None:
        sent: list[bytes] = []
        gate = asyncio.Event()

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message["body"])
            await gate.wait()

        wire = AsgiWire(send, UNSENT_MAX)
        pump = asyncio.create_task(wire.pump())
        wire.write(b"a")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for piece in (b"b", b"c", b"d"):
            wire.write(piece)
        gate.set()
        wire.finish()
        await pump
        assert sent == [b"a", b"bcd"]

    async def test_there_is_no_room_before_half_of_it_is_free(self) -> None:
        gate = asyncio.Event()

        async def send(_: MutableMapping[str, Any]) -> None:
            await gate.wait()
            gate.clear()

        wire = AsgiWire(send, UNSENT_MAX)
        pump = asyncio.create_task(wire.pump())
        wire.write(b"a")
        await turns(2)
        wire.write(b"b" * (UNSENT_MAX + 1))  # while the first piece is being sent
        waiting = asyncio.create_task(wire.drained())
        gate.set()
        await turns(5)
        assert wire.unsent_bytes() == UNSENT_MAX + 1
        assert not waiting.done()
        gate.set()
        await waiting
        assert wire.unsent_bytes() == 0
        wire.finish()
        await pump

    async def test_finishing_sends_what_is_written_first(self) -> None:
        sent: list[bytes] = []

        async def send(message: MutableMapping[str, Any]) -> None:
            await asyncio.sleep(0)
            sent.append(message["body"])

        wire = AsgiWire(send, UNSENT_MAX)
        wire.write(b"a")
        wire.finish()
        await wire.pump()
        assert sent == [b"a"]
        assert not wire.closed

    async def test_a_pump_that_has_nothing_to_do_does_nothing(self) -> None:
        sent: list[bytes] = []

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message["body"])

        wire = AsgiWire(send, UNSENT_MAX)
        pump = asyncio.create_task(wire.pump())
        await turns(5)
        assert not pump.done()
        wire.finish()
        await pump
        assert sent == []

    async def test_what_is_cut_off_is_not_sent(self) -> None:
        sent: list[bytes] = []

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message["body"])

        wire = AsgiWire(send, UNSENT_MAX)
        wire.write(b"a")
        wire.abort()
        await wire.pump()
        assert sent == []

    async def test_a_send_that_fails_closes_the_wire(self) -> None:
        async def send(message: MutableMapping[str, Any]) -> None:
            raise ConnectionResetError("The browser has gone")

        wire = AsgiWire(send, UNSENT_MAX)
        pump = asyncio.create_task(wire.pump())
        wire.write(b"a")
        await pump
        assert wire.closed
        with pytest.raises(ConnectionError):
            await wire.drained()
        for _ in range(100):
            wire.write(b"a" * UNSENT_MAX)
        assert wire.unsent_bytes() == 0, "what nobody will send piles up"


@pytest.fixture
def _nothing_missed_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_missing_steps", set())


@pytest.mark.usefixtures("_nothing_missed_yet")
class TestHypercorn:
    """On the real server: the part that stands on Hypercorn's inside."""

    @staticmethod
    @asynccontextmanager
    async def serving(tmp_path: Path, answer: Callable[[Send], Awaitable[None]]) -> AsyncIterator[str]:
        """A server that gives one answer; the path of its socket."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await answer(send)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        path = str(tmp_path / "http.sock")
        config = Config()
        config.bind = [f"unix:{path}"]
        config.loglevel = "ERROR"
        stopping = asyncio.Event()

        async def stopped() -> None:
            await stopping.wait()

        serve: Any = hypercorn.asyncio.serve  # whose messages are typed one by one
        server = asyncio.create_task(serve(app, config, shutdown_trigger=stopped))
        try:
            await until(lambda: Path(path).exists() or server.done(), 0.001)
            yield path
        finally:
            stopping.set()
            await server

    async def test_this_hypercorn_has_what_the_transport_way_stands_on(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Over HTTP/1.1 events go past the server and arrive as its chunks."""
        found: list[asyncio.StreamWriter | None] = []

        async def answer(send: Send) -> None:
            found.append(writer := servers.http11_writer(send))
            if writer is not None:
                wire = TransportWire(writer, UNSENT_MAX)
                wire.write(wire.framed(PIECE))
                await wire.drained()

        async with self.serving(tmp_path, answer) as path:
            reader, writer = await asyncio.open_unix_connection(path)
            for _ in range(2):  # the second on the same connection: the server's state is as it should be
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200"), changed("what is sent is not after the head")
                assert b"transfer-encoding: chunked" in head.lower(), changed("answers are not chunked")
                framed = TransportWire.framed(PIECE) + b"0\r\n\r\n"
                came = await reader.readexactly(5 if None in found else len(framed))
                assert found[-1] is not None, changed(caplog.messages[-1])
                assert came == framed, changed("the chunks of an answer are not where they should be")
            writer.close()
            await writer.wait_closed()
        assert len(found) == 2
        assert not caplog.messages
        assert not servers.is_slow()

    async def test_over_http_2_what_the_browser_has_not_taken_counts_as_unsent(self, tmp_path: Path) -> None:
        """Hypercorn's `send` returns at once and keeps it; there is no transport of one's own."""
        made: list[AsgiWire] = []
        pieces = 300

        async def answer(send: Send) -> None:
            assert servers.writer(send) is None
            made.append(wire := AsgiWire(send, UNSENT_MAX))
            for _ in range(pieces):
                wire.write(wire.framed(PIECE))
            wire.finish()
            await wire.pump()

        async with self.serving(tmp_path, answer) as path:
            reader, writer = await asyncio.open_unix_connection(path)
            client = H2Connection(H2Configuration(client_side=True))
            client.initiate_connection()
            names = {":method": "GET", ":path": "/", ":scheme": "http", ":authority": "x"}
            client.send_headers(1, list(names.items()), end_stream=True)
            body, taken = b"", 0

            async def read_up_to(size: int) -> None:
                nonlocal body
                while len(body) < size:
                    writer.write(client.data_to_send())
                    received = await reader.read(65536)
                    assert received
                    for each in client.receive_data(received):
                        if isinstance(each, DataReceived):
                            body += each.data

            await read_up_to(window := client.remote_settings.initial_window_size)
            await turns(20)
            came, unsent = len(body), made[0].unsent_bytes()
            while len(body) < pieces * len(PIECE):
                client.acknowledge_received_data(len(body) - taken, 1)
                taken = len(body)
                await read_up_to(taken + 1)
            await until(lambda: not made[0].unsent_bytes())
            writer.close()
            await writer.wait_closed()
        assert body == PIECE * pieces
        assert came == window
        assert unsent == len(body), changed("H2Protocol.stream_buffers has nothing that waits in `drain`")

    async def test_what_is_missing_is_said_once_and_by_its_name(self, caplog: pytest.LogCaptureFixture) -> None:
        async def send(message: MutableMapping[str, Any]) -> None: ...

        for _ in range(3):
            assert servers.http11_writer(send) is None
        assert servers.is_slow()
        (record,) = caplog.records
        assert record.levelname == "WARNING"
        assert record.__dict__["action"] == "wire_slow"
        assert record.__dict__["hypercorn"] == version("hypercorn")
        assert record.getMessage().endswith("ASGI's send is not a method of HTTPStream.")

    @pytest.mark.parametrize(
        ("change", "missing"),
        [
            (lambda chain: chain.rename(chain.stream), "ASGI's send is not a method of HTTPStream"),
            (lambda chain: delattr(chain.stream, "send"), "HTTPStream.send is not a method of H11Protocol"),
            (lambda chain: setattr(chain.stream, "send", print), "HTTPStream.send is not a method of H11Protocol"),
            (lambda chain: chain.rename(chain.protocol), "HTTPStream.send is not a method of H11Protocol"),
            (lambda chain: delattr(chain.protocol, "send"), "H11Protocol.send is not a method of TCPServer"),
            (lambda chain: chain.rename(chain.server), "H11Protocol.send is not a method of TCPServer"),
            (lambda chain: delattr(chain.server, "writer"), "TCPServer.writer is not a StreamWriter"),
            (lambda chain: setattr(chain.server, "writer", None), "TCPServer.writer is not a StreamWriter"),
        ],
    )
    def test_each_step_to_the_transport_is_checked(
        self, change: Callable[[Chain], None], missing: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        chain = Chain()
        assert servers.http11_writer(chain.send) is chain.server.writer
        change(chain)
        assert servers.http11_writer(chain.send) is None
        assert missing in caplog.messages[-1]


class Step:
    """One of Hypercorn's objects, as far as it is looked at."""

    send: Any
    writer: asyncio.StreamWriter | None

    async def method(self, _: MutableMapping[str, Any]) -> None: ...


class Chain:
    """What is behind the `send` of an HTTP/1.1 connection."""

    def __init__(self) -> None:
        self.stream, self.protocol, self.server = (named(each) for each in ("HTTPStream", "H11Protocol", "TCPServer"))
        self.stream.send, self.protocol.send = self.protocol.method, self.server.method
        self.server.writer = Writer()
        self.send = self.stream.method

    def rename(self, step: Step) -> None:
        step.__class__ = type("Renamed", (Step,), {})


class Writer(asyncio.StreamWriter):
    """One without a connection."""

    def __init__(self) -> None: ...

    def __del__(self) -> None: ...


def named(name: str) -> Step:
    return cast(Step, type(name, (Step,), {})())


def changed(what: str) -> str:
    return f"Hypercorn {version('hypercorn')} is not as `deliver/wire.py` needs it: {what}"
