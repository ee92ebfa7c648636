"""One connection that sends: a request at a time, kept alive, made again when it is lost."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from app.sdk.load.address import Address
from app.sdk.load.http import Answer, BadAnswer, Head

# The service answers within five seconds that its database is away; what takes longer is lost.
ANSWER_SECONDS = 10.0
BUFFER = memoryview(bytearray(64 * 1024))  # what was read is understood before another one reads

# What has come of a request: the head and the body of the answer, or None: there was none.
Outcome = tuple[Head, bytes] | None


class Sender(asyncio.BufferedProtocol):
    """Sends what it is given.

    Args:
        answered: is told what has come of a request; the sender is free then.

    Attributes:
        free_since: the loop's time at which it was free again.
    """

    def __init__(
        self, address: Address, tls: ssl.SSLContext | None, answered: Callable[[Sender, Outcome], None]
    ) -> None:
        self._address = address
        self._tls = tls
        self._answered = answered
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._pieces: list[bytes] = []
        self._timeout: asyncio.TimerHandle | None = None
        self._connecting: asyncio.Task[None] | None = None
        self.free_since = 0.0

    async def connect(self) -> None:
        """Makes the connection.

        Raises:
            OSError: nobody answers.
        """
        address = self._address
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._loop.create_connection(
                lambda: self, address.host, address.port, ssl=self._tls, server_hostname=address.server_name
            )

    def send(self, request: bytes) -> None:
        """Writes a request, after connecting if need be; `answered` is called once, and never before this returns."""
        self._answer = Answer()
        self._pieces = []
        if self._transport is None:
            self._connecting = self._loop.create_task(self._connect_and_write(request))
        else:
            self._write(self._transport, request)

    def close(self) -> None:
        self._answer = None
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()

    # -- What asyncio calls -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # asyncio's
        return BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        answer = self._answer
        if answer is None or self._transport is None:
            return  # an answer that nobody has asked for; what ends an idle connection is 408
        try:
            self._pieces.append(answer.feed(bytes(BUFFER[:nbytes])))
        except BadAnswer:
            self._transport.abort()
            return
        if answer.done and answer.head is not None:
            if answer.head.keeps_alive:
                self._finish((answer.head, b"".join(self._pieces)))
            else:
                self._transport.abort()  # `connection_lost` hands the answer over

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's
        answer = self._answer
        self._transport = None
        if answer is not None:
            is_whole = answer.ended()
            self._finish((answer.head, b"".join(self._pieces)) if is_whole and answer.head else None)

    # -- Inside -------------------------------------------------------------------------------------

    async def _connect_and_write(self, request: bytes) -> None:
        try:
            await self.connect()
        except OSError:  # TimeoutError is one
            self._finish(None)
            return
        if self._transport is not None:
            self._write(self._transport, request)

    def _write(self, transport: asyncio.Transport, request: bytes) -> None:
        transport.write(request)
        self._timeout = self._loop.call_later(ANSWER_SECONDS, transport.abort)

    def _finish(self, outcome: Outcome) -> None:
        self._answer = None
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None
        self.free_since = self._loop.time()
        self._answered(self, outcome)
