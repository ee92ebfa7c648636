"""How many processes a city needs, from costs that are known."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

pytest.importorskip("numpy", reason="the extra `lab` is not installed")

import numpy as np

from app.sdk.errors import BadParameter
from app.sdk.lab.capacity import TERMS, Fit, Slope
from app.sdk.lab.city import City, Costs, Limits, Need, broadcast_seconds, by_limit, cores, cpu_share, curve, need

CITY = City(
    customers=100_000,
    online_share=0.1,
    opens_an_hour=3.6,
    orders_an_hour=3600,
    notifications_an_order=10,
    fan_out=2,
    broadcasts_an_hour=0,
    heartbeat_seconds=10,
)
LIMITS = Limits(cpu_share_max=0.6, connections_max=20_000, memory_max_mb=1100)
CPU = dict(zip(TERMS, (0.1, 0.0, 0.01, 0.03, 0.01, 0.0001), strict=True))
MEMORY = Slope(10_000, 0, 100e6)


def costs(cpu: dict[str, float] = CPU, memory: Slope = MEMORY, spread: float = 0) -> Costs:
    """What is known, with draws up to `spread` (a share) below and above."""
    exact = np.array(list(cpu.values()))
    draws = np.array([exact * factor for factor in np.linspace(1 - spread, 1 + spread, 101)])
    return Costs(Fit(cpu, draws, np.ones(1), np.ones(1)), memory)


def test_work_is_what_happens_times_what_it_costs() -> None:
    assert cores(CPU, CITY) == pytest.approx(
        {"holding": 0, "opening": 0.1, "committing": 0.3, "taking": 0.1, "delivering": (20 + 1000) * 0.0001}
    )


def test_what_everybody_gets_is_delivered_to_each_connection() -> None:
    more = replace(CITY, broadcasts_an_hour=36)
    assert more.a_second["delivering"] - CITY.a_second["delivering"] == pytest.approx(100)
    assert broadcast_seconds(CPU, CITY, 2) == pytest.approx(0.04 + 0.0001 * 5000)


def test_the_limit_that_asks_for_most_decides() -> None:
    assert need(costs(), CITY, LIMITS) == Need(2, 2, 2, "CPU")
    assert need(costs(), CITY, replace(LIMITS, connections_max=2500)) == Need(4, 4, 4, "connections")
    assert need(costs(memory=Slope(500_000, 0, 100e6)), CITY, LIMITS) == Need(5, 5, 5, "memory")


def test_it_is_never_less_than_one() -> None:
    assert need(costs(), CITY.of(1), LIMITS) == Need(1, 1, 1, "nothing")


def test_uncertain_costs_make_an_interval() -> None:
    low, likely, high, _ = need(costs(spread=0.5), CITY.of(1_000_000), LIMITS)
    assert low < likely < high


def test_uncertain_memory_makes_an_interval_too() -> None:
    asked = by_limit(costs(memory=Slope(100_000, 50_000, 100e6)), CITY, LIMITS)
    assert asked["memory"] == pytest.approx((0.5, 1.0, 1.5))
    assert asked["connections"] == (0.5, 0.5, 0.5)


def test_a_process_that_is_over_its_limit_alone_is_never_enough() -> None:
    assert need(costs(), CITY, replace(LIMITS, cpu_share_max=0.1)).likely == inf
    assert need(costs(), CITY, replace(LIMITS, memory_max_mb=100)).likely == inf


def test_each_process_takes_its_part_of_the_work() -> None:
    work = sum(cores(CPU, CITY).values())
    assert cpu_share(CPU, CITY, 4) == pytest.approx(0.1 + work / 4)
    assert cpu_share(CPU, CITY, 0) == inf


def test_a_larger_city_orders_more() -> None:
    assert CITY.of(200_000).orders_an_hour == 7200


def test_the_curve_goes_up_to_double_the_city_and_never_falls() -> None:
    table = curve(costs(spread=0.2), CITY, LIMITS)
    assert table["customers"].iloc[-1] == 200_000
    assert table["likely"].is_monotonic_increasing
    assert (table["low"] <= table["likely"]).all()
    assert (table["likely"] <= table["high"]).all()
    assert (table["CPU low"] < table["CPU high"]).all()


@pytest.mark.parametrize(
    ("needed", "sentence"),
    [
        (Need(1, 1, 1, "nothing"), "One process is enough at the peak"),
        (Need(1, 1, 2, "nothing"), "One process is enough at the peak (95 of 100: 1 to 2)"),
        (Need(4, 4, 4, "CPU"), "4 processes are enough at the peak"),
        (Need(3, 4, 6, "CPU"), "4 processes are enough at the peak (95 of 100: 3 to 6)"),
        (Need(3, 4, inf, "CPU"), "4 processes are enough at the peak (95 of 100: 3 up)"),
        (Need(inf, inf, inf, "CPU"), "No number of processes is enough: each alone is over its limit"),
    ],
)
def test_the_answer_is_a_sentence(needed: Need, sentence: str) -> None:
    assert needed.sentence == sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customers", 0),
        ("online_share", 1.1),
        ("opens_an_hour", -1),
        ("orders_an_hour", None),
        ("notifications_an_order", -1),
        ("fan_out", "x"),
        ("broadcasts_an_hour", -1),
        ("heartbeat_seconds", 0),
    ],
)
def test_a_city_that_makes_no_sense_is_refused(name: str, value: object) -> None:
    with pytest.raises(BadParameter, match=f"{name}=.* must be a"):
        replace(CITY, **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "value"), [("cpu_share_max", 0), ("connections_max", 0), ("memory_max_mb", 10)])
def test_limits_that_make_no_sense_are_refused(name: str, value: object) -> None:
    with pytest.raises(BadParameter, match=f"{name}=.* must be a"):
        replace(LIMITS, **{name: value})  # type: ignore[arg-type]
