"""A process that holds connections: many virtual customers in one event loop."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from urllib.parse import quote

from app.sdk.load import problem
from app.sdk.load.arrivals import Arrivals, Batch
from app.sdk.load.customer import Customer
from app.sdk.load.effort import Watch
from app.sdk.load.message import Begin, Collect, Heard, Listen, Listening, Refusal, Stop

# Connections that are being opened at the same time: what a service takes in its stride, far below its backlog.
OPENING_MAX = 100
REPORT_SECONDS = 0.1


class Listener:
    """Holds the connections of some customers.

    Args:
        task: who they are.
        tell: passes a message on to the run.
    """

    def __init__(self, task: Listen, tell: Callable[[object], None]) -> None:
        self._task = task
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._watch = Watch()
        self._arrivals = Arrivals(task.run)
        shared: dict[bytes, Batch] | None = None if task.topic is None else {}
        self._customers = [
            Customer(number, _request(task, token), self, self._arrivals, shared) for number, token in task.customers
        ]
        self._tls = None if task.address.server_name is None else ssl.create_default_context()
        self._opening = asyncio.Semaphore(OPENING_MAX)
        self._tasks: set[asyncio.Task[None]] = set()
        self._synced = 0
        self._reconnects = 0
        self._gaps = 0
        self._refused: Counter[str] = Counter()
        self._has_begun = False
        self._told: Listening | None = None

    def start(self) -> None:
        """Opens all connections, and tells from time to time how far it is."""
        self._watch.look()
        self._report()
        for customer in self._customers:
            self._open(customer)

    def hear(self, message: object) -> None:
        """What the run says."""
        match message:
            case Begin():
                self._has_begun = True
                self._watch.begin()
            case Collect():
                self._tell(self._heard())
            case Stop():
                self.close()

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for customer in self._customers:
            customer.close()

    # -- What customers tell ------------------------------------------------------------------------

    def synced(self, again: bool) -> None:
        if again:
            self._reconnects += 1
        else:
            self._synced += 1

    def gap(self) -> None:
        self._gaps += 1

    def lost(self, customer: Customer, seconds: float) -> None:
        self._loop.call_later(seconds, self._open, customer)

    def refused(self, refusal: Refusal) -> None:
        self._refused[problem.sentence(refusal)] += 1
        if not self._has_begun:
            self._tell(refusal)

    # -- Inside -------------------------------------------------------------------------------------

    def _open(self, customer: Customer) -> None:
        task = self._loop.create_task(self._connect(customer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, customer: Customer) -> None:
        address = self._task.address
        try:
            async with self._opening:
                await self._loop.create_connection(
                    lambda: customer, address.host, address.port, ssl=self._tls, server_hostname=address.server_name
                )
        except OSError:
            self.lost(customer, customer.retry_seconds)

    def _report(self) -> None:
        told = Listening(self._synced, len(self._arrivals.which))
        if told != self._told:
            self._told = told
            self._tell(told)
        self._loop.call_later(REPORT_SECONDS, self._report)

    def _heard(self) -> Heard:
        return Heard(
            uids=self._arrivals.uids,
            which=self._arrivals.which,
            who=self._arrivals.who,
            when=self._arrivals.when,
            out_of_order=sum(each.out_of_order for each in self._customers),
            reconnects=self._reconnects,
            gaps=self._gaps,
            refused=dict(self._refused),
            effort=self._watch.effort(),
        )


def _request(task: Listen, token: str) -> bytes:
    query = "" if task.topic is None else f"?topic={quote(task.topic)}"
    return (
        f"GET {task.address.prefix}/stream{query} HTTP/1.1\r\nHost: {task.address.authority}\r\n"
        f"Accept: text/event-stream\r\nAuthorization: Bearer {token}\r\n"
    ).encode()
