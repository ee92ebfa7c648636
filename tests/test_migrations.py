"""The migrations of both dialects make exactly the schema that the models describe."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest

from tests.support.service import PATIENCE_SECONDS, ROOT, EmptyPostgres, run_apart, run_command

Schema = Any


class Migrated(NamedTuple):
    url: str
    printed: str


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def fresh_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Makes empty databases of a dialect."""
    made: list[EmptyPostgres] = []

    def make() -> str:
        if request.param == "sqlite":
            return f"sqlite://{tmp_path_factory.mktemp('sqlite') / 'database'}"
        made.append(EmptyPostgres())
        return made[-1].url

    yield make
    for each in made:
        each.drop()


@pytest.fixture(scope="module")
def migrated(fresh_url: Callable[[], str]) -> Migrated:
    """A database that was migrated once."""
    url = fresh_url()
    done = run_command("migrate", DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    return Migrated(url, done.stdout)


# In a process of its own: Tortoise ties the models to the first dialect that it sees in one.
GENERATE = """
import asyncio, sys
from tortoise import Tortoise
from tortoise.utils import get_schema_sql
from app import database

async def generate():
    config = database.tortoise_config(sys.argv[1], ["app.models", "aerich.models"])
    await Tortoise.init(config=config, _enable_global_fallback=True)
    await database.connection().execute_script(get_schema_sql(database.connection(), safe=False))
    await database.disconnect()

asyncio.run(generate())
"""


def generate(url: str) -> None:
    """Makes the schema straight from the models."""
    subprocess.run([sys.executable, "-c", GENERATE, url], cwd=ROOT, check=True, timeout=PATIENCE_SECONDS)


def schema_of(url: str) -> Schema:
    """All tables with their columns, constraints and indexes."""
    return _of_sqlite(url.removeprefix("sqlite://")) if url.startswith("sqlite") else run_apart(_of_postgres(url))


def _of_sqlite(path: str) -> Schema:
    """Columns without their places: a migration adds them at the end."""
    with closing(sqlite3.connect(path)) as connection:

        def ask(query: str, *values: str) -> set[tuple[Any, ...]]:
            return set(connection.execute(query, values).fetchall())

        tables = ask("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return {
            table: {
                "columns": ask('SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)', table),
                "references": ask('SELECT "from", "table", "to", on_delete FROM pragma_foreign_key_list(?)', table),
                "unique": ask(
                    """SELECT list.name, info.seqno, info.name
                    FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info
                    WHERE list."unique" = 1""",
                    table,
                ),
                "indexes": {
                    (name, _plain(sql))
                    for name, sql in ask(
                        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
                        table,
                    )
                },
            }
            for (table,) in tables
        }


def _plain(sql: str) -> str:
    return re.sub(r"\s+", " ", sql.replace("IF NOT EXISTS ", "")).strip()


_POSTGRES = {
    "columns": """SELECT table_name, column_name, data_type, character_maximum_length, is_nullable,
        column_default FROM information_schema.columns WHERE table_schema = 'public'""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace""",
    "comments": """SELECT c.relname, obj_description(c.oid) FROM pg_class c
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace""",
}


async def _of_postgres(url: str) -> Schema:
    connection = await asyncpg.connect(url)
    try:
        return {name: {tuple(row) for row in await connection.fetch(query)} for name, query in _POSTGRES.items()}
    finally:
        await connection.close()


def test_the_migrations_give_the_schema_that_the_models_describe(
    fresh_url: Callable[[], str], migrated: Migrated
) -> None:
    generated = fresh_url()
    generate(generated)
    assert schema_of(migrated.url) == schema_of(generated)


def test_migrating_a_second_time_changes_nothing(migrated: Migrated) -> None:
    assert migrated.printed.startswith("applied ")
    before = schema_of(migrated.url)
    second = run_command("migrate", DATABASE_URL=migrated.url)
    assert (second.returncode, second.stdout) == (0, "the schema is up to date\n")
    assert schema_of(migrated.url) == before


async def test_releases_that_migrate_at_the_same_time_do_each_migration_once(
    fresh_url: Callable[[], str], migrated: Migrated
) -> None:
    url = fresh_url()
    releases = [asyncio.to_thread(run_command, "migrate", DATABASE_URL=url) for _ in range(3)]
    done = await asyncio.gather(*releases)
    assert [each.returncode for each in done] == [0] * len(done), [each.stderr for each in done]
    applied = [line for each in done for line in each.stdout.splitlines() if line.startswith("applied ")]
    folder = ROOT / "migrations" / url.partition(":")[0]
    assert sorted(applied) == [f"applied {each.name}" for each in sorted(folder.glob("*.py"))]
    assert schema_of(url) == schema_of(migrated.url)


def test_a_migration_of_sqlite_that_fails_at_its_end_leaves_nothing_behind(tmp_path: Path) -> None:
    """Whatever stops it, also a kill: what is not committed as a whole is not there at the next start."""
    path = tmp_path / "database"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE in_the_way (topic INT)")
        connection.execute("CREATE INDEX idx_subscriptio_topic_c85043 ON in_the_way (topic)")
        failed = run_command("migrate", DATABASE_URL=f"sqlite://{path}")
        assert failed.returncode != 0
        assert "index idx_subscriptio_topic_c85043 already exists" in failed.stderr
        connection.execute("DROP TABLE in_the_way")
    again = run_command("migrate", DATABASE_URL=f"sqlite://{path}")
    assert again.returncode == 0, again.stderr
