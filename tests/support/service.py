"""Runs the service as it is run: real processes, a real Redis, SQLite or PostgreSQL, all in a folder of their own.

`Dev` is `python -m app dev`. `Production` is `web` as often as wanted, `relay`, a Redis and a PostgreSQL database.
`close` ends what was started, by its process ids, and fails when anything is left of it.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import psutil
import pytest
from redis import Redis

from app.auth import Role, Tokens
from app.carry.log import RELAY
from app.run.embedded import _find_server, embedded_secret_key
from app.settings import Settings

ROOT = Path(__file__).parents[2]
# Bounds a wait for something that is certain to come, on a machine that does ten other things; no test lasts as long.
PATIENCE_SECONDS = 40.0
POLL_SECONDS = 0.02

Result = TypeVar("Result")

running: list[Service] = []  # so that a failing test can show their logs
postgres_allowed = True  # False while a test runs in whose way no PostgreSQL should be


def wait_until(condition: Callable[[], Result], what: str, seconds: float = PATIENCE_SECONDS) -> Result:
    """Looks at a condition until it holds; returns what it said then."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"After {seconds} s still not: {what}")
        time.sleep(POLL_SECONDS)
    return result


async def eventually(
    condition: Callable[[], Awaitable[Result]], what: str, seconds: float = PATIENCE_SECONDS
) -> Result:
    """The same for a condition that has to be awaited."""
    deadline = time.monotonic() + seconds
    while not (result := await condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"After {seconds} s still not: {what}")
        await asyncio.sleep(POLL_SECONDS)
    return result


def run_apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine in a loop and thread of its own: the caller's loop, if there is one, stays as it is."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with the given settings of the service, and no others."""
    known = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in os.environ.items() if name not in known} | dict(settings)


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE  # a container's init may not reap
    except psutil.NoSuchProcess:
        return False


