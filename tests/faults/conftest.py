"""What faults need: a table of what they did, and a PostgreSQL of their own that can be stopped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.table import Table
from tests.support.postgres_server import PostgresServer
from tests.support.service import Postgres

TABLE = pytest.StashKey[Table]()
TABLE_FILE = "FAULTS_TABLE"  # the variable that names a file to write it to, as Markdown


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    table = config.stash.get(TABLE, None)
    if not table:
        return
    terminalreporter.section("What became of the notifications")
    for line in table.text():
        terminalreporter.write_line(line)
    if path := os.environ.get(TABLE_FILE):
        Path(path).write_text(table.markdown())


@pytest.fixture(scope="session")
def table(pytestconfig: pytest.Config) -> Table:
    """Where a test says what became of its notifications; it is printed at the end."""
    return pytestconfig.stash.setdefault(TABLE, Table())


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def own_postgres(_postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresServer]:
    """The PostgreSQL in which services of this test have their databases; nobody else uses it."""
    monkeypatch.setenv("TEST_DATABASE_URL", _postgres_server.url)
    monkeypatch.setattr(Postgres, "_template", None)
    yield _postgres_server
    Postgres.drop_template()
