"""The database: SQLite or PostgreSQL, through Tortoise.

The hot statements (group commit, replay) are SQL of our own, written once for both dialects: building model
instances for 1,000 rows took four times as long as the whole insert.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from contextvars import copy_context
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import asyncpg
import orjson
from tortoise import BaseDBAsyncClient, Tortoise
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connection
from tortoise.exceptions import DBConnectionError, OperationalError, TransactionManagementError
from tortoise.transactions import in_transaction

from app.errors import DatabaseUnavailable
from app.steps import Begun, Round, Rows, Steps, rounds

MIGRATIONS = Path(__file__).parent.parent / "migrations"

# FULL: what was answered with 201 survives a power cut, at one fsync a commit; group commit pays for it.
SQLITE_PRAGMAS = {"journal_mode": "WAL", "synchronous": "FULL", "journal_size_limit": 67_108_864, "busy_timeout": 5000}

# So that a database that does not answer at all is noticed: seconds for a new connection, and for a statement.
POSTGRES_TIMEOUTS = {"timeout": 3, "command_timeout": 5}

MIGRATION_LOCK = 0x6E6F7469  # any number that nobody else takes in this database

ARMS_MAX = 100
Arm = TypeVar("Arm")
Result = TypeVar("Result")
P = ParamSpec("P")

_UNAVAILABLE = (OperationalError, DBConnectionError, sqlite3.OperationalError, OSError, TimeoutError)
# Tortoise calls these operational too, but they are the statement's fault and come again.
_OUR_FAULT = (
    asyncpg.DataError,
    asyncpg.SyntaxOrAccessError,
    asyncpg.IntegrityConstraintViolationError,
    sqlite3.IntegrityError,
)
# What becomes of a statement of which other rows were expected (`app.steps`).
_NOT_AS_EXPECTED = asyncpg.InvalidTextRepresentationError


def dialect(url: str) -> str:
    """`sqlite` or `postgres`: also the name of the Aerich app and of its folder in `migrations/`."""
    return "sqlite" if url.startswith("sqlite:") else "postgres"


def tortoise_config(url: str, models: Sequence[str] = ("app.models",)) -> dict[str, Any]:
    connection = expand_db_url(url.replace("postgresql://", "postgres://", 1))
    if dialect(url) == "sqlite":
        connection["credentials"] |= SQLITE_PRAGMAS
    else:
        # What a connection is reset from between two uses (settings, LISTEN, advisory locks) is never set on one here,
        # and a reset is a round trip.
        connection["credentials"] |= POSTGRES_TIMEOUTS | {"reset": _leave_as_it_is}
    return {
        "connections": {"default": connection},
        "apps": {dialect(url): {"models": list(models), "default_connection": "default"}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    pass


async def connect(url: str) -> None:
    """Opens the database for every task of this process."""
    await Tortoise.init(config=tortoise_config(url), _enable_global_fallback=True)


async def disconnect() -> None:
    await Tortoise.close_connections()


async def migrate(url: str) -> list[str]:
    """Brings the schema up to date; the names of the migrations that were applied. One process at a time does it."""
    async with _only_one_migrates(url) as applied:
        if applied >= {path.name for path in (MIGRATIONS / dialect(url)).glob("[0-9]*.py")}:
            return []
        # Imported here: it takes a quarter of a second and 25 MB, and hardly any start needs it.
        from aerich import Command  # noqa: PLC0415

        config = tortoise_config(url, ["app.models", "aerich.models"])
        async with Command(config, app=dialect(url), location=str(MIGRATIONS)) as command:
            return await command.upgrade()


@asynccontextmanager
async def _only_one_migrates(url: str) -> AsyncIterator[set[str]]:
    """Holds the others off; gives the names of the migrations that the database has already."""
    if dialect(url) == "sqlite":
        path = expand_db_url(url)["credentials"]["file_path"]
        lock = os.open(f"{path}.migrating", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)  # the kernel frees it when we are gone
            yield _applied_to_sqlite(path)
        finally:
            os.close(lock)
        return
    holder = await asyncpg.connect(url, timeout=POSTGRES_TIMEOUTS["timeout"])
    try:
        await holder.execute(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
        yield await _applied_to_postgres(holder)
    finally:
        await holder.close()  # which lets go of the lock


def _applied_to_sqlite(path: str) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'aerich'").fetchone():
            return set()
        return {version for (version,) in connection.execute("SELECT version FROM aerich WHERE app = 'sqlite'")}


async def _applied_to_postgres(connection: asyncpg.Connection) -> set[str]:
    if await connection.fetchval("SELECT to_regclass('aerich')") is None:
        return set()
    return {row["version"] for row in await connection.fetch("SELECT version FROM aerich WHERE app = 'postgres'")}


@asynccontextmanager
async def transaction() -> AsyncIterator[BaseDBAsyncClient]:
    """A transaction. Tortoise's own leaves one whose BEGIN has failed in the place of the connection, for good.

    And in SQLite one that was cancelled in that moment (the client has left): open, in the way of all that come after.
    """
    context = in_transaction()
    try:
        opened = await context.__aenter__()
    except BaseException as error:
        if hasattr(context, "token"):
            # This type is not rolled back.
            kind = type(error) if is_sqlite() else TransactionManagementError
            await context.__aexit__(kind, error, None)
        raise
    try:
        yield opened
    except BaseException as error:
        await context.__aexit__(type(error), error, error.__traceback__)
        raise
    await context.__aexit__(None, None, None)


async def perform(begin: Callable[P, Steps[Result]], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Performs a transaction in as few visits to the database as it takes.

    Args:
        begin: begins its steps; with what follows, and, if something was not as expected, once more. What they change
            in memory on their way may never happen.
    """
    if is_sqlite():
        # A visit to the connection's thread costs more than most statements, and while the event loop is busy, each
        # waits for its turn.
        async with connection().acquire_connection() as opened:
            steps = begin(*args, **kwargs)
            # aiosqlite's own way of doing something in its thread; there is no public one for more than a statement.
            result: Result = await opened._execute(copy_context().run, _perform_at_once, opened._conn, steps)
            return result
    try:
        return await _perform_in_rounds(rounds(begin(*args, **kwargs), expecting=True))
    except Exception as error:
        if not isinstance(_cause(error), _NOT_AS_EXPECTED):
            raise
    return await _perform_in_rounds(rounds(begin(*args, **kwargs), expecting=False))


