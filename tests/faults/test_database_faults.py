"""Promise 6, where it takes long to see: the time-outs of a database that hangs, and every connection of the pool."""

from __future__ import annotations

import asyncio

from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.outage import accepts, inbox_has, titles_stored
from tests.support.proxy import Proxy
from tests.support.service import Production, eventually

ANSWER_SECONDS = 20.0


async def test_a_database_that_hangs_is_answered_with_503_in_time(starts: Starter, proxy: Proxy) -> None:
    """It takes connections and answers none, as behind a network that has gone silent."""
    production = await starts(Production(webs=1, database_url=proxy.through))
    production.may_fail = True
    async with browsing(Browser(production.url, production.customer(1))) as (browser,):
        proxy.freeze()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                response = await production.post({"receiver_id": 1, "title_text": "hangs"})
            assert response.status_code == 503
        finally:
            proxy.mend()
        assert browser.open


async def test_a_connection_that_breaks_at_the_begin_of_a_commit_is_not_used_for_ever(
    starts: Starter, proxy: Proxy
) -> None:
    production = await starts(Production(webs=1, database_url=proxy.through))
    production.may_fail = True
    await production.send(receiver_id=1)
    await eventually(lambda: inbox_has(production, 1), "the row holds its position")
    for _ in range(12):  # more often than the pool has connections
        proxy.holds.clear()
        proxy.freeze()
        posting = asyncio.create_task(production.post({"receiver_id": 1, "title_text": "refused"}))
        await proxy.holds.wait()
        proxy.cut()
        assert (await posting).status_code == 503
        proxy.mend()
        async with asyncio.timeout(ANSWER_SECONDS):
            await eventually(lambda: accepts(production), "POSTs are accepted")
    assert "refused" not in await titles_stored(production)
