"""A soak says that something grows when it does, not when it only varies; nor that all is well when it can't tell."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from math import inf
from pathlib import Path
from random import Random

import pytest

from benchmarks.soak.__main__ import judge
from benchmarks.soak.growth import growth, windows
from benchmarks.soak.service import INSIDE, SoakedService
from benchmarks.soak.turn import MB, TURN_SECONDS, Turn

VISITS = 600  # a turn
TURNS = [TURN_SECONDS * number for number in range(150)]  # half an hour
FEW = TURNS[:25]
P99 = "p99 from being sent to the customer, ms: nothing shows that it grows"


def turns(
    times: list[float] = TURNS,
    *,
    memory_bytes: float = 0.0,
    blocks: float = 0.0,
    tasks: float = 0.0,
    descriptors: float = 0.0,
    p99_ms: Callable[[float], float] = lambda _: 5.0,
    noise: float = 1.0,
    seed: int = 1,
) -> list[Turn]:
    """As noisy as real ones, with what is left of each visit; `p99_ms` by the hour."""
    random = Random(seed)
    return [
        Turn(
            at=at,
            memory_mb=110 + memory_bytes / MB * VISITS * number + random.gauss(0, 0.2 * noise),
            blocks=round(530_000 + blocks * VISITS * number + random.gauss(0, 300 * noise)),
            garbage=40_000,
            tasks=17 + round(tasks * VISITS * number),
            descriptors=15 + round(descriptors * VISITS * number),
            p99_ms=p99_ms(at / 3600) + random.gauss(0, 3 * noise),
            wrong=0,
            visits=VISITS,
            interrupted=False,
        )
        for number, at in enumerate(times)
    ]


def failed(measured: list[Turn], warm_up: int = 0) -> list[str]:
    return [each.claim for each in judge(measured, warm_up).checks if not each.holds]


# -- Growth -----------------------------------------------------------------------------------------


def test_a_line_is_found_with_its_slope() -> None:
    grown = growth(TURNS, [100 + 10 * at / 3600 for at in TURNS])
    assert grown.an_hour == pytest.approx(10)
    assert grown.uncertainty == pytest.approx(0, abs=1e-6)


def test_what_is_said_to_be_uncertain_covers_what_is_true_in_nine_cases_of_ten() -> None:
    random = Random(1)
    measured = [[100 + 10 * at / 3600 + random.gauss(0, 2) for at in TURNS] for _ in range(1000)]
    found = [growth(TURNS, each) for each in measured]
    covered = sum(each.at_least < 10 < each.at_most for each in found)
    assert 880 < covered < 920


@pytest.mark.parametrize("count", range(5))
def test_of_two_windows_nobody_knows_what_grows(count: int) -> None:
    assert growth(TURNS[:count], TURNS[:count]).uncertainty == inf


@pytest.mark.parametrize("count", range(200))
def test_windows_are_few_and_even_and_end_with_the_last_value(count: int) -> None:
    found = windows(range(count))
    assert len(found) <= 10
    if len(found) > 1:
        size = round(found[1] - found[0])
        assert size % 2 == 0
        assert found[-1] == count - 1 - (size - 1) / 2
        assert len(found) == count // size


def test_a_few_odd_values_change_nothing() -> None:
    values = [5.0] * 150
    values[70] = values[149] = 12_000.0
    assert growth(TURNS, values) == (0, 0)


# -- The verdict ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("times", [TURNS, FEW])
def test_noise_is_no_growth(times: list[float], seed: int) -> None:
    assert failed(turns(times, seed=seed)) == []


@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_bytes_of_each_connection_are_a_leak(seed: int) -> None:
    assert failed(turns(memory_bytes=130, seed=seed)) == ["Memory, MB: nothing shows that it grows"]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("times", [TURNS, FEW])
def test_an_object_of_each_connection_is_a_leak_also_in_five_minutes(times: list[float], seed: int) -> None:
    assert failed(turns(times, blocks=1, seed=seed)) == ["Blocks of memory: it does not grow"]


def test_tasks_and_descriptors_of_few_connections_are_a_leak() -> None:
    assert failed(turns(tasks=0.002)) == ["Tasks: it does not grow"]
    assert failed(turns(descriptors=0.002)) == ["Descriptors: it does not grow"]


def test_what_is_too_noisy_or_too_short_to_tell_is_not_said_to_be_well() -> None:
    assert failed(turns(FEW, noise=50)) == ["Blocks of memory: it does not grow"]
    assert failed(turns(TURNS[:4])) == [
        "Blocks of memory: it does not grow",
        "Tasks: it does not grow",
        "Descriptors: it does not grow",
    ]


def test_what_fills_up_in_the_warm_up_does_not_count() -> None:
    measured = turns()
    for number in range(20):
        measured[number] = measured[number]._replace(blocks=300_000 + 11_500 * number)
    assert failed(measured) == ["Blocks of memory: it does not grow"]
    assert failed(measured, warm_up=20) == []


def test_a_service_that_gets_slower_all_the_time_is_found() -> None:
    assert failed(turns(p99_ms=lambda hours: 5 + 60 * hours)) == [P99]


def test_a_machine_that_others_use_from_some_time_on_is_no_service_that_gets_slower() -> None:
    assert failed(turns(p99_ms=lambda hours: 5 if hours < 0.2 else 80)) == []


def test_what_was_lost_is_told_however_little_grows() -> None:
    measured = turns()
    measured[7] = measured[7]._replace(wrong=1)
    assert failed(measured, warm_up=30) == ["Everything arrives, once and in order"]


# -- The service ------------------------------------------------------------------------------------


def test_what_is_left_is_told_apart_from_garbage_in_cycles() -> None:
    program = """
import gc, signal
gc.disable()
kept = []
for _ in range(1000):
    kept.append(object())
    cycle = []
    cycle.append(cycle)
signal.raise_signal(signal.SIGUSR1)
signal.raise_signal(signal.SIGUSR1)
"""
    environment = os.environ | {"PYTHONPATH": str(INSIDE)}
    told = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    first, second = ([int(part.partition("=")[2]) for part in line.split()[1:]] for line in told.stderr.splitlines())
    assert first[1] >= 2 * 999  # a list, and its room; the last one is still named
    assert abs(second[1]) < 100
    assert abs(second[0] - first[0]) < 100


def test_a_soaked_service_says_what_it_holds_and_its_customers_keep_their_tokens() -> None:
    with tempfile.TemporaryDirectory(prefix="gn-soak-", dir="/tmp") as folder:
        service = SoakedService(Path(folder), {})
        try:
            assert service.collect().blocks > 100_000
            assert service.collect().garbage < 1000
            assert service.token("customer:1") == service.token("customer:1") != service.token("customer:2")
            assert service.token("customer:1", topics=["a"]) != service.token("customer:1")
        finally:
            service.close()
