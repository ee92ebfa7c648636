"""What a production service says, and has stored, when its database was away."""

from __future__ import annotations

import asyncpg

from tests.support.service import Production


async def accepts(production: Production) -> list[str]:
    """The positions of a notification, once it is accepted again."""
    response = await production.post({"receiver_id": 1, "title_text": "again"})
    assert response.status_code in (201, 503), response.text
    return [each["position"] for each in response.json().get("notifications", ())]


async def titles_stored(production: Production) -> list[str]:
    connection = await asyncpg.connect(production.database.url)
    try:
        return [
            each["title_text"] for each in await connection.fetch("SELECT title_text FROM notification ORDER BY uid")
        ]
    finally:
        await connection.close()


async def inbox_has(production: Production, count: int) -> bool:
    answer = await production.request("GET", "/inbox", production.customer(1))
    return len(answer.json()["notifications"]) == count
