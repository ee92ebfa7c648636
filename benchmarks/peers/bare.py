"""A bare ASGI application: opens event streams and holds them. What opening one costs under Hypercorn at the least."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]


async def app(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Answers any request with a stream in which nothing happens."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])  # Hypercorn then knows that there is no lifespan
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": b"retry: 3000\n\n", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass
