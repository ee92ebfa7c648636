"""`/`, `/console`, `/docs` and `/web/…`."""

from __future__ import annotations

from pathlib import Path

from quart import Blueprint, Response, send_from_directory

FOLDER = Path(__file__).parent / "static"

# Nothing but our own files, and no page of another site around them.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # asked for anew each time, answered with 304: a deploy is seen at once
}


def routes() -> Blueprint:
    blueprint = Blueprint("web", __name__)

    @blueprint.get("/")
    async def page() -> Response:
        return await _file("index.html")

    @blueprint.get("/console")
    async def console() -> Response:
        return await _file("console.html")

    @blueprint.get("/docs")
    async def docs() -> Response:
        return await _file("docs.html")

    @blueprint.get("/web/<path:name>")
    async def asset(name: str) -> Response:
        return await _file(name)

    return blueprint


async def _file(name: str) -> Response:
    response = await send_from_directory(FOLDER, name)
    response.headers.update(_HEADERS)
    return response
