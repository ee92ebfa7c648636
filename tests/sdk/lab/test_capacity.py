"""Costs fitted to measurements: with made-up ones, whose costs are known."""

from __future__ import annotations

import pytest

pytest.importorskip("numpy", reason="the extra `lab` is not installed")

import numpy as np

from app.sdk.errors import BadParameter
from app.sdk.lab import capacity
from app.sdk.lab.capacity import Window
from app.sdk.lab.measure import Sample

COSTS = {
    "running": 0.02,
    "holding": 0.000_006,
    "opening": 0.0015,
    "committing": 0.006,
    "taking": 0.002,
    "delivering": 0.000_015,
}
COUNTS = (
    [(0.5, 0, 0, 0, 0, 0)] * 4
    + [(1.0, 100, 200, 0, 0, 0), (0.5, 100, 0, 25, 25, 25), (0.5, 100, 0, 24, 26, 26)]
    + [(2.0, 500, 1000, 0, 0, 0), (0.5, 500, 0, 1, 1, 1), (0.5, 500, 0, 0, 0, 0)]
    + [(1.0, 200, 400, 0, 0, 0), (0.5, 200, 0, 10, 10, 4000), (0.5, 200, 0, 11, 12, 4800)]
    + [(0.5, 100, 0, 9, 150, 150), (0.5, 100, 0, 11, 240, 240)]
)


def made_up(noise_share: float = 0.0, costs: dict[str, float] = COSTS) -> list[list[Window]]:
    chance = np.random.default_rng(3)
    runs = []
    for counts in COUNTS * 3:
        cpu_seconds = sum(cost * count for cost, count in zip(costs.values(), counts, strict=True))
        runs.append(Window(cpu_seconds * (1 + noise_share * chance.standard_normal()), *counts))
    return [runs]


def samples(*rows: tuple[float, float, float, float]) -> list[Sample]:
    """One of each (at, cpu_seconds, connections, deliveries)."""
    return [Sample(at, cpu, 1e8, connections, deliveries, 1.0) for at, cpu, connections, deliveries in rows]


class TestFit:
    def test_finds_the_costs_that_made_the_measurements(self) -> None:
        fit = capacity.fit(made_up())
        assert fit.costs == pytest.approx(COSTS, rel=1e-6)
        assert fit.error_share == pytest.approx(0, abs=1e-9)

    def test_has_the_true_costs_within_its_intervals(self) -> None:
        fit = capacity.fit(made_up(noise_share=0.05))
        for term in ("opening", "committing", "taking", "delivering"):
            low, high = fit.interval(term)
            assert low <= COSTS[term] <= high
            assert 0 < high - low < COSTS[term]
        assert 0.01 < fit.error_share < 0.1

    def test_gives_the_same_twice(self) -> None:
        first, second = (capacity.fit(made_up(noise_share=0.05)) for _ in range(2))
        assert first.costs == second.costs
        assert (first.draws == second.draws).all()

    def test_knows_no_cost_below_nothing(self) -> None:
        fit = capacity.fit(made_up(costs=COSTS | {"holding": -0.000_02}))
        assert fit.costs["holding"] == 0
        assert min(fit.costs.values()) >= 0
        assert fit.draws.min() >= 0

    def test_says_how_far_off_it_is_where_the_sum_explains_nothing(self) -> None:
        nonsense = [Window(cpu, 0.5, 0, 0, 0, 0, 0) for cpu in (0.01, 0.5) * 10]
        assert capacity.fit([nonsense]).error_share > 0.4


