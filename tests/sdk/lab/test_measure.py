"""Watching a web process: who it is, and what it says of itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from app.sdk import Deployment, local_service
from app.sdk.errors import BadParameter, NotReachable
from app.sdk.lab.measure import Meter, measure
from app.sdk.load import Plan

STATS = {
    "process_cpu_seconds_total": 1.0,
    "process_resident_memory_bytes": 1e8,
    "connections": 0.0,
    "delivered_total": 0.0,
    "process_start_time_seconds": 1.0,
}


class Scripted:
    """A deployment that says one thing after the other, and the last one for ever."""

    url = "http://service"

    def __init__(self, *answers: dict[str, float] | Exception) -> None:
        self._answers = list(answers)
        self.asked = 0

    @contextmanager
    def ops(self) -> Iterator[Scripted]:
        yield self

    def stats(self) -> dict[str, float]:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def meter(*answers: dict[str, float] | Exception) -> tuple[Meter, Scripted]:
    service = Scripted(*answers)
    return Meter(cast(Deployment, service)), service


def wait_until_asked(service: Scripted, times: int) -> None:
    deadline = time.monotonic() + 10
    while service.asked < times:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_several_processes_behind_an_address_are_noticed() -> None:
    watching, service = meter(STATS, STATS | {"process_start_time_seconds": 2.0})
    with watching:
        wait_until_asked(service, 3)
        with pytest.raises(BadParameter, match="url='http://service' must be the address of one web process"):
            watching.taken()


def test_a_service_that_does_not_tell_its_cpu_is_refused() -> None:
    watching, _ = meter({"connections": 0.0})
    with watching:
        watching.settle()
    with pytest.raises(BadParameter, match="must be a service on Linux"):
        watching.taken()


def test_a_service_that_goes_away_is_told_of() -> None:
    watching, _ = meter(STATS, NotReachable("http://service", "nobody listens there"))
    with watching:
        watching.settle()
    with pytest.raises(NotReachable):
        watching.taken()


def test_it_begins_anew_once_connections_are_closed() -> None:
    watching, service = meter(STATS | {"connections": 9.0}, STATS | {"connections": 4.0}, STATS)
    with watching:
        wait_until_asked(service, 1)
        watching.settle()
        assert watching.taken()[0].connections == 0


def test_a_run_is_watched_from_before_it_opens_connections() -> None:
    pytest.importorskip("tqdm")
    with local_service() as service:
        idle, (measured,) = measure(service, [Plan(customers=20, rate=20, seconds=1, grace_seconds=5)])
    assert len(idle) > 3
    assert measured.result.lost == 0
    assert measured.samples[0].connections == 0
    assert max(each.connections for each in measured.samples) == 20
    cpu: list[Any] = [each.cpu_seconds for each in [*idle, *measured.samples]]
    assert cpu == sorted(cpu)
    assert cpu[-1] > cpu[0]
