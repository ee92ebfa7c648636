"""Parts of Hypercorn 0.18 made lean: what it holds for a connection that is open for days, what a request costs.

Asyncio's events and queues hold empty deques of 0.6 KB each, which were a fifth of an idle stream's memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from hypercorn import config as configs
from hypercorn.asyncio import task_group, worker_context
from hypercorn.typing import AppWrapper, ASGIReceiveEvent, ASGISendEvent, Scope


class Config(configs.Config):
    """Makes the fields that every answer has (`Date`) once a second."""

    include_server_header = False
    _second = 0
    _fields: list[tuple[bytes, bytes]]

    def response_headers(self, protocol: str) -> list[tuple[bytes, bytes]]:
        second = int(time.time())
        if second != self._second:
            self._second, self._fields = second, super().response_headers(protocol)
        return self._fields


class Event:
    """An event that holds nothing until somebody waits for it."""

    __slots__ = ("_awaited", "_is_set")

    def __init__(self) -> None:
        self._is_set = False
        self._awaited: asyncio.Event | None = None

    def is_set(self) -> bool:
        return self._is_set

    async def set(self) -> None:
        self._is_set = True
        if self._awaited is not None:
            self._awaited.set()
            self._awaited = None

    async def clear(self) -> None:
        self._is_set = False

    async def wait(self) -> None:
        if not self._is_set:
            if self._awaited is None:
                self._awaited = asyncio.Event()
            await self._awaited.wait()


class Termination(Event):
    """The end of the server, which closes the connections that are idle."""

    __slots__ = ("idle",)

    def __init__(self) -> None:
        super().__init__()
        self.idle: set[asyncio.StreamWriter] = set()

    async def set(self) -> None:
        await super().set()
        for writer in self.idle:
            writer.close()


class WorkerContext(worker_context.WorkerContext):
    event_class = Event
    terminated: Termination

    def __init__(self, max_requests: int | None) -> None:
        super().__init__(max_requests)
        self.terminated = Termination()


class KeepAlive:
    """Closes a connection that asks for nothing for some time. Hypercorn makes two tasks for that after each request.

    A connection that is closed reads its end, which is all that Hypercorn does about an idle one.
    """

    __slots__ = ("_seconds", "_terminated", "_timer", "_writer")

    def __init__(self, writer: asyncio.StreamWriter, seconds: float, terminated: Termination) -> None:
        self._writer = writer
        self._seconds = seconds
        self._terminated = terminated
        self._timer: asyncio.Handle | None = None

    async def restart(self, *_: object) -> None:
        await self.stop()
        if self._terminated.is_set():
            self._writer.close()
            return
        self._terminated.idle.add(self._writer)
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._run_out)

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._terminated.idle.discard(self._writer)

    def _run_out(self) -> None:
        # A request that has come in this turn of the loop is seen in the next, before this.
        self._timer = asyncio.get_running_loop().call_soon(self._writer.close)


class Inlet:
    """What has come of a request and was not read yet. One reads it, one fills it.

    Hypercorn's waits for ever for room that an application which has answered without reading will not make: the
    connection was never closed. Here the word that it has ended finds room, and nothing follows it.
    """

    __slots__ = ("_change", "_has_ended", "_messages", "_size_max")

    def __init__(self, size_max: int) -> None:
        self._size_max = size_max
        self._messages: list[ASGIReceiveEvent] = []
        self._has_ended = False
        self._change: asyncio.Future[None] | None = None

    async def put(self, message: ASGIReceiveEvent) -> None:
        is_last = message["type"].endswith(".disconnect")
        while len(self._messages) >= self._size_max and not is_last and not self._has_ended:
            await self._changed()
        if not self._has_ended:
            self._has_ended = is_last
            self._messages.append(message)
            self._tell()

    async def get(self) -> ASGIReceiveEvent:
        while not self._messages:
            await self._changed()
        message = self._messages.pop(0)
        self._tell()
        return message

    async def _changed(self) -> None:
        # There is one: nobody waits for room while nobody has anything to read.
        self._change = asyncio.get_running_loop().create_future()
        await self._change

    def _tell(self) -> None:
        if self._change is not None and not self._change.done():
            self._change.set_result(None)


class TaskGroup(task_group.TaskGroup):
    """The tasks of a connection, with an `Inlet` for each request."""

    async def spawn_app(
        self,
        app: AppWrapper,
        config: configs.Config,
        scope: Scope,
        send: Callable[[ASGISendEvent | None], Awaitable[None]],
    ) -> Callable[[ASGIReceiveEvent], Awaitable[None]]:
        inlet = Inlet(config.max_app_queue_size)
        self.spawn(task_group._handle, app, config, scope, inlet.get, send, _no_wsgi, _no_wsgi)
        return inlet.put


def _no_wsgi(*_: Any) -> None:
    raise NotImplementedError