async def follow(opened: BaseDBAsyncClient, steps: Steps[Result]) -> Result:
    """Performs a part of a transaction that is open."""
    begun = Begun(steps)
    while begun.asked:
        begun.go_on([await opened.execute_query_dict(each.sql, list(each.values)) for each in begun.asked])
    return begun.result


async def _perform_in_rounds(going: Generator[Round, Rows, Result]) -> Result:
    opened: BaseDBAsyncClient | None = None
    found: Any = None  # begins it
    async with AsyncExitStack() as stack:
        while True:
            try:
                statement, is_last = going.send(found)
            except StopIteration as end:
                result: Result = end.value
                return result
            if opened is None:  # a single statement happens all or not at all by itself
                opened = connection() if is_last else await stack.enter_async_context(transaction())
            found = await opened.execute_query_dict(statement.sql, list(statement.values))


def _perform_at_once(opened: sqlite3.Connection, steps: Steps[Result]) -> Result:
    opened.execute("BEGIN IMMEDIATE")
    try:
        begun = Begun(steps)
        while begun.asked:
            begun.go_on([opened.execute(each.sql, each.values).fetchall() for each in begun.asked])
        opened.execute("COMMIT")
    except BaseException:
        if opened.in_transaction:
            opened.execute("ROLLBACK")
        raise
    return begun.result


def given(**columns: str) -> str:
    """A table whose rows are one parameter (see `rows`), so that a statement takes any number of them.

    Args:
        columns: their names, each with its type in PostgreSQL.
    """
    if is_sqlite():
        values = ", ".join(f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(columns))
        return f"(SELECT {values} FROM json_each(?))"
    values = ", ".join(f"(value->>{at})::{kind} AS {name}" for at, (name, kind) in enumerate(columns.items()))
    return f"(SELECT {values} FROM jsonb_array_elements($1::jsonb) AS row_of(value))"


def rows(values: Iterable[Sequence[str | int | None]]) -> str:
    """The parameter of `given`."""
    return orjson.dumps(list(values)).decode()


@contextmanager
def needed() -> Iterator[None]:
    """Refuses the request when the database is away.

    Raises:
        DatabaseUnavailable: it is.
    """
    try:
        yield
    except Exception as error:
        if is_unavailable(error):
            raise DatabaseUnavailable from error
        raise


def connection() -> BaseDBAsyncClient:
    return get_connection("default")


def is_unavailable(error: BaseException) -> bool:
    """Whether `error` says that the database is away (so that the same request may succeed later)."""
    cause = _cause(error)
    if isinstance(cause, _OUR_FAULT):
        return False
    # Of SQLite's operational errors this one is of the statement: there is no such table.
    if isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode == sqlite3.SQLITE_ERROR:
        return False
    # asyncpg's own errors that Tortoise does not translate are those of its connection.
    return isinstance(error, _UNAVAILABLE) or type(error).__module__.startswith("asyncpg.")


def _cause(error: BaseException) -> object:
    """The driver's own error."""
    return error.args[0] if isinstance(error, OperationalError) and error.args else error


def placeholders(count: int, start: int = 1) -> str:
    """`?, ?` or `$1, $2`: the parameters of a statement in this database's way of writing them."""
    numbers = range(start, start + count)
    return ", ".join("?" for _ in numbers) if is_sqlite() else ", ".join(f"${number}" for number in numbers)


def arms(parts: Iterable[Arm]) -> Iterator[tuple[Arm, ...]]:
    """Cuts what is asked for into as many parts as one compound query takes: SQLite joins up to 500 with UNION."""
    rest = iter(parts)
    while arms := tuple(islice(rest, ARMS_MAX)):
        yield arms


def timestamp_parameter(moment: datetime) -> Any:
    """A time as a parameter of a statement."""
    return timestamp_text(moment) if is_sqlite() else moment


@lru_cache(1024)  # all of a batch have the same
def timestamp_text(moment: datetime) -> str:
    """A time as SQLite holds it, in the form that Tortoise writes, and as a value of `given`."""
    return moment.astimezone(UTC).isoformat(" ")


def hour_of(column: str) -> str:
    """The expression for the hour (since 1970) of a time in a column."""
    if is_sqlite():
        return f"CAST(strftime('%s', {column}) AS INTEGER) / 3600"
    return f"FLOOR(EXTRACT(EPOCH FROM {column}) / 3600)::int"


def timestamp_value(value: Any) -> datetime:
    """A time that a statement of our own has read."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def is_sqlite() -> bool:
    """Whether the open database is SQLite."""
    return connection().capabilities.dialect == "sqlite"
