"""What every route of Quart needs: who is asking, the answer's form, and the one place that turns errors into HTTP."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson
from quart import Quart, Response, current_app, has_request_context, request, websocket
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from app import asgi, cors, errors
from app.auth import Identity, Tokens, find_token

BODY_LIMIT = "REQUEST_MAX_BYTES"


def identify(tokens: Tokens) -> Identity:
    """Who sent the current request.

    Raises:
        Refusal: the token is missing, expired, forged, or of an unknown role.
    """
    return tokens.verify(find_token(request.headers.get("Authorization"), request.headers.get("Cookie")))


async def body() -> bytes:
    """The body of the current request; raises as `asgi.read_body`."""
    return await asgi.read_body(request.body, current_app.config[BODY_LIMIT])


def answer(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers=dict(headers or {}), content_type="application/json")


def share_with(app: Quart, origins: Collection[str]) -> None:
    """Lets the pages of other sites call us."""

    @app.after_request
    async def shared(response: Response) -> Response:
        response.headers.update(cors.headers(request.headers.get("Origin"), origins, request.method))
        return response


def handle_errors(app: Quart) -> None:
    """Has every error answered with a problem document."""

    @app.errorhandler(Exception)
    async def refused(error: Exception) -> Response:
        known = _refusal(error) if isinstance(error, HTTPException) else asgi.refusal(error, _path())
        problem = asgi.problem(known)
        return Response(problem.body, problem.status, headers=dict(problem.headers))


def _refusal(error: HTTPException) -> errors.Refusal:
    if isinstance(error, NotFound):
        return errors.NotFound(f"path {_path()}")
    if isinstance(error, MethodNotAllowed):
        return errors.MethodNotAllowed(request.method, list(error.valid_methods or ()))
    if isinstance(error, RequestEntityTooLarge):
        return errors.BodyTooLarge(current_app.config[BODY_LIMIT])
    return errors.HTTPProblem(error.code or 500, error.name, error.description or error.name)


def _path() -> str:
    """What was asked for, also by who would open a WebSocket, of which we have none."""
    return (request if has_request_context() else websocket).path
