"""Quart that reads a POST and answers 204: what taking a request costs before anything is done with it."""

from __future__ import annotations

from quart import Quart, request

app = Quart(__name__)


@app.post("/publish")
async def publish() -> tuple[str, int]:
    await request.get_data()
    return "", 204