class Process:
    """One process of ours; what it prints is kept.

    Args:
        name: what its log is called.
        arguments: the command line.
        environment: all of it.
        log: the file to which it prints.
    """

    def __init__(self, name: str, arguments: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.environment = environment
        self._arguments = arguments
        self._log = log
        self._started_at = 0
        self._begun_at = 0
        self._asked_to_end = False
        self._child: subprocess.Popen[bytes] | None = None
        self._family: set[psutil.Process] = set()

    def start(self) -> None:
        self._asked_to_end = False
        self._started_at = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                self._arguments, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def output(self) -> str:
        """What it has printed since its (last) start."""
        with self._log.open("rb") as log:
            log.seek(self._started_at)
            return log.read().decode(errors="replace")

    @property
    def whole_output(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def recent_output(self) -> str:
        """What it has printed since `begin_log`."""
        return self._log.read_bytes()[self._begun_at :].decode(errors="replace") if self._log.exists() else ""

    def begin_log(self) -> None:
        self._begun_at = self._log.stat().st_size if self._log.exists() else 0

    @property
    def runs(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def status(self) -> psutil.Process:
        assert self._child is not None
        return psutil.Process(self._child.pid)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to this process alone, and remembers what it had started."""
        assert self._child is not None
        self._remember_family()
        self._child.send_signal(number)

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Returns its exit status, once it has ended."""
        assert self._child is not None
        return self._child.wait(seconds)

    def kill(self) -> None:
        """SIGKILL: it learns nothing of it."""
        self.signal(signal.SIGKILL)
        self.wait()

    def terminate(self) -> int:
        self.signal(signal.SIGTERM)
        return self.wait()

    def left(self) -> list[psutil.Process]:
        """What lives on of this process and of all that it had started when it was last sent a signal."""
        return [each for each in self._family if lives(each)]

    def ask_to_end(self) -> None:
        if self.runs and not self._asked_to_end:
            self._asked_to_end = True
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)

    def close(self) -> int | None:
        """Ends it, at first politely; None if it had been ended before."""
        self.ask_to_end()
        if not self._asked_to_end:
            return None
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _remember_family(self) -> None:
        try:
            self._family |= {self.status, *self.status.children(recursive=True)}
        except psutil.NoSuchProcess:
            return


class Web(Process):
    """A process that serves HTTP. After a restart it has the port that it had before."""

    url = ""

    def start_listening(self) -> None:
        self.start()
        wait_until(self._listens, f"{self.name} listens")

    def wait_ready(self) -> None:
        wait_until(self._ready, f"{self.name} is ready")

    def start_ready(self) -> None:
        self.start_listening()
        self.wait_ready()

    def _listens(self) -> bool:
        found = re.search(r"^getnotified listens on (http://\S+)$", self.output, re.MULTILINE)
        if found is None:
            if not self.runs:
                raise AssertionError(f"{self.name} ended with {self.wait()}:\n{self.output}")
            return False
        self.url = found[1]
        self.environment["PORT"] = str(urlsplit(self.url).port)
        return True

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, verify=False, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


class RedisServer(Process):
    """A redis-server on a Unix socket, with its append-only file on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "redis"
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        arguments = f"--port 0 --unixsocket {self.socket} --dir {self.folder} --appendonly yes --save".split()
        super().__init__("redis", [str(_find_server()), *arguments, ""], dict(os.environ), folder / "redis.log")

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        super().start()
        wait_until(self._answers, "Redis answers")

    def start_empty(self) -> None:
        """Starts as one that has lost all."""
        shutil.rmtree(self.folder)
        self.start()

    def command(self, *words: str) -> Any:
        with Redis.from_url(self.url) as client:
            return client.execute_command(*words)

    def _answers(self) -> bool:
        try:
            return bool(self.command("PING"))
        except OSError:
            return False
        except Exception as error:
            if type(error).__module__ != "redis.exceptions":  # not listening yet, or loading
                raise
            return False


class EmptyPostgres:
    """A database of its own in the PostgreSQL of TEST_DATABASE_URL."""

    def __init__(self, template: str = "template1") -> None:
        self.name = f"getnotified_test_{secrets.token_hex(6)}"
        self.url = urlunsplit(urlsplit(postgres_url())._replace(path=f"/{self.name}"))
        _administer(f"CREATE DATABASE {self.name} TEMPLATE {template}")

    def drop(self) -> None:
        _administer(f"DROP DATABASE {self.name} WITH (FORCE)")


class Postgres(EmptyPostgres):
    """One with the service's tables: a copy of one that was migrated once."""

    _template: EmptyPostgres | None = None

    def __init__(self) -> None:
        if Postgres._template is None:
            Postgres._template = EmptyPostgres()
            done = run_command("migrate", DATABASE_URL=Postgres._template.url)
            assert done.returncode == 0, done.stderr
        super().__init__(Postgres._template.name)

    @classmethod
    def drop_template(cls) -> None:
        if cls._template is not None:
            cls._template.drop()
            cls._template = None


def postgres_url() -> str:
    """The PostgreSQL that tests may make databases in; skips the test where there is none.

    A test that asks for it without the mark `postgres` fails: it would be run nowhere.
    """
    if not postgres_allowed:
        pytest.fail("This test needs the mark `postgres`")
    url = os.environ.get("TEST_DATABASE_URL")
    if not url:
        pytest.skip("TEST_DATABASE_URL names no PostgreSQL to make databases in")
    return url


def _administer(statement: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(postgres_url())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    run_apart(execute())


def run_command(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of the service to its end."""
    return run_python("-m", "app", *arguments, **settings)


@cache
def migrated_database() -> bytes:
    """The file of an SQLite database with the service's tables and no rows: migrated once, for whoever wants one."""
    with tempfile.TemporaryDirectory(prefix="gn-", dir="/tmp") as folder:
        path = Path(folder, "database")
        done = run_command("migrate", DATABASE_URL=f"sqlite://{path}")
        assert done.returncode == 0, done.stderr
        return path.read_bytes()


def run_python(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs Python to its end, in a process of its own: Tortoise ties the models to the first dialect that it sees."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=clean_environment(settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


class Service:
    """A running service: what a sender, a browser and an operator see of it, and its processes."""

    program = "app"  # what `python -m` starts
    tokens: Tokens

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gn-", dir="/tmp"))  # short: a socket's path has 103 bytes
        self.settings = {
            "DATA_DIR": str(self.folder / "var"),
            "PORT": "0",
            "LOG_LEVEL": "INFO",
            **settings,
        }
        self.webs: list[Web] = []
        self.others: list[Process] = []
        self.stands_on: list[Process] = []  # that end after the others
        self.may_fail = False  # a test that makes it fail says so; else a traceback in a log fails the test
        self._client: httpx.AsyncClient | None = None
        running.append(self)

    # -- Who may do what ----------------------------------------------------------------------------

    def token(self, subject: str, topics: list[str] | None = None, days: float = 1) -> str:
        role: Role = {"customer": "customer", "sender": "sender", "ops": "ops"}[subject.partition(":")[0]]  # type: ignore[assignment]
        return self.tokens.sign(subject, role, topics, days)

    def customer(self, number: int, topics: list[str] | None = None) -> str:
        return self.token(f"customer:{number}", topics)

    # -- Requests -----------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return self.webs[0].url

    @property
    def urls(self) -> list[str]:
        return [web.url for web in self.webs]

    async def request(
        self, method: str, path: str, token: str, json: Any = None, web: int = 0, **options: Any
    ) -> httpx.Response:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=PATIENCE_SECONDS, limits=httpx.Limits(max_connections=None), verify=False, trust_env=False
            )
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        return await self._client.request(method, self.urls[web] + path, json=json, headers=headers, **options)

    async def post(self, body: Any, web: int = 0, **options: Any) -> httpx.Response:
        """`POST /notifications` as the sender shop."""
        return await self.request("POST", "/notifications", self.token("sender:shop"), body, web, **options)

    async def send(self, count: int = 1, web: int = 0, **fields: Any) -> list[str]:
        """Sends so many notifications in one request, which must be answered with 201; their positions."""
        titled = [{"title_text": f"number {number}"} | fields for number in range(count)]
        response = await self.post({"notifications": titled}, web)
        assert response.status_code == 201, response.text
        return [each["position"] for each in response.json()["notifications"]]

    async def report(self, *events: Mapping[str, Any], web: int = 0, **options: Any) -> httpx.Response:
        """`POST /order-events` as the sender shop; one event by itself, several as a batch."""
        body = events[0] if len(events) == 1 else {"events": events}
        return await self.request("POST", "/order-events", self.token("sender:shop"), body, web, **options)

    async def tell(self, *events: Mapping[str, Any], web: int = 0, status: int = 201) -> list[dict[str, Any]]:
        """The notifications that come of order events."""
        response = await self.report(*events, web=web)
        assert response.status_code == status, response.text
        told: list[dict[str, Any]] = response.json()["notifications"]
        return told

    async def inbox(self, customer: int, web: int = 0, token: str | None = None) -> list[dict[str, Any]]:
        """What a customer's inbox shows, newest first."""
        answer = await self.request("GET", "/inbox?limit=200", token or self.customer(customer), web=web)
        assert answer.status_code == 200, answer.text
        shown: list[dict[str, Any]] = answer.json()["notifications"]
        return shown

    async def wish(self, customer: int, web: int = 0, **preferences: Any) -> dict[str, Any]:
        """`PUT /preferences`."""
        answer = await self.request("PUT", "/preferences", self.customer(customer), preferences, web)
        assert answer.status_code == 200, answer.text
        wished: dict[str, Any] = answer.json()
        return wished

    async def disconnect(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    # -- Running ------------------------------------------------------------------------------------

    @property
    def processes(self) -> list[Process]:
        return [*self.webs, *self.others]

    @property
    def logs(self) -> list[tuple[str, str]]:
        """What each process has printed since `begin_log`."""
        return [(each.name, each.recent_output) for each in self.processes]

    def begin_log(self) -> None:
        for process in self.processes:
            process.begin_log()

    @property
    def is_well(self) -> bool:
        """Whether every process runs and none says that it is broken, unless it may."""
        return all(each.runs for each in self.processes) and (self.may_fail or not self._broken())

    def _broken(self) -> list[str]:
        logs = [(each.name, each.whole_output) for each in self.processes]
        return [
            f"{name} says that it is broken:\n{log}"
            for name, log in logs
            if "Traceback" in log or " CRITICAL " in log or " ERROR " in log
        ]

    def start(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Ends every process; nothing of them may be left, none may have failed, none may say that it is broken."""
        running.remove(self)
        wrong: list[str] = []
        for process in self.processes:
            if process not in self.stands_on:
                process.ask_to_end()  # all at once: they need not wait for each other
        for process in self.processes:
            try:
                exit_status = process.close()
            except subprocess.TimeoutExpired:
                wrong.append(f"{process.name} did not end on SIGTERM")
                continue
            if exit_status and not self.may_fail:
                wrong.append(f"{process.name} ended with {exit_status}")
        try:
            wait_until(lambda: not self.left(), "nothing is left behind", 5)
        except AssertionError:
            for left in self.left():
                wrong.append(f"left behind: {left}")
                left.kill()
        if not self.may_fail:
            wrong += self._broken()
        shutil.rmtree(self.folder)
        assert not wrong, "\n".join(wrong)

    def left(self) -> list[psutil.Process]:
        return [each for process in self.processes for each in process.left()]

    def _web(self, name: str, command: str, settings: Mapping[str, str]) -> Web:
        web = Web(
            name,
            [sys.executable, "-m", self.program, command],
            clean_environment(self.settings | dict(settings)),
            self.folder / f"{name}.log",
        )
        self.webs.append(web)
        return web


class Dev(Service):
    """`python -m app dev`: SQLite and Redis of its own, all in one process. It finds its database migrated."""

    def __init__(self, **settings: str) -> None:
        super().__init__(settings)
        self.process = self._web("dev", "dev", {})

    @property
    def data_dir(self) -> Path:
        return self.folder / "var"

    def start(self) -> None:
        if not self.data_dir.exists():
            self.data_dir.mkdir(mode=0o700)
            Path(self.data_dir, "getnotified.sqlite3").write_bytes(migrated_database())
        self.process.start_ready()
        self.tokens = Tokens(embedded_secret_key(self.data_dir))


class ChangedDev(Dev):
    """The same under a Hypercorn whose inside has changed: every stream goes through ASGI's `send`."""

    program = "tests.support.changed_hypercorn"


class Production(Service):
    """`web` processes, a `relay`, a Redis and a PostgreSQL database.

    Args:
        webs: how many.
        relays: how many; the first is active.
        database_url: another way to the database (through a proxy) than its own address.
        settings: of the service.
    """

    def __init__(
        self,
        webs: int = 2,
        relays: int = 1,
        database_url: Callable[[str], str] = lambda url: url,
        **settings: str,
    ) -> None:
        postgres_url()  # or skip, before anything is made
        super().__init__({"SECRET_KEY": secrets.token_urlsafe(32), **settings})
        self.tokens = Tokens(self.settings["SECRET_KEY"])
        self.database = Postgres()
        self.redis = RedisServer(self.folder)
        stands_on = {"DATABASE_URL": database_url(self.database.url), "REDIS_URL": self.redis.url}
        for number in range(webs):
            self._web(f"web{number}", "web", stands_on)
        self.relays = [
            Process(
                name,
                [sys.executable, "-m", "app", "relay"],
                clean_environment(self.settings | stands_on),
                self.folder / f"{name}.log",
            )
            for name in ("relay", *(f"relay{number}" for number in range(1, relays)))
        ]
        self.relay = self.relays[0]
        self.others = [*self.relays, self.redis]
        self.stands_on = [self.redis]

    def start(self) -> None:
        self.redis.start()
        self.relay.start()
        for web in self.webs:  # all at once: they need not wait for each other
            web.start()
        for web in self.webs:
            wait_until(web._listens, f"{web.name} listens")
            web.wait_ready()
        self._start_others()

    def restart_relays(self) -> None:
        """Puts relays in the place of those that run or were killed; the first is active again."""
        for relay in self.relays:
            if relay.runs:
                relay.kill()
        self.redis.command("DEL", RELAY)
        self.relay.start()
        self._start_others()

    def _start_others(self) -> None:
        for count, relay in enumerate(self.relays[1:], start=1):
            self._wait_for_relays(count)
            relay.start()
        if len(self.relays) > 1:
            self._wait_for_relays(len(self.relays))

    def _wait_for_relays(self, count: int) -> None:
        """Returns once so many look for what is due: what each has asked Redis last is whether the log is whole."""

        def look() -> bool:
            clients: bytes = self.redis.command("CLIENT", "LIST")
            return clients.count(b" cmd=get ") == count

        wait_until(look, f"{count} relays look for what is due")

    def close(self) -> None:
        try:
            super().close()
        finally:
            self.database.drop()
