"""A virtual customer: one stream, opened again with the last id as a browser would, for as long as the run lasts."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from app.sdk.load import problem
from app.sdk.load.arrivals import Arrivals, Batch
from app.sdk.load.http import Answer, BadAnswer, Head
from app.sdk.load.message import Refusal
from app.sdk.load.sse import Events

RETRY_MS = 3_000  # until the service says another, as browsers do
# What was read is understood before another one reads. (asyncio's other way, a new 256 KB for each read, takes longer
# than all the rest: 30 µs.)
BUFFER = memoryview(bytearray(256 * 1024))
# Payloads that are remembered: connections that get the same are only a few events apart.
REMEMBERED_MAX = 500


class Line(Protocol):
    """Where a customer's connections come from."""

    def synced(self, again: bool) -> None:
        """A stream is up to date, for the first time or again."""

    def gap(self) -> None:
        """History that was asked for is gone."""

    def lost(self, customer: Customer, seconds: float) -> None:
        """A stream has ended; it is to be opened again after a time."""

    def refused(self, refusal: Refusal) -> None:
        """A stream can't be had."""


class Customer(asyncio.BufferedProtocol):
    """One customer, on one connection after the other.

    Args:
        number: in the plan.
        request: for the stream, without the last id and the empty line.
        shared: what bytes mean that others have got before; None: nobody gets the same.

    Attributes:
        out_of_order: notifications whose position was not above all that was seen.
    """

    __slots__ = (
        "_answer", "_arrivals", "_between", "_events", "_highest", "_last_id", "_line", "_number", "_over",
        "_refusal", "_request", "_retry_ms", "_shared", "_transport", "_was_synced", "out_of_order",
    )  # fmt: skip

    def __init__(
        self, number: int, request: bytes, line: Line, arrivals: Arrivals, shared: dict[bytes, Batch] | None
    ) -> None:
        self._number = number
        self._request = request
        self._line = line
        self._arrivals = arrivals
        self._shared = shared
        self._last_id = b""
        self._retry_ms = RETRY_MS
        self._highest = 0
        self._transport: asyncio.Transport | None = None
        self._over = False
        self._was_synced = False
        self.out_of_order = 0

    @property
    def retry_seconds(self) -> float:
        """How long to wait before the stream is opened again."""
        return self._retry_ms / 1000

    def close(self) -> None:
        """Ends the stream for good."""
        self._over = True
        self._abort()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # -- What asyncio calls -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._answer = Answer()
        self._events = Events()
        self._between = False
        self._refusal = b""
        last = b"Last-Event-ID: %b\r\n" % self._last_id if self._last_id else b""
        transport.write(self._request + last + b"\r\n")

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # asyncio's
        return BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        now = time.time()
        data = bytes(BUFFER[:nbytes])
        if self._shared is not None and self._between:
            batch = self._shared.get(data)
            if batch is None:
                batch = self._understand(data)
                if batch is not None and self._between and not batch.names:
                    self._remember(data, batch)
        else:
            batch = self._understand(data)
        if batch is not None:
            self._take(batch, now)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's
        self._transport = None
        head = self._answer.head
        if self._over:
            return
        if head is not None and head.status != 200:
            self._refused(head)
        else:
            self._line.lost(self, self.retry_seconds)

    # -- Inside -------------------------------------------------------------------------------------

    def _understand(self, data: bytes) -> Batch | None:
        """What bytes bring that nobody has got before; None: nothing to be taken down."""
        answer = self._answer
        try:
            body = answer.feed(data)
        except BadAnswer as error:
            self._over = True
            self._line.refused(Refusal(502, "", f"what answers speaks no HTTP/1.1: {error}"))
            self._abort()
            return None
        if answer.head is None:
            return None
        if answer.head.status != 200:
            self._refusal += body[: problem.BODY_MAX_BYTES - len(self._refusal)]
            if answer.done:
                self._abort()
            return None
        batch = self._arrivals.batch(self._events.feed(body))
        self._retry_ms = self._events.retry_ms or self._retry_ms
        self._last_id = self._events.last_id or self._last_id
        self._between = answer.is_between and self._events.is_between
        if answer.done:
            self._abort()
        return batch

    def _remember(self, data: bytes, batch: Batch) -> None:
        assert self._shared is not None
        if len(self._shared) >= REMEMBERED_MAX:
            self._shared.clear()
        self._shared[data] = batch

    def _take(self, batch: Batch, now: float) -> None:
        if batch.numbers:
            self._arrivals.add(self._number, batch.numbers, now)
            self.out_of_order += batch.falls + (batch.first <= self._highest)
        self._highest = max(self._highest, batch.highest)
        if batch.last_id:
            self._last_id = batch.last_id
        for name in batch.names:
            if name == b"synced":
                self._line.synced(self._was_synced)
                self._was_synced = True
            elif name == b"gap":
                self._line.gap()

    def _refused(self, head: Head) -> None:
        if head.status >= 500 or head.status == 429:
            retry_after = head.fields.get("retry-after", "")
            seconds = float(retry_after) if retry_after.isdecimal() else 0.0
            self._line.lost(self, max(seconds, self.retry_seconds))
        else:
            self._line.refused(problem.read(head.status, self._refusal))
