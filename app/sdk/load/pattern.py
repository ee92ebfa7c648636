"""Patterns: when something is sent, in seconds from the beginning. No I/O; the same seed gives the same times.

Every pattern keeps the mean rate: so many within so many seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from math import ceil, cos, exp, pi
from random import Random
from typing import NamedTuple

from app.sdk.load.plan import Pattern

BURST_EVERY_SECONDS = 5.0
BURST_SHARE = 0.1  # of that time, in which all of it is sent

_STEPS = 1_000  # of a curve that is added up


class Life(NamedTuple):
    """A kind of event in the life of an order, and when it comes (minutes after the order was placed)."""

    event: str
    minutes: float


# What a customer is told of an order that goes well; the times are those of an order in docs/day.py.
LIFE = (
    Life("order.placed", 0),
    Life("payment.received", 1),
    Life("order.preparing", 4),
    Life("order.ready", 18),
    Life("courier.assigned", 20),
    Life("order.out_for_delivery", 24),
    Life("courier.nearby", 36),
    Life("order.delivered", 40),
    Life("order.rate", 70),
)
DAY_MINUTES = 13 * 60.0  # from 10:00 to 23:00
NOON_MINUTES, EVENING_MINUTES = 2.5 * 60, 9.5 * 60
PEAK_WIDTH_MINUTES = 60.0
# Some orders take longer than others.
PACE_MIN, PACE_MAX = 0.8, 1.2


class Step(NamedTuple):
    """One event of one order.

    Attributes:
        at: seconds from the beginning.
        order: its number, from 0.
        event: the kind.
    """

    at: float
    order: int
    event: str


def times(pattern: Pattern, count: int, seconds: float, seed: int) -> list[float]:
    """When each of `count` notifications is sent, rising, all within `seconds`."""
    if pattern == "steady":
        return _steady(count, seconds)
    if pattern == "burst":
        return [_in_burst(each) for each in _steady(count, seconds)]
    if pattern == "rush_hour":
        reach = _inverse(_rush)
        return [seconds * reach((number + 0.5) / count) for number in range(count)]
    return [step.at for step in order_day(count, seconds, seed)]


def order_day(count: int, seconds: float, seed: int) -> list[Step]:
    """`count` events of orders that come by chance along a day, in the order of time; a day lasts `seconds`.

    The last order's life may be cut off: `count` need not be a multiple of what happens in a life.
    """
    random = Random(seed)
    orders = ceil(count / len(LIFE))
    minute_seconds = seconds / DAY_MINUTES
    # The last ones are placed so early that their lives end within the day.
    last_placed_minutes = DAY_MINUTES - LIFE[-1].minutes * PACE_MAX
    reach = _inverse(lambda share: _demand(share * last_placed_minutes))
    placed_at = sorted(reach(random.random()) * last_placed_minutes for _ in range(orders))
    steps: list[Step] = []
    for order, minutes in enumerate(placed_at):
        pace = random.uniform(PACE_MIN, PACE_MAX)
        steps += [Step((minutes + pace * each.minutes) * minute_seconds, order, each.event) for each in LIFE]
    return sorted(steps[:count])


def _steady(count: int, seconds: float) -> list[float]:
    return [number * seconds / count for number in range(count)]


def _in_burst(at: float) -> float:
    begin = at // BURST_EVERY_SECONDS * BURST_EVERY_SECONDS
    return begin + (at - begin) * BURST_SHARE


def _rush(share: float) -> float:
    """From a quarter of the mean rate up to 1.75 times, in the middle, and down again."""
    return 1 - 0.75 * cos(2 * pi * share)


def _demand(minutes: float) -> float:
    """How many orders come so many minutes after the day's beginning; at the peaks seven times as many as between."""
    noon, evening = (exp(-(((minutes - peak) / PEAK_WIDTH_MINUTES) ** 2)) for peak in (NOON_MINUTES, EVENING_MINUTES))
    return 0.2 + noon + 1.2 * evening


def _inverse(density: Callable[[float], float]) -> Callable[[float], float]:
    """Where (0 to 1) a share (0 to 1) of the area below a curve is reached."""
    areas = list(accumulate((density((step + 0.5) / _STEPS) for step in range(_STEPS)), initial=0.0))

    def reach(share: float) -> float:
        area = share * areas[-1]
        step = min(bisect_right(areas, area), _STEPS) - 1
        return (step + (area - areas[step]) / (areas[step + 1] - areas[step])) / _STEPS

    return reach
