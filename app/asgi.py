"""Plain ASGI, for the paths that are asked most: Quart takes as long for a request as all that we do with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import orjson

from app import cors, database, errors, server
from app.auth import Identity, Tokens, find_token
from app.errors import GetnotifiedError

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = server.Send

BODY_SECONDS = 60.0
DISCARD_MAX_BYTES = 16 * 1024 * 1024
# Of all bodies that have begun to come, together: a thousand clients that send 1 MB and stop are not to cost 1 GB.
BODIES_MAX_BYTES = 64 * 1024 * 1024

JSON = {"Content-Type": "application/json"}
PROBLEM = {"Content-Type": "application/problem+json"}


class ClientGone(GetnotifiedError):
    """The client has left before its request was whole: there is nobody to answer."""


class Answer(NamedTuple):
    """What a request is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = JSON


class Request:
    """A request, read no further than it is asked for.

    Attributes:
        method: `GET`, `POST`, in capitals.
        path: without the query.
        headers: by name in lower case; of several with one name the last.
    """

    __slots__ = ("_query", "_receive", "headers", "method", "path")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, str] = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        self._query: bytes = scope["query_string"]
        self._receive = receive

    @property
    def query(self) -> dict[str, list[str]]:
        """The values of each name."""
        return parse_qs(self._query.decode("latin-1"), keep_blank_values=True) if self._query else {}

    def identify(self, tokens: Tokens, query_token: str | None = None) -> Identity:
        """Who sent it.

        Raises:
            Refusal: the token is missing, expired, forged, or of an unknown role.
        """
        token = find_token(self.headers.get(b"authorization"), self.headers.get(b"cookie"), query_token)
        return tokens.verify(token)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes.

        Raises:
            ClientGone: it will not be whole any more.
        """
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            yield message.get("body", b"")
            if not message.get("more_body"):
                return


Handler = Callable[[Request], Awaitable[Answer]]


class Endpoint:
    """The ASGI application of one path with one method.

    Args:
        method: the one that `handle` answers.
        handle: what raises is answered with a problem document.
        origins: other sites whose pages may call it.
    """

    def __init__(self, method: str, handle: Handler, origins: Collection[str]) -> None:
        self._methods = [method, "OPTIONS"]
        self._handle = handle
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            answer = preflight(self._methods) if request.method == "OPTIONS" else await self._answer(request)
        except ClientGone:
            return
        except Exception as error:  # a bug in one request must not be the end of its connection
            answer = problem(refusal(error, request.path))
        shared = cors.headers(request.headers.get(b"origin"), self._origins, request.method)
        await respond(send, answer, shared)

    async def _answer(self, request: Request) -> Answer:
        if request.method not in self._methods:
            raise errors.MethodNotAllowed(request.method, self._methods)
        return await self._handle(request)


class Bodies:
    """The bodies that are being read, with a bound to what they hold together.

    What is over it costs the oldest its place: a whole body comes within milliseconds, so that one has stopped.

    Args:
        max_bytes: the bound. A body that is by itself may be longer.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held: dict[asyncio.Timeout, int] = {}  # the oldest first
        self._bytes = 0

    def hold(self, deadline: asyncio.Timeout, count: int) -> None:
        """So many bytes more are kept of the body that is read until a deadline."""
        self._held[deadline] = self._held.get(deadline, 0) + count
        self._bytes += count
        while self._bytes > self._max_bytes and len(self._held) > 1:
            oldest = next(iter(self._held))
            self.release(oldest)
            with suppress(RuntimeError):  # it expires in this very moment
                oldest.reschedule(asyncio.get_running_loop().time())

    def release(self, deadline: asyncio.Timeout) -> None:
        self._bytes -= self._held.pop(deadline, 0)


_bodies = Bodies(BODIES_MAX_BYTES)


async def read_body(pieces: AsyncIterable[bytes], limit_bytes: int, bodies: Bodies = _bodies) -> bytes:
    """A request's body.

    One that is over the limit is read to its end all the same, within reason: a client that is still sending does
    not see the answer of a server that hangs up.

    Args:
        limit_bytes: how long it may be.
        bodies: those that share a bound.

    Raises:
        BodyTooLarge: it is over the limit.
        BodyTimeout: it did not end in time, or had to make way for others.
        ClientGone: see `Request.pieces`.
    """
    kept = bytearray()  # a list of pieces of two bytes would cost thirty times as much
    size = 0
    began_at = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(BODY_SECONDS) as deadline:
            try:
                async for piece in pieces:
                    size += len(piece)
                    if size <= limit_bytes:
                        kept += piece
                        bodies.hold(deadline, len(piece))
                    elif size > limit_bytes + DISCARD_MAX_BYTES:
                        break
                    else:
                        kept.clear()
                        bodies.release(deadline)
            finally:
                bodies.release(deadline)
    except TimeoutError:
        raise errors.BodyTimeout(round(asyncio.get_running_loop().time() - began_at, 1)) from None
    if size > limit_bytes:
        raise errors.BodyTooLarge(limit_bytes)
    return bytes(kept)


def refusal(error: Exception, path: str) -> errors.Refusal:
    """What a request is refused with that ended in an error; what is nobody's fault but ours is logged."""
    if isinstance(error, errors.Refusal):
        return error
    if database.is_unavailable(error):
        logger.warning("The database can't be reached: %r", error, extra={"action": "database_unavailable"})
        return errors.DatabaseUnavailable()
    logger.error("A request failed.", exc_info=error, extra={"action": "request_failed", "path": path})
    return errors.InternalError()


def problem(refused: errors.Refusal) -> Answer:
    """A refusal as a problem document (RFC 9457)."""
    return Answer(refused.status, orjson.dumps(refused.problem()), {**PROBLEM, **refused.headers})


def preflight(methods: Collection[str]) -> Answer:
    """What a browser is told that asks whether it may (OPTIONS)."""
    return Answer(204, headers={"Allow": ", ".join(methods)})


async def respond(send: Send, answer: Answer, shared: Mapping[str, str]) -> None:
    """Sends a whole answer.

    Args:
        shared: headers beside its own.
    """
    headers = encoded({**answer.headers, **shared})
    if answer.status != 204:  # RFC 9110 § 8.6
        headers.append((b"content-length", b"%d" % len(answer.body)))
    with server.joined(send):
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI has them."""
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
