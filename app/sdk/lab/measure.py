"""Runs of load one after the other, and what they cost the web process that serves them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from typing import NamedTuple, Self

from app.sdk.deployment import Deployment
from app.sdk.errors import BadParameter, SdkError
from app.sdk.load import LoadResult, Plan, run

# Often enough to divide a run of two seconds, seldom enough to cost the process less than 2 % of a core.
LOOK_SECONDS = 0.25

# CPU is counted in ticks of 10 ms: over so long they hide 0.3 % of a core.
IDLE_SECONDS = 3.0
# For connections to be closed. At a service with customers of its own they come and go all the time.
SETTLE_SECONDS = 3.0


class Sample(NamedTuple):
    """What a web process says of itself.

    Attributes:
        at: Unix time (seconds) of this machine.
        cpu_seconds: used since it was started, by all its threads.
        resident_bytes: its memory.
        connections: open streams.
        deliveries: events written to connections since it was started.
        started_at: tells one process from another.
    """

    at: float
    cpu_seconds: float
    resident_bytes: float
    connections: float
    deliveries: float
    started_at: float


class Measured(NamedTuple):
    """A run, and the samples from before it began until after it had ended."""

    result: LoadResult
    samples: list[Sample]


def measure(service: Deployment, plans: Iterable[Plan]) -> tuple[list[Sample], list[Measured]]:
    """Watches the process while nothing is asked of it, and then while the load of each plan is made.

    Raises:
        BadParameter: several processes answer at the address, so nobody knows whose CPU it is.
    """
    measured = []
    with Meter(service) as meter:
        meter.settle()
        time.sleep(IDLE_SECONDS)
        idle = meter.taken()
        for plan in plans:
            meter.settle()
            result = run(service, plan)
            measured.append(Measured(result, meter.taken()))
    return idle, measured


class Meter:
    """Looks at `/stats` again and again, from a thread of its own. Used with `with`."""

    def __init__(self, service: Deployment) -> None:
        self.samples: list[Sample] = []
        self._service = service
        self._over = threading.Event()
        self._failure: SdkError | None = None
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)

    def taken(self) -> list[Sample]:
        """The samples since the list was emptied.

        Raises:
            SdkError: the service does not tell them any more, or they are of several processes.
        """
        if self._failure is not None:
            raise self._failure
        samples = list(self.samples)
        if len({each.started_at for each in samples}) > 1:
            must = "be the address of one web process, not of a balancer, and it must not restart meanwhile"
            raise BadParameter("url", self._service.url, must)
        return samples

    def settle(self) -> None:
        """Begins the list anew, with a sample in which what was opened before has been closed."""
        self.samples.clear()
        give_up_at = time.monotonic() + SETTLE_SECONDS
        while not self._is_settled() and time.monotonic() < give_up_at and self._failure is None:
            time.sleep(LOOK_SECONDS / 5)
        del self.samples[:-1]

    def _is_settled(self) -> bool:
        return len(self.samples) > 1 and self.samples[-1].connections == self.samples[-2].connections

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        with ExitStack() as stack:
            try:
                ops = stack.enter_context(self._service.ops())
                while not self._over.is_set():
                    asked_at = time.time()
                    stats = ops.stats()
                    if "process_cpu_seconds_total" not in stats:
                        must = "be a service on Linux: elsewhere a process does not tell its CPU"
                        raise BadParameter("url", self._service.url, must)
                    self.samples.append(_sample(stats, (asked_at + time.time()) / 2))
                    self._over.wait(LOOK_SECONDS)
            except SdkError as error:
                self._failure = error


def _sample(stats: dict[str, float], at: float) -> Sample:
    return Sample(
        at=at,
        cpu_seconds=stats["process_cpu_seconds_total"],
        resident_bytes=stats["process_resident_memory_bytes"],
        connections=stats["connections"],
        deliveries=stats["delivered_total"],
        started_at=stats["process_start_time_seconds"],
    )
