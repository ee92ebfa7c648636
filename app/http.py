"""What every route of Quart needs: who is asking, the answer's form, and the one place that turns errors into HTTP."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any, cast

import orjson
from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from app import cors, database, errors
from app.auth import Identity, Tokens, find_token

logger = logging.getLogger(__name__)


def identify(tokens: Tokens) -> Identity:
    """Who sent the current request.

    Raises:
        Refusal: the token is missing, expired, forged, or of an unknown role.
    """
    return tokens.verify(find_token(request.headers.get("Authorization"), request.headers.get("Cookie")))


async def body() -> bytes:
    """The body of the current request.

    Raises:
        BodyTooLarge: it is over the limit (as the framework's own error, see `handle_errors`).
    """
    return cast(bytes, await request.get_data(cache=False))


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
    if isinstance(error, RequestEntityTooLarge):
        return errors.BodyTooLarge(request.max_content_length or 0)
    return errors.HTTPProblem(error.code or 500, error.name, error.description or error.name)
