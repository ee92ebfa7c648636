"""The servers that are measured, each started anew for each measurement: ours, and those that it is compared with."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from functools import cached_property
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import quote

from benchmarks import proc, stands
from benchmarks.load import MARK
from benchmarks.stands import NotHere, answers, launched

HERE = Path(__file__).parent
FILES_MAX = 20_000
HYPERCORN_OPTIONS = ("--workers", "0", "--backlog", "4096", "--log-level", "WARNING")
# What is filled in for each request: when it was due (µs), and for which customer it is. Both have a fixed width, so
# that all requests are of one length: in JSON, blanks may stand before a number.
_TS, _TS_WIDTH = "%(ts)20d", 20
_TO, _TO_WIDTH = "%(to)8d", 8
_DATA = f'{{"ts":{_TS},"mark":"{MARK.decode()}"}}'
_TITLE = "Out for delivery"
_BODY = "The courier has picked your order up and is on the way to you: it will take about twenty minutes from now on."


class Speech(Protocol):
    """How a server is talked to. Requests are complete, or templates with two numbers to fill in."""

    opened: bytes  # what comes on a stream when it is open

    def stream(self, number: int, topic: str = "", last_id: str = "") -> bytes:
        """Opens the stream of a customer (from 0 on)."""

    def post(self, topic: str = "", batch: int = 1) -> bytes:
        """Sends notifications to a topic, or to the customer that is filled in."""


class Server(NamedTuple):
    """One that runs.

    Attributes:
        pids: of the processes whose CPU and memory count.
        beside: the first process of each thing that it stands on, by its name.
    """

    port: int
    pids: tuple[int, ...]
    beside: Mapping[str, int]
    speech: Speech


class System(NamedTuple):
    """One that can be started."""

    name: str
    start: Callable[[], AbstractContextManager[Server]]


# -- Others -----------------------------------------------------------------------------------------


class Plain:
    """Peers pass on to everybody what is posted to them. It is as long as what a browser of ours gets."""

    opened = b"HTTP/1.1 200"

    def stream(self, number: int, topic: str = "", last_id: str = "") -> bytes:  # noqa: ARG002  # all get the same
        return b"GET /stream HTTP/1.1\r\nHost: peer\r\nAccept: text/event-stream\r\n\r\n"

    def post(self, topic: str = "", batch: int = 1) -> bytes:  # noqa: ARG002
        body = (
            f'{{"uid":"01a203bf-173b-71b0-a31e-aa4502394830","event":"notice","title_text":"{_TITLE}",'
            f'"body_text":"{_BODY}","notes":null,"data":{_DATA},"priority":"normal","sender_id":"sender:benchmark",'
            '"topic":"all","date_sent":"2026-11-22T18:06:24.699173Z"}'
        )
        return _posted("/publish", body)


def _posted(path: str, body: str, headers: str = "") -> bytes:
    length = len(body) + body.count(_TS) * (_TS_WIDTH - len(_TS)) + body.count(_TO) * (_TO_WIDTH - len(_TO))
    return (
        f"POST {path} HTTP/1.1\r\nHost: peer\r\nContent-Type: application/json\r\n{headers}"
        f"Content-Length: {length}\r\n\r\n{body}"
    ).encode()


@contextmanager
def _peer(name: str, command: Callable[[int, Path], Sequence[str]]) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="gn-bench-", dir="/tmp") as folder:
        port = stands.free_port()
        with launched(name, command(port, Path(folder)), Path(folder), lambda: answers(port)) as pid:
            yield Server(port, tuple(proc.family(pid)), {}, Plain())


def _hypercorn(name: str) -> System:
    def command(port: int, _: Path) -> list[str]:
        where = ["--bind", f"127.0.0.1:{port}", f"benchmarks.peers.{name}:app"]
        return [sys.executable, "-m", "hypercorn", *HYPERCORN_OPTIONS, *where]

    return System(name, lambda: _peer(name, command))


def floor() -> System:
    """The bare C loop, compiled.

    Raises:
        NotHere: there is no compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise NotHere("there is no C compiler (cc), and so no floor to compare with")
    folder = tempfile.TemporaryDirectory(prefix="gn-bench-")
    program = Path(folder.name, "floor")
    subprocess.run([compiler, "-O2", "-o", program, HERE / "floor.c"], check=True)

    def start() -> AbstractContextManager[Server]:
        return _peer("floor", lambda port, _: [str(Path(folder.name, "floor")), str(port)])  # holds the folder

    return System("floor", start)


def nchan() -> System:
    """nginx with nchan.

    Raises:
        NotHere: one of the two is not installed.
    """
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    modules = Path("/usr/lib/nginx/modules")
    if nginx is None or not (modules / "ngx_nchan_module.so").exists():
        raise NotHere("nchan is not on this machine (Debian: apt-get install nginx libnginx-mod-nchan)")

    def command(port: int, folder: Path) -> list[str]:
        text = (HERE / "nchan.conf").read_text()
        for name, value in (("port", port), ("modules", modules), ("files", FILES_MAX)):
            text = text.replace(f"{{{name}}}", str(value))
        (folder / "nchan.conf").write_text(text)
        return [nginx, "-p", f"{folder}/", "-e", "error.log", "-c", "nchan.conf"]

    return System("nchan", lambda: _peer("nchan", command))


BARE = _hypercorn("bare")
NAIVE = _hypercorn("naive")
QUART_204 = _hypercorn("quart_204")


# -- Ours -------------------------------------------------------------------------------------------


