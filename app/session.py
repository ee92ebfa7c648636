"""`POST /session` and `DELETE /session`: the token in a cookie, for a page that can't set headers (EventSource)."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from quart import Blueprint, Response, request

from app import dto, http
from app.auth import COOKIE, Tokens, find_token


def routes(tokens: Tokens, cookie_secure: bool) -> Blueprint:
    blueprint = Blueprint("session", __name__)

    @blueprint.post("/session")
    async def sign_in() -> Response:
        token = find_token(request.headers.get("Authorization"), request.headers.get("Cookie"))
        identity = tokens.verify(token)
        assert token is not None  # or it would have been refused
        expires_at = identity.expires_at
        response = http.answer(
            {
                "sub": identity.subject,
                "role": identity.role,
                "expires_at": None if expires_at is None else dto.timestamp(datetime.fromtimestamp(expires_at, UTC)),
            }
        )
        max_age = None if expires_at is None else max(0, int(expires_at - time.time()))
        # Lax: other sites' pages can't make a browser POST with it. HttpOnly: scripts can't read it.
        response.set_cookie(COOKIE, token, max_age=max_age, httponly=True, secure=cookie_secure, samesite="Lax")
        return response

    @blueprint.delete("/session")
    async def sign_out() -> Response:
        response = Response(status=204)
        response.delete_cookie(COOKIE, httponly=True, secure=cookie_secure, samesite="Lax")
        return response

    return blueprint
