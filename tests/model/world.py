"""A service that the state machine drives: what is said to it over HTTP, and how it is broken."""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
import sys
from collections.abc import Coroutine, Mapping, Sequence
from itertools import count
from typing import Any, TypeVar

import httpx
from redis import Redis

from app import position as positions
from tests.model.model import Said
from tests.support.browser import Browser
from tests.support.outage import until_used
from tests.support.service import PATIENCE_SECONDS, ROOT, Dev, Process, Production, Service, eventually

Result = TypeVar("Result")

NEVER = 1e9  # a page comes back when the machine says so
SETTINGS: Mapping[str, Any] = {
    "WINDOW_MAX_ENTRIES": "10",  # what is older comes from the database
    "CONNECTIONS_PER_CUSTOMER": "0",
    "HEARTBEAT_SECONDS": "300",
    "RELAY_GRACE_SECONDS": "0.2",
    "RELAY_LEASE_SECONDS": "1",
    "LOG_LEVEL": "WARNING",
}


class Opened(Browser):
    """One connection: it does not come back by itself, and can be reset."""

    async def _dial(self, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, self._writer = await super()._dial(url)
        return reader, self._writer

    async def reset(self) -> None:
        """As when a network breaks: the server gets RST."""
        opened: socket.socket = self._writer.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.close()


class World:
    """A running service, and the loop in which all of it is talked to.

    Attributes:
        numbers: of customers and topics of whom nobody has heard before.
        watcher: a customer with a page at each web process: what that has seen, the process has read from the log.
        pruned_to: how far the database's history has been forgotten, as it says itself.
        troubles: what can be restarted, and how; see `restart`.
    """

    troubles: Sequence[str]

    def __init__(self, service: Service) -> None:
        self.service = service
        self.numbers = count(1)
        self.watcher = next(self.numbers)
        self.pruned_to = 0
        self._runner = asyncio.Runner()
        self._watching: list[Browser] = []
        self._pruner: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.service.start()
        self._pruner = subprocess.Popen(
            [sys.executable, "-m", "tests.model.pruner", self.database_url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.prune(0)
        token = self.service.customer(self.watcher)
        self._watching = [Browser(url, token, last_id="earliest", retry_scale=0.001) for url in self.service.urls]

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(work)

    def close(self) -> None:
        async def end() -> None:
            for browser in self._watching:
                if browser.attempts:
                    await browser.close()
            await self.service.disconnect()

        self.run(end())
        self._runner.close()
        if self._pruner is not None:
            self._pruner.communicate(timeout=PATIENCE_SECONDS)  # which ends what it reads, and so itself
        self.service.close()

    # -- What is said to it -------------------------------------------------------------------------

    async def post(self, body: Mapping[str, Any], key: str, web: int = 0) -> list[Said]:
        """What a sender's request has become, in the order of the answer; asked again until all of it is carried."""

        async def carried() -> httpx.Response | None:
            answer = await self.service.post(body, web % len(self.service.urls), headers={"Idempotency-Key": key})
            assert answer.status_code in (201, 202), answer.text
            return answer if answer.status_code == 201 else None

        answer = await eventually(carried, f"{key} is carried")
        assert answer is not None
        return [
            Said("notification", each["uid"], channel_of(each), position_of(each["position"]))
            for each in answer.json()["notifications"]
        ]

    async def ask(
        self, method: str, path: str, customer: int, json: Any = None, web: int = 0, status: Sequence[int] = (200,)
    ) -> httpx.Response:
        """A request of a customer."""
        token = self.service.customer(customer)
        answer = await self.service.request(method, path, token, json, web % len(self.service.urls))
        assert answer.status_code in status, answer.text
        return answer

    async def take_back(self, uid: str, web: int) -> int:
        """The status with which a sender's notification is taken back."""
        token = self.service.token("sender:shop")
        path = f"/notifications/{uid}"
        return (await self.service.request("DELETE", path, token, web=web % len(self.service.urls))).status_code

    def page(self, customer: int, web: int, topics: Sequence[str], last_id: str, counts: bool) -> Opened:
        return Opened(
            self.service.urls[web % len(self.service.urls)],
            self.service.customer(customer),
            topics=topics,
            last_id=last_id,
            query={"count": "1"} if counts else {},
            retry_scale=NEVER,
        )

    async def until_read(self, position: int) -> None:
        """Returns once every web process has read the log up to a notification for the watcher."""
        for browser in self._watching:
            if not browser.attempts:
                browser.start()
            await until_seen(browser, position)

    async def settle(self) -> None:
        """Returns once the rows of all that was answered hold their positions."""
        for web in range(len(self.service.urls)):
            await self.ask("GET", "/inbox?limit=1", self.watcher, web=web)

    # -- How it is broken ---------------------------------------------------------------------------

    def prune(self, before_ms: int) -> None:
        """Forgets what was carried before a time (Unix), as the service does once an hour."""
        assert self._pruner is not None
        assert self._pruner.stdin is not None
        assert self._pruner.stdout is not None
        self._pruner.stdin.write(f"{before_ms}\n")
        self._pruner.stdin.flush()
        self.pruned_to = int(self._pruner.stdout.readline())

    def wipe(self) -> None:
        """Redis forgets everything."""
        with Redis.from_url(self.redis_url) as client:
            client.flushall()

    @property
    def database_url(self) -> str:
        raise NotImplementedError

    @property
    def redis_url(self) -> str:
        raise NotImplementedError

    async def restart(self, trouble: str) -> set[str]:
        """Ends something and starts it again; returns the addresses of the web processes that were ended."""
        raise NotImplementedError


class DevWorld(World):
    """Everything in one process: who ends it ends Redis too."""

    troubles = ("terminate", "kill", "empty")

    def __init__(self, dev: Dev) -> None:
        super().__init__(dev)
        self._dev = dev

    @property
    def database_url(self) -> str:
        return f"sqlite://{self._dev.data_dir}/getnotified.sqlite3"

    @property
    def redis_url(self) -> str:
        return f"unix://{self._dev.data_dir}/redis.sock"

    async def restart(self, trouble: str) -> set[str]:
        process = self._dev.process
        await end(process, trouble)
        if trouble == "empty":
            for each in (self._dev.data_dir / "redis").rglob("*.aof*"):
                each.unlink()
        await asyncio.to_thread(process.start_ready)
        await self.service.disconnect()
        return {process.url}


class ProductionWorld(World):
    """Two web processes, a relay, Redis and PostgreSQL, each with a life of its own."""

    troubles = ("terminate 0", "kill 0", "kill 1", "kill relay", "kill redis", "empty redis")

    def __init__(self, production: Production) -> None:
        super().__init__(production)
        self._production = production

    @property
    def database_url(self) -> str:
        return self._production.database.url

    @property
    def redis_url(self) -> str:
        return self._production.redis.url

    async def restart(self, trouble: str) -> set[str]:
        how, what = trouble.split()
        if what == "redis":
            redis = self._production.redis
            await asyncio.to_thread(redis.kill)
            await asyncio.to_thread(redis.start_empty if how == "empty" else redis.start)
            await until_used(self._production, self.numbers)
            return set()
        if what == "relay":
            await end(self._production.relay, how)
            self._production.relay.start()
            return set()
        web = self._production.webs[int(what)]
        await end(web, how)
        await asyncio.to_thread(web.start_ready)
        await self.service.disconnect()
        return {web.url}


async def end(process: Process, how: str) -> None:
    if how == "kill":
        await asyncio.to_thread(process.kill)
    else:
        assert await asyncio.to_thread(process.terminate) == 0


def channel_of(shown: Mapping[str, Any]) -> str:
    """As the model calls it: the receiver's number or the topic."""
    return str(shown.get("receiver_id", shown.get("topic")))


def position_of(text: str) -> int:
    position = positions.parse(text)
    assert position is not None, text
    return position


async def until_seen(browser: Browser, position: int) -> None:
    """Returns once a page has seen the notification at a position, or a later one."""
    await browser.until(lambda: browser.notifications and browser.notifications[-1].position >= position)
