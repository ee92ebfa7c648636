"""Plain ASGI, for the paths that are asked most: Quart takes as long for a request as all that we do with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Mapping, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import orjson

from app import cors, database, errors
from app.auth import Identity, Tokens, find_token
from app.errors import GetnotifiedError

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_SECONDS = 60.0
DISCARD_MAX_BYTES = 16 * 1024 * 1024

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


async def read_body(pieces: AsyncIterable[bytes], limit_bytes: int) -> bytes:
    """A request's body.

    One that is over the limit is read to its end all the same, within reason: a client that is still sending does
    not see the answer of a server that hangs up.

    Raises:
        BodyTooLarge: it is over the limit.
        BodyTimeout: it did not end in time.
        ClientGone: see `Request.pieces`.
    """
    kept: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in pieces:
                size += len(piece)
                if size <= limit_bytes:
                    kept.append(piece)
                elif size > limit_bytes + DISCARD_MAX_BYTES:
                    break
    except TimeoutError:
        raise errors.BodyTimeout(BODY_SECONDS) from None
    if size > limit_bytes:
        raise errors.BodyTooLarge(limit_bytes)
    return b"".join(kept)


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
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI has them."""
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
