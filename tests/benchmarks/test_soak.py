"""A soak says that something grows when it does, and not when it only varies."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from random import Random

import pytest

from benchmarks.soak.__main__ import growths_of, judge
from benchmarks.soak.growth import growth
from benchmarks.soak.turn import Turn

MINUTES = [60.0 * minute for minute in range(30)]


def turns(memory_mb: Callable[[float], float], p99_ms: Callable[[float], float] = lambda _: 5.0) -> list[Turn]:
    random = Random(1)
    return [
        Turn(
            at,
            memory_mb(at / 3600) + random.gauss(0, 1),
            20,
            16,
            p99_ms(at / 3600) + random.gauss(0, 3),
            0,
            1000,
            False,
        )
        for at in MINUTES
    ]


def holds(measured: list[Turn]) -> dict[str, bool]:
    return {each.claim: each.holds for each in judge(measured, growths_of(measured)).checks}


def test_a_line_is_found_with_its_slope() -> None:
    grown = growth(MINUTES, [100 + 10 * at / 3600 for at in MINUTES])
    assert grown.an_hour == pytest.approx(10)
    assert grown.uncertainty == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_said_to_be_uncertain_covers_what_is_true(seed: int) -> None:
    """In far more than one case of twenty-five; so a run that fails for chance is rare."""
    random = Random(seed)
    grown = growth(MINUTES, [100 + 10 * at / 3600 + random.gauss(0, 2) for at in MINUTES])
    assert abs(grown.an_hour - 10) < 2 * grown.uncertainty


def test_of_two_points_nobody_knows_what_grows() -> None:
    assert growth([0, 60], [1, 2]).uncertainty == inf


def test_noise_is_no_growth() -> None:
    assert all(holds(turns(lambda _: 100)).values())


def test_a_leak_is_found() -> None:
    found = holds(turns(lambda hours: 100 + 300 * hours))
    assert [claim for claim, well in found.items() if not well] == [
        "Memory at rest, MB: it does not grow by more than garbage that waits"
    ]


def test_garbage_that_is_not_collected_yet_is_no_leak() -> None:
    assert all(holds(turns(lambda hours: 100 + 100 * hours)).values())


def test_a_service_that_gets_slower_is_found() -> None:
    found = holds(turns(lambda _: 100, lambda hours: 5 + 60 * hours))
    assert [claim for claim, well in found.items() if not well] == [
        "p99 from being sent to the customer, ms: it does not grow"
    ]


def test_what_was_lost_is_told_however_little_grows() -> None:
    measured = turns(lambda _: 100)
    measured[7] = measured[7]._replace(wrong=1)
    assert [claim for claim, well in holds(measured).items() if not well] == ["Everything arrives, once and in order"]
