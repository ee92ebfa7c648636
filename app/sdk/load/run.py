"""A run: starts the processes, has the load made, waits for the last notification, and tells what became of it.

It needs no event loop of its own, so it runs in a notebook as well as in a script.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from contextlib import closing
from math import ceil
from multiprocessing.connection import wait
from secrets import token_hex
from typing import Protocol

from app.sdk.client import Client
from app.sdk.errors import BadParameter, NotInTime, NotReachable, Refused
from app.sdk.load.address import Address, reach
from app.sdk.load.assemble import assemble
from app.sdk.load.interrupt import Interrupts
from app.sdk.load.message import (
    UNREACHABLE,
    Begin,
    Collect,
    Heard,
    Listen,
    Listening,
    Publish,
    Published,
    Publishing,
    Refusal,
    Stop,
)
from app.sdk.load.plan import FIRST_CUSTOMER, Plan
from app.sdk.load.processes import LoadFailed, Worker
from app.sdk.load.progress import Bars
from app.sdk.load.result import LoadResult
from app.sdk.load.script import topic_of

SENDER = "sender:load"
TOPICS = ["load.*"]
# A service that opens not one connection more in so long will not open the rest.
OPENING_SECONDS = 15.0
COLLECTING_SECONDS = 60.0
# After Ctrl-C: for what is on its way.
SETTLING_SECONDS = 1.0
LOOK_SECONDS = 0.05
# Until the publisher knows that it begins.
LEAD_SECONDS = 0.2
SPARE_FILES = 100


class Target(Protocol):
    """The deployment that is loaded: a `Deployment`, or what is like one."""

    @property
    def url(self) -> str: ...

    def token(self, subject: str, topics: list[str] | None = None) -> str: ...


def run(deployment: Target, plan: Plan, progress: bool = True) -> LoadResult:
    """Makes the load of a plan, and returns when the last notification has come, or none has for `grace_seconds`.

    Ctrl-C ends it early: the result tells what there was so far. Ctrl-C again leaves at once, without a result.

    Args:
        deployment: what is loaded.
        plan: with what.
        progress: whether bars show how far it is.

    Raises:
        BadParameter: this machine can't hold so many connections in so many processes.
        NotReachable, OtherVersion: no getnotified of this release answers at the deployment's address.
        Refused: the service does not let the customers listen.
        NotInTime: it does not open all connections.
        LoadFailed: a process of the load has failed.
    """
    _require_files(plan)
    with Client(deployment.url, deployment.token(SENDER)) as client:
        client.greet()
    address = reach(deployment.url)
    with (
        Interrupts() as interrupts,
        Bars(plan, progress) as bars,
        closing(_Run(deployment, plan, address, bars, interrupts)) as making,
    ):
        return making.make()


class _Run:
    def __init__(self, deployment: Target, plan: Plan, address: Address, bars: Bars, interrupts: Interrupts) -> None:
        self._plan = plan
        self._deployment = deployment
        self._address = address
        self._bars = bars
        self._interrupts = interrupts
        self._name = token_hex(4)
        self._listeners: dict[Worker, Listening] = {}
        self._publisher: Worker | None = None
        self._publishing = Publishing()
        self._collected: dict[Worker, Heard | Published] = {}
        self._started: set[Worker] = set()
        self._begun_at = 0.0
        self._changed_at = time.monotonic()

    def make(self) -> LoadResult:
        self._start()
        self._wait(lambda: len(self._started) == len(self._workers))
        if self._wait(lambda: self._is_open, OPENING_SECONDS):
            self._begin()
            self._wait(lambda: self._publishing.done)
        elif not self._interrupts.count:
            missing = self._plan.customers - self._synced
            raise NotInTime(f"{missing:,} of {self._plan.customers:,} connections to be open", OPENING_SECONDS)
        return self._finish()

    def close(self) -> None:
        for worker in self._workers:
            worker.close()
        for worker in self._workers:
            worker.wait()

    # -- How far it is ------------------------------------------------------------------------------

    @property
    def _synced(self) -> int:
        return sum(each.synced for each in self._listeners.values())

    @property
    def _received(self) -> int:
        return sum(each.received for each in self._listeners.values())

    @property
    def _expected(self) -> int:
        return self._publishing.accepted * (self._plan.customers if self._plan.audience == "topic" else 1)

    @property
    def _is_open(self) -> bool:
        return self._publishing.ready and self._synced == self._plan.customers

    # -- From the beginning to the end --------------------------------------------------------------

    def _start(self) -> None:
        plan, sign = self._plan, self._deployment.token
        self._publisher = Worker(Publish(self._address, self._name, plan, sign(SENDER, topics=TOPICS)))
        customers = range(plan.customers)
        tokens = [(each, sign(f"customer:{FIRST_CUSTOMER + each}", topics=TOPICS)) for each in customers]
        topic = topic_of(self._name) if plan.audience == "topic" else None
        for first in range(plan.listeners):
            worker = Worker(Listen(self._address, self._name, tokens[first :: plan.listeners], topic))
            self._listeners[worker] = Listening()

    def _begin(self) -> None:
        self._begun_at = time.time() + LEAD_SECONDS
        for worker in self._workers:
            worker.send(Begin(self._begun_at))

    def _finish(self) -> LoadResult:
        if self._interrupts.count:
            self._tell_publisher(Stop())
            self._wait(lambda: self._publishing.done, SETTLING_SECONDS, although_interrupted=True)
            self._wait(lambda: self._received >= self._expected, SETTLING_SECONDS, although_interrupted=True)
            return self._collect()
        goes_on = self._wait(lambda: self._received >= self._expected, self._plan.grace_seconds)
        result = self._collect()
        while goes_on and result.lost:  # what came twice stands for what has not come yet
            goes_on = self._wait_for_more(self._received)
            result = self._collect()
        return result

    def _wait_for_more(self, before: int) -> bool:
        return self._wait(lambda: self._received > before, self._plan.grace_seconds)

    def _collect(self) -> LoadResult:
        self._collected = {}
        for worker in self._workers:
            worker.send(Collect())
        everybody = len(self._workers)
        if not self._wait(lambda: len(self._collected) == everybody, COLLECTING_SECONDS, although_interrupted=True):
            raise LoadFailed("one of its processes does not answer")
        heard = [each for each in self._collected.values() if isinstance(each, Heard)]
        (published,) = (each for each in self._collected.values() if isinstance(each, Published))
        return assemble(self._plan, self._name, self._begun_at, published, heard, bool(self._interrupts.count))

    def _wait(
        self, condition: Callable[[], bool], quiet_seconds: float | None = None, although_interrupted: bool = False
    ) -> bool:
        """Waits for a condition; whether it holds, and not instead nothing has changed for so long, or Ctrl-C came."""
        self._changed_at = time.monotonic()
        while not condition():
            if self._interrupts.count and not although_interrupted:
                return False
            if quiet_seconds is not None and time.monotonic() - self._changed_at > quiet_seconds:
                return False
            told = wait([worker.connection for worker in self._workers], LOOK_SECONDS)
            for worker in self._workers:
                if worker.connection in told:
                    self._take(worker, worker.receive())
            self._bars.show(connected=self._synced, sent=self._publishing.sent, received=self._received)
        return True

    def _take(self, worker: Worker, message: object) -> None:
        self._changed_at = time.monotonic()
        self._started.add(worker)
        match message:
            case Listening():
                self._listeners[worker] = message
            case Publishing():
                self._publishing = message
            case Heard() | Published():
                self._collected[worker] = message
            case Refusal():
                if not self._begun_at:
                    raise self._not_let_in(message)

    def _not_let_in(self, refusal: Refusal) -> Refused | NotReachable:
        if refusal.status == UNREACHABLE:
            return NotReachable(self._deployment.url, refusal.detail)
        return Refused(refusal.status, refusal.code, refusal.detail, refusal.errors)

    @property
    def _workers(self) -> list[Worker]:
        return [*self._listeners, *([self._publisher] if self._publisher else [])]

    def _tell_publisher(self, message: object) -> None:
        if self._publisher is not None:
            self._publisher.send(message)


def _require_files(plan: Plan) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and plan.customers > plan.listeners * (most - SPARE_FILES):
        least = ceil(plan.customers / (most - SPARE_FILES))
        raise BadParameter("processes", plan.listeners, f"be {least} or more: one may open {most:,} files here")
