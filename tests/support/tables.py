"""A database and its tables, whichever of the two it is, without the service."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import asyncpg

from tests.support.service import EmptyPostgres

Row = tuple[Any, ...]


class Column(NamedTuple):
    name: str
    kind: str
    may_be_null: bool


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        columns: all of them.
        key: the column of its primary key.
        unique: the sets of columns that no two rows share; `ON CONFLICT` goes by them.
        parents: the tables to which it refers.
    """

    columns: tuple[Column, ...]
    key: str
    unique: frozenset[frozenset[str]]
    parents: frozenset[str]

    def names(self) -> list[str]:
        return [each.name for each in self.columns]


Tables = Mapping[str, Table]


class Database(Protocol):
    def ask(self, statement: str, *values: Any) -> Sequence[Row]:
        """The rows of one statement, whose parameters are `$1`, `$2`."""
        ...

    def run(self, script: str) -> None:
        """Executes a migration's statements, all of them or none."""
        ...

    def tables(self) -> Tables:
        """Without Aerich's own."""
        ...

    def close(self) -> None: ...


class Sqlite:
    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA foreign_keys = ON")

    def ask(self, statement: str, *values: Any) -> Sequence[Row]:
        return self._connection.execute(re.sub(r"\$(\d+)", r"?\1", statement), values).fetchall()

    def run(self, script: str) -> None:
        self._connection.executescript(f"{script}\nCOMMIT;")

    def tables(self) -> Tables:
        names = self.ask(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name != 'aerich'"
        )
        return {name: self._table(name) for (name,) in names}

    def close(self) -> None:
        self._connection.close()

    def _table(self, name: str) -> Table:
        columns = self.ask('SELECT name, type, NOT "notnull", pk FROM pragma_table_info($1)', name)
        unique: dict[str, set[str]] = {}
        for index, column in self.ask(
            "SELECT list.name, info.name FROM pragma_index_list($1) AS list, pragma_index_info(list.name) AS info"
            ' WHERE list."unique"',
            name,
        ):
            unique.setdefault(index, set()).add(column)
        return Table(
            tuple(Column(column, kind, bool(may_be_null)) for column, kind, may_be_null, _ in columns),
            next(column for column, *_, is_key in columns if is_key),
            frozenset(map(frozenset, unique.values())),
            frozenset(parent for (parent,) in self.ask('SELECT "table" FROM pragma_foreign_key_list($1)', name)),
        )


class Postgres:
    def __init__(self) -> None:
        self._made = EmptyPostgres()
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(self._made.url))

    def ask(self, statement: str, *values: Any) -> Sequence[Row]:
        return [tuple(row) for row in self._runner.run(self._connection.fetch(statement, *values))]

    def run(self, script: str) -> None:
        self._runner.run(self._connection.execute(script))

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()
        self._made.drop()

    def tables(self) -> Tables:
        names = self.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename != 'aerich'")
        return {name: self._table(name) for (name,) in names}

    def _table(self, name: str) -> Table:
        columns = self.ask(
            "SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns"
            " WHERE table_name = $1 ORDER BY ordinal_position",
            name,
        )
        constraints = self.ask(
            "SELECT contype::text, confrelid::regclass::text, ARRAY(SELECT attname::text FROM pg_attribute"
            " WHERE attrelid = conrelid AND attnum = ANY(conkey)) FROM pg_constraint"
            " WHERE conrelid = $1::text::regclass",
            name,
        )
        (key,) = (columns[0] for kind, _, columns in constraints if kind == "p")
        return Table(
            tuple(Column(*column) for column in columns),
            key,
            frozenset(frozenset(columns) for kind, _, columns in constraints if kind in "pu"),
            frozenset(parent for kind, parent, _ in constraints if kind == "f"),
        )
