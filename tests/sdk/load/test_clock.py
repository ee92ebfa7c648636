"""Clocks: a difference is found where there is one, and none is made up where it can't be told."""

from __future__ import annotations

from math import isnan
from random import Random

import pytest

from app.sdk.load import clock
from app.sdk.load.clock import Sample


def samples(difference: float, count: int = 200) -> list[Sample]:
    """Requests whose ways there and back take unequal times."""
    random = Random(1)
    made = []
    for number in range(count):
        there, work, back = random.expovariate(200), random.expovariate(100), random.expovariate(50)
        written_at = 1_700_000_000 + number
        accepted_at = written_at + there + difference
        made.append(Sample(written_at, accepted_at, written_at + there + work + back, work))
    return made


@pytest.mark.parametrize("difference", [5.0, -0.75, 0.05])
def test_a_clock_that_is_ahead_or_behind_is_found_out(difference: float) -> None:
    found = clock.offset(samples(difference))
    assert found.is_certain
    assert abs(found.offset_ms - difference * 1000) <= found.uncertainty_ms
    assert found.uncertainty_ms < 5


def test_the_same_clock_is_never_corrected() -> None:
    for count in (1, 2, 10, 1_000):
        assert not clock.offset(samples(0, count)).is_certain


def test_the_quickest_request_decides_where_a_clock_was_set_meanwhile() -> None:
    before, after = Sample(10, 10.5, 11, 0), Sample(20, 25.05, 20.1, 0)
    assert clock.offset([before, after]) == pytest.approx((5_000, 50))


def test_without_a_request_nothing_is_known() -> None:
    nothing = clock.offset([Sample(1, float("nan"), float("nan"), 0)])
    assert isnan(nothing.offset_ms)
    assert not nothing.is_certain
