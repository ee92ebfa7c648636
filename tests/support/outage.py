"""A production service whose database or Redis goes away: what it says, and what it has stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx

from tests.support.service import Production, eventually


class Breakable(Production):
    """One whose Redis tests break, one after the other; each leaves it mended."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, RELAY_GRACE_SECONDS="0.2")
        self.may_fail = True


async def until_used(production: Production, customers: Iterator[int]) -> None:
    """Returns once every web process has noticed that Redis is there again."""

    async def carries(web: int) -> bool:
        response = await production.post({"receiver_id": next(customers), "title_text": "probe"}, web)
        return response.status_code == 201

    for web in range(len(production.urls)):
        await eventually(lambda web=web: carries(web), "Redis is used again")  # type: ignore[misc]


def redis_is_known_to_be(production: Production, up: bool) -> Any:
    async def known() -> bool:
        async with httpx.AsyncClient(verify=False, trust_env=False) as client:
            answers = [(await client.get(f"{url}/readyz")).json() for url in production.urls]
        return all(answer["checks"]["log"] is up for answer in answers)

    return known


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
