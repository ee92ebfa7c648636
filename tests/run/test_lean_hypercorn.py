"""What a connection holds while it is open, and what is left of it afterwards."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import hypercorn.config
import pytest

from app.asgi import Receive, Scope, Send
from app.auth import Identity, Tokens
from app.deliver.api import Stream
from app.deliver.delivery import Delivery
from app.run import drain
from app.run.lean_hypercorn import Config, Event, Inlet, KeepAlive, Termination
from app.settings import Settings
from tests.deliver.test_connection import NoHistory
from tests.support.hostile import Client
from tests.support.tasks import PATIENCE_SECONDS, turns, until

MANY = 50
MOMENT = 1_800_000_000
SETTINGS = Settings(host="127.0.0.1", port=0, connections_per_customer=0)
TOKENS = Tokens("a key of thirty-two bytes or more")
ASKED = b"GET /stream?token=%b HTTP/1.1\r\nHost: x\r\n\r\n" % TOKENS.sign("customer:1", "customer").encode()


def stream() -> Stream:
    """The application of `/stream` without a database."""

    async def no_subscriptions(customer_ids: Sequence[int]) -> dict[int, dict[str, int]]:
        return {}

    async def count_unread(identity: Identity) -> int:
        return 0

    delivery = Delivery(SETTINGS, NoHistory(), no_subscriptions)
    delivery.begin([], 5)
    return Stream(SETTINGS, TOKENS, delivery, NoHistory(), count_unread)


class Server:
    """The server as the service runs it, in this process; its clients are nothing but sockets."""

    def __init__(self, url: str, stopping: asyncio.Event) -> None:
        self._url = url
        self._tasks = len(asyncio.all_tasks())
        self.stopping = stopping

    async def clients(self, count: int, asked: bytes, mark: bytes) -> list[Client]:
        """Clients that have each sent a request and got an answer."""
        clients = [await Client(self._url).connect() for _ in range(count)]
        for client in clients:
            await client.send(asked)
            await client.until(mark)
        return clients

    async def until_idle(self) -> None:
        """Returns once no connection is open."""
        await until(lambda: len(asyncio.all_tasks()) <= self._tasks)
        await turns(5)  # of the transports


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[Server]:
    async def no_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)

    async def drained() -> None: ...

    stopping = asyncio.Event()
    with drain.bind(SETTINGS) as opened:
        url = drain.address(SETTINGS, opened)
        task = asyncio.create_task(drain.serve(no_lifespan, opened, stopping, drained))
        try:
            await turns(100)  # so that all tasks of the server are there
            yield Server(url, stopping)
        finally:
            stopping.set()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await task


async def ok(scope: Scope, _: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def alive(*names: str) -> Counter[str]:
    """The objects of some types, by name."""
    return Counter(name for each in gc.get_objects() if (name := type(each).__name__) in names)


async def test_an_open_stream_holds_no_empty_queue_but_asyncios_own() -> None:
    """A transport's protocol has one."""
    async with serving(stream()) as server:
        gc.collect()
        before = alive("deque")
        clients = await server.clients(MANY, ASKED, b"event: synced")
        assert (alive("deque") - before)["deque"] <= MANY
        for client in clients:
            client.close()


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("asked", ["a stream", "an answer", "nothing"])
async def test_nothing_is_left_of_connections_that_have_ended(asked: str, reset: bool) -> None:
    """Else it would be there until the garbage collector's next full round, which stops everything."""
    request, mark = {"a stream": (ASKED, b"event: synced"), "an answer": (ASKED, b"ok"), "nothing": (b"", b"")}[asked]
    kinds = (
        "Connection",
        "ConnectionResetError",
        "H11Protocol",
        "HTTPStream",
        "StreamReader",
        "StreamReaderProtocol",
        "StreamWriter",
        "TCPServer",
        "TaskGroup",
        "TransportSocket",
        "_SelectorSocketTransport",
    )
    async with serving(stream() if asked == "a stream" else ok) as server:
        gc.collect()
        gc.disable()
        try:
            before = alive(*kinds)
            clients = await server.clients(MANY, request, mark)
            await until(lambda: (alive("TCPServer") - before)["TCPServer"] == MANY, 0.01)
            for client in clients:
                client.reset() if reset else client.close()
            await server.until_idle()
            assert alive(*kinds) - before == Counter()
        finally:
            gc.enable()


