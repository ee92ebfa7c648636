"""Patterns: the mean rate is kept, whatever the pattern; when the most is sent is what its name says."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdk.load.pattern import LIFE, order_day, times
from app.sdk.load.plan import PATTERNS, Pattern
from tests.support.properties import PROPERTY


@PROPERTY
@given(st.sampled_from(PATTERNS), st.integers(1, 500), st.floats(0.1, 1_000), st.integers(0, 9))
def test_so_many_are_sent_in_the_time_and_one_after_the_other(
    pattern: Pattern, count: int, seconds: float, seed: int
) -> None:
    sent_at = times(pattern, count, seconds, seed)
    assert len(sent_at) == count
    assert sent_at == sorted(sent_at)
    assert sent_at[0] >= 0
    assert sent_at[-1] < seconds


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_same_seed_gives_the_same_times(pattern: Pattern) -> None:
    assert times(pattern, 100, 10, 3) == times(pattern, 100, 10, 3)


def test_steady_is_even() -> None:
    assert times("steady", 4, 2, 1) == [0, 0.5, 1, 1.5]


def test_a_burst_is_the_load_of_five_seconds_in_half_a_second() -> None:
    sent_at = times("burst", 1_200, 12, 1)  # 100 a second
    assert Counter(int(at // 5) for at in sent_at) == {0: 500, 1: 500, 2: 200}
    assert all(at % 5 <= 0.5 for at in sent_at)


def test_a_rush_hour_rises_to_its_middle_and_falls_again() -> None:
    sent_at = times("rush_hour", 10_000, 10, 1)
    a_second = [count for _, count in sorted(Counter(map(int, sent_at)).items())]
    assert a_second[:5] == sorted(a_second[:5])
    assert a_second[5:] == sorted(a_second[5:], reverse=True)
    assert a_second[4] > 6 * a_second[0] * 0.8
    assert 1_650 < a_second[4] < 1_750  # the peak is 1.75 times the mean


def test_a_day_of_orders_has_a_peak_at_noon_and_a_higher_one_in_the_evening() -> None:
    placed_at = [step.at for step in order_day(90_000, 780, 1) if step.event == "order.placed"]  # a second is a minute
    an_hour = Counter(int(at // 60) for at in placed_at)
    assert max(range(6), key=lambda hour: an_hour[hour]) == 2
    assert max(range(13), key=lambda hour: an_hour[hour]) == 9
    assert an_hour[5] < an_hour[2] / 3


def test_every_order_lives_its_life_in_order() -> None:
    lives = defaultdict(list)
    for step in order_day(20 * len(LIFE), 60, 1):
        lives[step.order].append(step.event)
    assert len(lives) == 20
    assert all(events == [each.event for each in LIFE] for events in lives.values())


def test_the_last_order_is_cut_off_where_the_count_is() -> None:
    steps = order_day(2 * len(LIFE) + 3, 60, 1)
    assert Counter(step.order for step in steps) == {0: len(LIFE), 1: len(LIFE), 2: 3}


def test_another_seed_is_another_day() -> None:
    assert order_day(90, 60, 1) != order_day(90, 60, 2)
