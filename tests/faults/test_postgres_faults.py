"""PostgreSQL ends, or hangs up on everybody, under steady traffic: promises 1-4 and 6."""

from __future__ import annotations

import asyncio

import asyncpg

from tests.conftest import Starter
from tests.faults.table import Table
from tests.faults.traffic import traffic
from tests.support.postgres_server import PostgresServer
from tests.support.service import Production

AWAY_SECONDS = 10.0


async def test_postgres_away_for_ten_seconds_loses_nothing(
    own_postgres: PostgresServer, starts: Starter, table: Table
) -> None:
    production = await starts(Production())
    async with traffic(production, table, "PostgreSQL stopped for 10 s", stays_open=True):
        await asyncio.to_thread(own_postgres.stop, "fast")
        try:
            await asyncio.sleep(AWAY_SECONDS)
        finally:
            await asyncio.to_thread(own_postgres.start)


async def test_postgres_restarted_after_a_crash_loses_nothing(
    own_postgres: PostgresServer, starts: Starter, table: Table
) -> None:
    production = await starts(Production())
    async with traffic(production, table, "PostgreSQL restarted, as after a crash", stays_open=True) as flowing:
        for _ in range(3):
            await asyncio.to_thread(own_postgres.stop, "immediate")
            await asyncio.to_thread(own_postgres.start)
            await flowing.goes_on(1)


async def test_postgres_that_hangs_up_on_everybody_loses_nothing(starts: Starter, table: Table) -> None:
    production = await starts(Production())
    async with traffic(production, table, "PostgreSQL's connections cut, 10 times", stays_open=True) as flowing:
        connection = await asyncpg.connect(production.database.url)
        try:
            for _ in range(10):
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                await flowing.goes_on(0.5)
        finally:
            await connection.close()
