"""What every route of Quart needs: who is asking, the answer's form, and the one place that turns errors into HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Any

import orjson
from quart import Quart, Response, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from app import cors, database, errors
from app.auth import Identity, Tokens, find_token

logger = logging.getLogger(__name__)

BODY_LIMIT = "REQUEST_MAX_BYTES"
BODY_SECONDS = 60.0
DISCARD_MAX_BYTES = 16 * 1024 * 1024


def identify(tokens: Tokens) -> Identity:
    """Who sent the current request.

    Raises:
        Refusal: the token is missing, expired, forged, or of an unknown role.
    """
    return tokens.verify(find_token(request.headers.get("Authorization"), request.headers.get("Cookie")))


async def body() -> bytes:
    """The body of the current request.

    One that is over the limit is read to its end all the same, within reason: a client that is still sending does
    not see the answer of a server that hangs up.

    Raises:
        BodyTooLarge: it is over the limit.
        BodyTimeout: it did not end in time.
    """
    limit_bytes: int = current_app.config[BODY_LIMIT]
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.body:
                size += len(piece)
                if size <= limit_bytes:
                    pieces.append(piece)
                elif size > limit_bytes + DISCARD_MAX_BYTES:
                    break
    except TimeoutError:
        raise errors.BodyTimeout(BODY_SECONDS) from None
    if size > limit_bytes:
        raise errors.BodyTooLarge(limit_bytes)
    return b"".join(pieces)


def answer(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers=dict(headers or {}), content_type="application/json")


def problem(refusal: errors.Refusal) -> Response:
    """A refusal as a problem document (RFC 9457)."""
    body = orjson.dumps(refusal.problem())
    return Response(body, refusal.status, headers=dict(refusal.headers), content_type="application/problem+json")


def share_with(app: Quart, origins: Collection[str]) -> None:
    """Lets the pages of other sites call us."""

    @app.after_request
    async def shared(response: Response) -> Response:
        response.headers.update(cors.headers(request.headers.get("Origin"), origins, request.method))
        return response


def handle_errors(app: Quart) -> None:
    """Has every error answered with a problem document."""

    @app.errorhandler(errors.Refusal)
    async def refused(refusal: errors.Refusal) -> Response:
        return problem(refusal)

    @app.errorhandler(HTTPException)
    async def failed(error: HTTPException) -> Response:
        return problem(_refusal(error))

    @app.errorhandler(Exception)
    async def broken(error: Exception) -> Response:
        if database.is_unavailable(error):
            logger.warning("The database can't be reached: %r", error, extra={"action": "database_unavailable"})
            return problem(errors.DatabaseUnavailable())
        logger.error("A request failed.", exc_info=error, extra={"action": "request_failed", "path": request.path})
        return problem(errors.InternalError())


def _refusal(error: HTTPException) -> errors.Refusal:
    if isinstance(error, NotFound):
        return errors.NotFound(f"path {request.path}")
    if isinstance(error, MethodNotAllowed):
        return errors.MethodNotAllowed(request.method, list(error.valid_methods or ()))
    return errors.HTTPProblem(error.code or 500, error.name, error.description or error.name)
