"""A background loop that dies takes its process down by name: none is left that answers and delivers nothing."""

from __future__ import annotations

import asyncio
import signal

import asyncpg
import httpx
import pytest

from app.carry.log import LOG
from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.dying_loop import STARTED
from tests.support.service import Dev, Process, Production, Service

# Those of `dev`, which has all. A `web` has those up to the collector, a `relay` the outbox and the rest.
LOOPS = ("outbox", "tail", "heartbeat", "collector", "relay", "prune", "expire")


class DyingDev(Dev):
    program = "tests.support.dying_loop"

    def __init__(self, loop: str) -> None:
        super().__init__()
        self.process.environment["DYING_LOOP"] = loop
        self.may_fail = True


def assert_ended_by(process: Process, loop: str) -> None:
    assert process.wait() == 1
    told = [line for line in process.output.splitlines() if " CRITICAL " in line]
    assert len(told) == 1
    assert f"The background loop {loop} has ended: the process stops." in told[0]


async def assert_nobody_answers(service: Service) -> None:
    with pytest.raises(httpx.ConnectError):
        await service.request("GET", "/healthz", service.customer(1))


@pytest.mark.parametrize("loop", LOOPS)
async def test_one_that_dies_of_a_bug_takes_the_process_down_and_browsers_are_told(starts: Starter, loop: str) -> None:
    dev = await starts(DyingDev(loop))
    async with browsing(Browser(dev.url, dev.customer(1), retry_scale=1000)) as (browser,):
        dev.process.signal(signal.SIGUSR1)
        await asyncio.to_thread(assert_ended_by, dev.process, loop)
        await browser.until(lambda: not browser.open)
        assert browser.arrivals[-1].event.event == "drain"
    await assert_nobody_answers(dev)
    assert "ZeroDivisionError: a bug" in dev.process.output
    started = {line.removeprefix(STARTED) for line in dev.process.output.splitlines() if line.startswith(STARTED)}
    assert started == {*LOOPS, "redis-server"}, "no loop is left out here"


async def test_dev_ends_with_its_redis(starts: Starter) -> None:
    dev = await starts(Dev())
    dev.may_fail = True
    (redis,) = (each for each in dev.process.status.children() if "redis" in each.name())
    redis.kill()
    await asyncio.to_thread(assert_ended_by, dev.process, "redis-server")
    await assert_nobody_answers(dev)


@pytest.mark.postgres
async def test_a_web_process_that_can_not_read_what_is_in_the_log_and_a_relay_without_its_table_end(
    starts: Starter,
) -> None:
    production = await starts(Production(webs=1))
    production.may_fail = True
    production.redis.command("XADD", LOG, "*", "e", "no entry of ours")
    await asyncio.to_thread(assert_ended_by, production.webs[0], "tail")
    await assert_nobody_answers(production)
    connection = await asyncpg.connect(production.database.url)
    await connection.execute("ALTER TABLE notification RENAME TO gone")
    await connection.close()
    await asyncio.to_thread(assert_ended_by, production.relay, "relay")