class TestWindows:
    def test_the_opening_is_one_and_the_closing_none(self) -> None:
        run = samples(
            *((0, 1.0, 5, 0), (0.25, 1.2, 5, 0), (0.5, 1.3, 105, 0)),
            *((0.75, 1.4, 105, 10), (1.0, 1.5, 105, 30), (1.25, 1.9, 5, 30)),
        )
        opening, sending = capacity.cut(run, 100, [0.6, 0.7, 0.9], [0.65, 0.95])
        assert opening == pytest.approx((0.3, 0.5, 27.5, 100, 0, 0, 0))
        assert sending == pytest.approx((0.2, 0.5, 52.5, 0, 2, 3, 30))

    def test_what_others_have_open_does_not_count_as_opened(self) -> None:
        run = samples((0, 0, 5000, 0), (0.5, 0.1, 5100, 0), (1.0, 0.2, 5100, 0))
        assert [each.opening for each in capacity.cut(run, 100, [], [])] == [100, 0]

    def test_idle_time_has_windows_too(self) -> None:
        idle = samples((0, 0, 0, 0), (0.5, 0.01, 0, 0), (1.0, 0.02, 0, 0))
        assert [each.running for each in capacity.cut(idle, 0, [], [])] == [0.5, 0.5]

    @pytest.mark.parametrize("run", [[], samples((0, 0, 0, 0), (0.5, 1, 20, 0))])
    def test_a_run_whose_connections_were_never_all_open_has_none(self, run: list[Sample]) -> None:
        assert capacity.cut(run, 100, [], []) == []

    def test_notifications_of_one_commit_count_as_one(self) -> None:
        assert capacity.moments([1.0, 1.0001, 1.0002, 1.5, 1.5003, 2.0]) == [1.0, 1.5, 2.0]


class TestLine:
    def test_goes_through_points_on_a_line(self) -> None:
        line = capacity.line([1, 2, 4], [12, 14, 18])
        assert line == pytest.approx((2, 0, 10), abs=1e-9)
        assert line(10) == pytest.approx(30)

    def test_rises_for_sure_only_if_chance_can_not_have_done_it(self) -> None:
        assert capacity.line([1, 2, 3, 4], [10, 20.5, 30, 40]).is_rising
        assert not capacity.line([1, 2, 3, 4], [134, 134, 134, 140]).is_rising

    def test_is_less_certain_with_fewer_points(self) -> None:
        few = capacity.line([0, 1, 2], [0, 1.1, 2])
        many = capacity.line([0, 1, 2] * 4, [0, 1.1, 2] * 4)
        assert few.plus_minus > 5 * many.plus_minus > 0


class TestPlans:
    def test_differ_in_all_that_costs_something(self) -> None:
        plans = capacity.plans([400, 200, 1000, 700], 50, 8000, 600, 2)
        assert [each.customers for each in plans] == [200, 400, 700, 1000, 200]
        assert [each.audience for each in plans] == ["customer", "topic", "topic", "customer", "customer"]
        assert [round(each.rate * each.customers) for each in plans if each.audience == "topic"] == [8000, 16000]

    @pytest.mark.parametrize(
        ("changed", "must"),
        [
            ({"connection_counts": [100, 200]}, "connection_counts=.* must be a list of 3 to 12"),
            ({"connection_counts": [100, 200, 200]}, "connection_counts=.* must be different numbers"),
            ({"connection_counts": 100}, "connection_counts=100 must be a list"),
            ({"seconds": 0.5}, "seconds=0.5 must be a number from 1 to 600"),
            ({"rate": 0}, "rate=0 must be a number above 0"),
            ({"delivery_rate": 0}, "delivery_rate=0 must be a number from 1"),
            ({"flood_rate": "x"}, "flood_rate='x' must be a number from 1"),
        ],
    )
    def test_out_of_range_are_refused_in_a_sentence(self, changed: dict[str, object], must: str) -> None:
        given = {"connection_counts": [200, 400, 700], "rate": 50, "delivery_rate": 8000, "flood_rate": 600}
        with pytest.raises(BadParameter, match=must):
            capacity.plans(**(given | {"seconds": 2} | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 ms"), (0.000_014_2, "14 µs"), (0.000_5, "0.5 ms"), (0.0055, "5.5 ms"), (1.2, "1.2 s")]
)
def test_cpu_time_is_told_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert capacity.cpu_time(seconds) == text
