"""Migrations forth and back on databases that hold rows; and the release before, on the schema of the next.

While a release is deployed, processes of the one before go on, on the new schema. They name the columns that they write
and read, so a migration may add what may be left out; what it takes away must not have been used for one release.
"""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from tests.support.service import ROOT, run_apart
from tests.support.tables import Database, Postgres, Row, Sqlite, Table, Tables


class Migration(NamedTuple):
    name: str
    upgrade: str
    downgrade: str


def migrations(dialect: str) -> list[Migration]:
    """All of a dialect, the oldest first."""
    found = []
    for path in (ROOT / "migrations" / dialect).glob("[0-9]*.py"):
        module = runpy.run_path(str(path))
        found.append(Migration(path.stem, run_apart(module["upgrade"](None)), run_apart(module["downgrade"](None))))
    return sorted(found, key=lambda migration: int(migration.name.split("_")[0]))


@pytest.fixture(params=["sqlite", "postgres"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database(dialect: str, tmp_path: Path) -> Iterator[Database]:
    """One that is empty."""
    with closing(Sqlite(tmp_path / "database") if dialect == "sqlite" else Postgres()) as database:
        yield database


# -- Rows -------------------------------------------------------------------------------------------

ROWS = 3  # of each table and migration; every third is as empty as it may be
NEWER = 1000
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def value(kind: str, number: int) -> Any:
    """The value that a row of a number has in columns of a kind: so a row refers to its parent of the same number."""
    kind = kind.lower()
    if kind.startswith("timestamp"):
        moment = NOON + timedelta(hours=number)
        return moment if kind.endswith("zone") else moment.isoformat(" ")
    if kind in ("uuid", "char(36)"):
        return UUID(int=number) if kind == "uuid" else str(UUID(int=number))
    if kind in ("blob", "bytea"):
        return b"%d" % number
    if kind.startswith("json"):
        return json.dumps(number)
    return number if "int" in kind else f"t{number}"


def put(database: Database, tables: Tables, number: int) -> None:
    """A row of a number into every table, parents first."""
    waiting = dict(tables)
    while waiting:
        for name, table in list(waiting.items()):
            if table.parents & waiting.keys() - {name}:
                continue
            del waiting[name]
            columns = ", ".join(f'"{each}"' for each in table.names())
            places = ", ".join(f"${at}" for at in range(1, len(table.columns) + 1))
            row = [
                None if number % ROWS == 0 and each.may_be_null else value(each.kind, number) for each in table.columns
            ]
            database.ask(f'INSERT INTO "{name}" ({columns}) VALUES ({places})', *row)


def rows(database: Database, tables: Tables) -> dict[str, Sequence[Row]]:
    """What is in these columns of these tables."""
    found = {}
    for name, table in tables.items():
        columns = ", ".join(f'"{each}"' for each in table.names())
        found[name] = database.ask(f'SELECT {columns} FROM "{name}" ORDER BY "{table.key}"')
    return found


def common(older: Tables, newer: Tables) -> Tables:
    """What both schemas have."""
    return {
        name: Table(
            tuple(each for each in table.columns if each.name in newer[name].names()),
            table.key,
            table.unique,
            table.parents,
        )
        for name, table in older.items()
        if name in newer
    }


# -- Claims -----------------------------------------------------------------------------------------


def test_rows_of_every_table_outlive_each_migration_and_the_way_back_and_forth(
    database: Database, dialect: str
) -> None:
    first, *others = migrations(dialect)
    database.run(first.upgrade)
    for number, migration in enumerate(others):
        older = database.tables()
        for each in range(ROWS):
            put(database, older, number * ROWS + each)
        before = rows(database, older)
        assert min(map(len, before.values())) >= ROWS
        database.run(migration.upgrade)
        newer = database.tables()
        assert rows(database, older) == before, migration.name
        put(database, newer, NEWER + number)
        kept = common(older, newer)
        both = rows(database, kept)
        database.run(migration.downgrade)
        assert (database.tables(), rows(database, kept)) == (older, both), migration.name
        database.run(migration.upgrade)
        assert (database.tables(), rows(database, kept)) == (newer, both), migration.name


def test_the_release_before_reads_and_writes_on_the_next_schema(database: Database, dialect: str) -> None:
    first, *others = migrations(dialect)
    database.run(first.upgrade)
    for number, migration in enumerate(others):
        older = database.tables()
        put(database, older, number * ROWS)
        database.run(migration.upgrade)
        for each in range(1, ROWS):
            put(database, older, number * ROWS + each)
        newer = database.tables()
        for name, table in older.items():
            assert table.unique <= newer[name].unique, "what ON CONFLICT names is there"
            for column in table.names():
                database.ask(f'UPDATE "{name}" SET "{column}" = "{column}"')
        assert min(map(len, rows(database, older).values())) >= ROWS, migration.name


def test_all_the_way_back_leaves_nothing(database: Database, dialect: str) -> None:
    found = migrations(dialect)
    for migration in found:
        database.run(migration.upgrade)
    put(database, database.tables(), 1)
    for migration in reversed(found):
        database.run(migration.downgrade)
    assert database.tables() == {}
