"""Notifications as one writes them at first: Quart, and a queue for each connection. Nothing is kept anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from quart import Quart, Response, request

app = Quart(__name__)
queues: set[asyncio.Queue[bytes]] = set()


@app.get("/stream")
async def stream() -> Response:
    async def events() -> AsyncIterator[bytes]:
        queue = asyncio.Queue[bytes]()
        queues.add(queue)
        try:
            yield b"retry: 3000\n\n"
            while True:
                yield b"event: notification\ndata: %s\n\n" % await queue.get()
        finally:
            queues.discard(queue)

    response = Response(events(), content_type="text/event-stream", headers={"Cache-Control": "no-store"})
    response.timeout = None  # Quart ends a response after a minute
    return response


@app.post("/publish")
async def publish() -> tuple[str, int]:
    body = await request.data
    for queue in queues:
        queue.put_nowait(body)
    return "", 204
