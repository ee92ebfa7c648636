"""Promise 6: without the database nothing is half-accepted, and what the log holds is still delivered."""

from __future__ import annotations

import asyncio

from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.outage import accepts, inbox_has, titles_stored
from tests.support.proxy import Proxy
from tests.support.service import Production, eventually

ANSWER_SECONDS = 20.0


async def test_without_the_database_posts_are_refused_streams_stay_and_it_recovers_by_itself(
    starts: Starter, proxy: Proxy
) -> None:
    # The relay too; it is web0 and web1 that senders and browsers see.
    production = await starts(Production(database_url=proxy.through))
    production.may_fail = True
    async with browsing(*(Browser(url, production.customer(1)) for url in production.urls)) as browsers:
        before = await production.send(3, receiver_id=1)
        for browser in browsers:
            await browser.until_position(before[-1])
        await eventually(lambda: inbox_has(production, 3), "the rows hold their positions")

        proxy.cut()
        for body in (
            {"receiver_id": 1, "title_text": "refused"},
            {"notifications": [{"receiver_id": 1, "title_text": "refused"}, {"topic": "t", "title_text": "refused"}]},
        ):
            response = await production.post(body)
            assert response.status_code == 503, response.text
            assert response.headers["Content-Type"] == "application/problem+json"
            assert response.json()["code"] == "database_unavailable"
            assert int(response.headers["Retry-After"]) > 0
        for path in ("/inbox", "/subscriptions"):
            assert (await production.request("GET", path, production.customer(1))).status_code == 503
        ready = await production.request("GET", "/readyz", production.customer(1))
        assert (ready.status_code, ready.json()["checks"]["database"]) == (503, False)
        alive = await production.request("GET", "/healthz", production.customer(1))
        assert alive.status_code == 200

        # What the log holds goes on, live and from the window: written past the service, as by one that is still well.
        entry = production.redis.command("XREVRANGE", "{getnotified}:log", "+", "-", "COUNT", "1")[0][1][b"e"]
        production.redis.command("XADD", "{getnotified}:log", "*", "e", entry)
        for browser in browsers:
            await browser.until(lambda browser=browser: len(browser.notifications) == 4)  # type: ignore[misc]
            assert (browser.open, browser.attempts) == (True, 1)
        anew = Browser(production.urls[0], production.customer(1), last_id=before[0])
        async with browsing(anew):
            assert anew.positions[:2] == before[1:]

        proxy.mend()
        (again,) = await eventually(lambda: accepts(production), "POSTs are accepted")
        for browser in browsers:
            await browser.until_position(again)
            assert "refused" not in browser.titles
            assert (browser.open, browser.attempts) == (True, 1)
        assert "refused" not in await titles_stored(production)


async def test_a_stream_that_can_not_be_opened_for_want_of_the_database_opens_when_it_is_back(
    starts: Starter, proxy: Proxy
) -> None:
    """An EventSource must never be told anything but 200, or it gives up for good."""
    production = await starts(Production(webs=1, database_url=proxy.through, WINDOW_MAX_ENTRIES="10"))
    production.may_fail = True
    sent = await production.send(40, receiver_id=7)
    proxy.cut()
    browser = Browser(production.url, production.customer(7), last_id=sent[0])
    async with browser:
        await browser.until(lambda: browser.attempts > 3)
        assert not browser.closed
        assert {each.event.event for each in browser.arrivals} <= {"busy"}
        proxy.mend()
        await browser.until_synced()
        assert browser.positions == sent[1:]


async def test_a_database_that_goes_in_the_middle_of_commits_is_used_again_when_it_is_back(
    starts: Starter, proxy: Proxy
) -> None:
    """Meanwhile nobody is held up by positions that can't be written; then they are written, and nothing is missed."""
    production = await starts(Production(webs=1, database_url=proxy.through))
    production.may_fail = True
    answered: set[str] = set()
    enough = asyncio.Event()

    async def send() -> None:
        while True:
            response = await production.post({"receiver_id": 1, "title_text": "x"})
            if response.status_code == 503:
                return
            answered.update(each["uid"] for each in response.json()["notifications"])
            if len(answered) > 50:
                enough.set()

    async with browsing(Browser(production.url, production.customer(1))) as (browser,):
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(send())
            await enough.wait()
            proxy.cut()
        async with asyncio.timeout(ANSWER_SECONDS):
            assert (await production.request("GET", "/inbox", production.customer(1))).status_code == 503
        proxy.mend()
        (again,) = await eventually(lambda: accepts(production), "POSTs are accepted")
        await browser.until_position(again)
        await browser.until(lambda: answered <= set(browser.uids))
        browser.assert_nothing_twice_and_in_order()
        assert (browser.open, browser.attempts) == (True, 1)
