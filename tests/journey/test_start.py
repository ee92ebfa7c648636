"""What starts without the database or Redis waits, says so, is not ready, and goes on when they are there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.auth import Tokens
from app.run.embedded import embedded_secret_key
from tests.conftest import Starter
from tests.support.browser import Browser
from tests.support.proxy import Proxy
from tests.support.service import Dev, EmptyPostgres, Process, Production, RedisServer, eventually, run_command

READ_AGAIN = "The log can be read."


class Late(Production):
    """One of which nothing runs but what a test starts."""

    def start(self) -> None:
        return


class LateDev(Dev):
    """`python -m app dev` on a PostgreSQL and a Redis that others run."""

    def __init__(self, database_url: str) -> None:
        super().__init__(DATABASE_URL=database_url)
        self.redis = RedisServer(self.folder)
        self.process.environment["REDIS_URL"] = self.redis.url
        self.others = self.stands_on = [self.redis]

    def start(self) -> None:
        self.process.start()
        self.tokens = Tokens(embedded_secret_key(self.data_dir))


async def says(process: Process, line: str) -> None:
    """Returns once a process that goes on has printed a line, which it does once."""

    async def printed() -> bool:
        assert process.runs, process.output
        return line in process.output

    await eventually(printed, f"{process.name} says {line}")
    assert process.output.count(line) == 1


async def readiness(url: str) -> tuple[int, dict[str, bool]]:
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{url}/healthz")).status_code == 200
        answer = await client.get(f"{url}/readyz")
    return answer.status_code, answer.json()["checks"]


@pytest.mark.parametrize("missing", [("database",), ("log",), ("database", "log")], ids=" and ".join)
async def test_web_and_relay_that_start_without_what_they_stand_on_wait_for_it(
    starts: Starter, proxy: Proxy, missing: tuple[str, ...]
) -> None:
    late = await starts(Late(webs=1, database_url=proxy.through, RELAY_GRACE_SECONDS="0.2"))
    web, relay = late.webs[0], late.relay
    if "database" in missing:
        proxy.cut()
    if "log" not in missing:
        await asyncio.to_thread(late.redis.start)
    relay.start()
    await asyncio.to_thread(web.start_listening)
    reason = "Redis: " if "log" in missing else "the database: "
    async with Browser(late.url, late.customer(1)) as browser:
        await browser.until(lambda: browser.attempts > 3)
        assert {each.event.event for each in browser.arrivals} == {"busy"}
        await says(web, f"The log can't be read: {reason}")
        await says(relay, f"The relay waits: {reason}")
        status, checks = await readiness(late.url)
        assert (status, checks["database"], checks["log"]) == (503, "database" not in missing, False)
        early = await late.post({"receiver_id": 1, "title_text": "early"})
        assert early.status_code == (503 if "database" in missing else 202)

        proxy.mend()
        if "log" in missing:
            await asyncio.to_thread(late.redis.start)
        await asyncio.to_thread(web.wait_ready)
        await says(web, READ_AGAIN)
        await says(relay, "The relay goes on.")
        await browser.until_synced()
        soon = (datetime.now(UTC) + timedelta(seconds=0.2)).isoformat()
        due = await late.post({"receiver_id": 1, "title_text": "due", "send_at": soon})
        assert due.status_code == 202
        await late.send(receiver_id=1)
        await browser.until(lambda: {"number 0", "due"} <= set(browser.titles))
        # What was accepted early may have been carried before the browser was let in.
        shown = {each["title_text"] for each in await late.inbox(1)}
        assert ("early" in shown) is (early.status_code == 202)


@pytest.fixture
async def empty(proxy: Proxy) -> AsyncIterator[str]:
    """The address of a database without tables, through the proxy."""
    database = await asyncio.to_thread(EmptyPostgres)
    yield proxy.through(database.url)
    proxy.cut()
    await asyncio.to_thread(database.drop)


async def test_dev_that_starts_without_a_database_and_redis_of_others_waits_for_them(
    starts: Starter, proxy: Proxy, empty: str
) -> None:
    proxy.cut()
    dev = await starts(LateDev(empty))
    await says(dev.process, "The database can't be reached: ")
    assert "listens" not in dev.process.output
    proxy.mend()
    await eventually(lambda: asyncio.to_thread(dev.process._listens), "it listens")
    await says(dev.process, "The log can't be read: Redis: ")
    status, checks = await readiness(dev.url)
    assert (status, checks["database"], checks["log"]) == (503, True, False)
    async with Browser(dev.url, dev.customer(1)) as browser:
        await browser.until(lambda: browser.attempts > 1)
        await asyncio.to_thread(dev.redis.start)
        await asyncio.to_thread(dev.process.wait_ready)
        await says(dev.process, READ_AGAIN)
        await browser.until_synced()
        (sent,) = await dev.send(receiver_id=1)
        await browser.until_position(sent)


async def test_migrating_without_the_database_is_refused_with_one_line_and_can_be_done_again(
    proxy: Proxy, empty: str
) -> None:
    proxy.cut()
    refused = await asyncio.to_thread(run_command, "migrate", DATABASE_URL=empty)
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith("getnotified can't migrate: the database can't be reached: ")
    proxy.mend()
    done = await asyncio.to_thread(run_command, "migrate", DATABASE_URL=empty)
    assert (done.returncode, done.stderr) == (0, "")
