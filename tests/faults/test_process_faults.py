"""Processes of ours end, or stand still, under steady traffic: promises 1-4, 8 and 9."""

from __future__ import annotations

import asyncio
import signal

from app.carry.log import LOG
from tests.conftest import Starter
from tests.faults.table import Table
from tests.faults.traffic import traffic
from tests.support.service import Production

IN_FLIGHT = 20  # notifications, with at most one batch among them: requests of both web processes
LOG_ENTRIES = 2_000  # that Redis keeps: two reads of a tail


async def test_a_killed_web_process_loses_nothing(starts: Starter, table: Table) -> None:
    """Also nothing, and nothing comes twice, of what it had committed and nobody was told."""
    production = await starts(Production())
    async with traffic(production, table, "a web process killed (kill -9)") as flowing:
        production.redis.signal(signal.SIGSTOP)  # so that no answer can come
        try:
            await flowing.until_in_flight(IN_FLIGHT)
            await asyncio.to_thread(production.webs[0].kill)
        finally:
            production.redis.signal(signal.SIGCONT)
        await flowing.goes_on()
        await asyncio.to_thread(production.webs[0].start_ready)


async def test_a_killed_relay_loses_nothing_that_was_due(starts: Starter, table: Table) -> None:
    """Notifications for later fall due while there is none."""
    production = await starts(Production())
    async with traffic(production, table, "the relay killed (kill -9)") as flowing:
        await asyncio.to_thread(production.relay.kill)
        await flowing.goes_on()
        production.relay.start()


async def test_web_processes_that_are_replaced_one_by_one_lose_nothing(starts: Starter, table: Table) -> None:
    production = await starts(Production())
    async with traffic(production, table, "both web processes replaced in turn (SIGTERM)") as flowing:
        for web in production.webs:
            await flowing.goes_on()
            assert await asyncio.to_thread(web.terminate) == 0
            await asyncio.to_thread(web.start_ready)


async def test_a_tail_that_was_away_longer_than_the_log_is_kept_loses_nothing(starts: Starter, table: Table) -> None:
    production = await starts(Production(LOG_MAX_ENTRIES=str(LOG_ENTRIES)))
    fault = "a web process stopped until the log is trimmed past it"
    async with traffic(production, table, fault) as flowing:
        web = production.webs[0]
        web.signal(signal.SIGSTOP)
        try:
            ((newest, _),) = production.redis.command("XREVRANGE", LOG, "+", "-", "COUNT", "1")
            while production.redis.command("XRANGE", LOG, "-", f"({newest.decode()}", "COUNT", "1"):
                await production.send(1000, web=1, topic="nobody")
        finally:
            web.signal(signal.SIGCONT)
        await flowing.goes_on()
        assert "action=tail_missed" in web.output