async def test_at_the_end_those_who_ask_for_nothing_are_closed_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drain, "GRACE_SECONDS", 2 * PATIENCE_SECONDS)
    async with serving(ok) as server:
        clients = await server.clients(1, b"", b"") + await server.clients(1, ASKED, b"ok")
        server.stopping.set()
        for client in clients:
            assert await client.until_closed(PATIENCE_SECONDS) == b""
            client.close()


async def test_a_request_that_comes_in_the_moment_in_which_its_connection_is_closed_is_answered() -> None:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    keep_alive = KeepAlive(writer, 0.0, Termination())

    async def read() -> None:
        await reader.read(1)
        await keep_alive.stop()

    reading = asyncio.create_task(read())
    await turns(2)
    await keep_alive.restart()
    theirs.send(b"G")  # seen in the turn in which the time is over
    await reading
    await turns(5)
    assert not writer.is_closing()
    await keep_alive.restart()
    await until(writer.is_closing)
    await writer.wait_closed()
    theirs.close()


def test_the_date_of_an_answer_is_that_of_its_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = MOMENT + 0.1
    monkeypatch.setattr("time.time", lambda: now)
    monkeypatch.setattr(hypercorn.config, "time", lambda: now)
    config = Config()
    first = config.response_headers("h11")
    assert first == [(b"date", b"Fri, 15 Jan 2027 08:00:00 GMT")]
    now = MOMENT + 0.9
    assert config.response_headers("h2") is first
    now = MOMENT + 1.0
    assert config.response_headers("h11") == [(b"date", b"Fri, 15 Jan 2027 08:00:01 GMT")]


async def test_an_event_wakes_all_who_wait_and_can_be_cleared() -> None:
    event = Event()
    waiting = [asyncio.create_task(event.wait()) for _ in range(2)]
    await turns(2)
    assert not any(task.done() for task in waiting)
    await event.set()
    await asyncio.gather(*waiting)
    assert event.is_set()
    await event.wait()
    await event.clear()
    assert not event.is_set()
    again = asyncio.create_task(event.wait())
    await turns(2)
    assert not again.done()
    await event.set()
    await again


def piece(number: int) -> Any:
    return {"type": "http.request", "body": b"%d" % number, "more_body": True}


class TestInlet:
    LAST: Mapping[str, str] = {"type": "http.disconnect"}

    async def test_what_is_put_in_is_read_in_its_order(self) -> None:
        inlet = Inlet(3)
        reading = [asyncio.create_task(inlet.get())]
        await turns(2)
        for number in range(3):
            await inlet.put(piece(number))
        await reading[0]
        assert [reading[0].result(), await inlet.get(), await inlet.get()] == [piece(0), piece(1), piece(2)]

    async def test_room_is_waited_for(self) -> None:
        inlet = Inlet(2)
        await inlet.put(piece(0))
        await inlet.put(piece(1))
        putting = asyncio.create_task(inlet.put(piece(2)))
        await turns(3)
        assert not putting.done()
        assert await inlet.get() == piece(0)
        await putting
        assert [await inlet.get(), await inlet.get()] == [piece(1), piece(2)]

    async def test_who_no_longer_waits_takes_nothing(self) -> None:
        inlet = Inlet(2)
        reading = asyncio.create_task(inlet.get())
        await turns(2)
        reading.cancel()
        await inlet.put(piece(0))
        assert await inlet.get() == piece(0)

    async def test_the_end_finds_room_and_nothing_follows_it(self) -> None:
        inlet = Inlet(1)
        await inlet.put(piece(0))
        putting = asyncio.create_task(inlet.put(piece(1)))
        await turns(2)
        end: Any = self.LAST
        await inlet.put(end)
        await putting
        await inlet.put(piece(2))
        assert [await inlet.get(), await inlet.get()] == [piece(0), self.LAST]