class Spoken:
    """The service's own interface.

    Args:
        sender: a sender's token.
        customers: tokens of customers 1, 2, 3 and so on.
    """

    opened = b"event: synced"

    def __init__(self, sender: str, customers: Sequence[str]) -> None:
        self._sender = sender
        self._customers = customers

    def stream(self, number: int, topic: str = "", last_id: str = "") -> bytes:
        query = f"?topic={quote(topic)}" if topic else ""
        resume = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        return (
            f"GET /stream{query} HTTP/1.1\r\nHost: getnotified\r\nAccept: text/event-stream\r\n"
            f"Authorization: Bearer {self._customers[number]}\r\n{resume}\r\n"
        ).encode()

    def post(self, topic: str = "", batch: int = 1) -> bytes:
        to = f'"topic":{json.dumps(topic)}' if topic else f'"receiver_id":{_TO}'
        one = f'{{{to},"title_text":"{_TITLE}","body_text":"{_BODY}","data":{_DATA}}}'
        body = one if batch == 1 else '{"notifications":[' + ",".join([one] * batch) + "]}"
        return _posted("/notifications", body, f"Authorization: Bearer {self._sender}\r\n")


class Ours:
    """The service, on either stack, with or without a history.

    Args:
        folder: for its data, and that of what it stands on.
        customers: how many take part: 1, 2, 3 and so on.
    """

    def __init__(self, folder: Path, customers: int) -> None:
        self._folder = folder
        self._customers = customers
        self._settings = {
            "SECRET_KEY": secrets.token_urlsafe(32),
            "CONNECTIONS_PER_CUSTOMER": "0",
            "RATE_LIMITS": "off",
            "LOG_LEVEL": "WARNING",
            "HOST": "127.0.0.1",
        }
        self._database = f"getnotified_{secrets.token_hex(4)}"
        self._databases: list[str] = []  # that outlive a measurement

    @cached_property
    def _speech(self) -> Spoken:
        sender = stands.run_app(["token", "--sender", "benchmark"], self._settings).strip()
        customers = stands.run_app(["token", "--customer", f"1-{self._customers}"], self._settings).split()
        return Spoken(sender, customers)

    # -- On SQLite and a Redis of its own -----------------------------------------------------------

    @contextmanager
    def embedded(self) -> Iterator[Server]:
        """All in one process, with nothing in its database."""
        with tempfile.TemporaryDirectory(prefix="gn-bench-", dir=self._folder) as name, self._dev(Path(name)) as server:
            yield server

    @contextmanager
    def embedded_with_history(self, rows: int, tell: Callable[[int], None]) -> Iterator[Server]:
        """The same with rows in its database; they are put there at the first time."""
        folder = self._folder / "history"
        if not folder.exists():
            folder.mkdir()
            stands.run_app(["migrate"], self._settings | {"DATA_DIR": str(folder)})
            stands.fill_sqlite(folder / "getnotified.sqlite3", rows, tell)
        with self._dev(folder) as server:
            yield server

    @contextmanager
    def _dev(self, folder: Path) -> Iterator[Server]:
        with self._app("dev", {"DATA_DIR": str(folder)}, folder) as (port, pid):
            redis = next(child for child, name in proc.family(pid).items() if name == "redis-server")
            yield Server(port, (pid,), {"Redis": redis}, self._speech)

    # -- On PostgreSQL and Redis --------------------------------------------------------------------

    @contextmanager
    def production(self, postgres: stands.Postgres) -> Iterator[Server]:
        """A web process and a relay, with nothing in their database."""
        template, name = self._template(postgres), f"{self._database}_{secrets.token_hex(4)}"
        url = postgres.create(name, template)
        try:
            with self._web(postgres, url) as server:
                yield server
        finally:
            postgres.drop(name)

    @contextmanager
    def production_with_history(
        self, postgres: stands.Postgres, rows: int, tell: Callable[[int], None]
    ) -> Iterator[Server]:
        """The same with rows in their database; they are put there at the first time."""
        name = f"{self._database}_history"
        if name not in self._databases:
            url = postgres.create(name, self._template(postgres))
            self._databases.append(name)
            stands.fill_postgres(url, rows, tell)
        with self._web(postgres, postgres.url_of(name)) as server:
            yield server

    def drop(self, postgres: stands.Postgres) -> None:
        """Drops the databases that outlive a measurement."""
        while self._databases:
            postgres.drop(self._databases.pop())

    def _template(self, postgres: stands.Postgres) -> str:
        """A database with the schema: to copy it takes a tenth of the time that making it does."""
        name = f"{self._database}_template"
        if name not in self._databases:
            url = postgres.create(name)
            self._databases.append(name)
            stands.run_app(["migrate"], self._settings | {"DATABASE_URL": url})
        return name

    @contextmanager
    def _web(self, postgres: stands.Postgres, database_url: str) -> Iterator[Server]:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gn-bench-", dir=self._folder)))
            redis_url, redis = stack.enter_context(stands.redis(folder))
            settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "DATA_DIR": str(folder)}
            command = [sys.executable, "-m", "app", "relay"]
            relay = launched("relay", command, folder, lambda: True, self._settings | settings)
            stack.enter_context(relay)
            port, pid = stack.enter_context(self._app("web", settings, folder))
            database = {} if postgres.pid is None else {"PostgreSQL": postgres.pid}
            yield Server(port, (pid,), {"Redis": redis, **database}, self._speech)

    @contextmanager
    def _app(self, command: str, settings: Mapping[str, str], folder: Path) -> Iterator[tuple[int, int]]:
        """A process that serves HTTP, from when it is ready; its port and process id."""
        self._speech  # noqa: B018  # made before, so that nothing else runs while the server is measured
        port = stands.free_port()

        def is_ready() -> bool:
            with suppress(OSError), closing(HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            return False

        run = [sys.executable, "-m", "app", command]
        environment = self._settings | dict(settings) | {"PORT": str(port)}
        with launched(command, run, folder, is_ready, environment) as pid:
            yield port, pid
