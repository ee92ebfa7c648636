"""Whether something grows: the slope of a line through what was measured, and how sure it is. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf, sqrt
from statistics import median
from typing import NamedTuple

SECONDS_AN_HOUR = 3600.0
WINDOWS_MAX = 10
# Student's t for 95 %, one side, by degrees of freedom. There are never more, as windows are no more than ten.
_T = (inf, 6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86)


class Growth(NamedTuple):
    """Growth in an hour.

    Attributes:
        an_hour: the most likely, in the unit of what was measured.
        uncertainty: it is by so much more or less, with 95 % certainty on each side; infinite: nobody knows.
    """

    an_hour: float
    uncertainty: float

    @property
    def at_least(self) -> float:
        return self.an_hour - self.uncertainty

    @property
    def at_most(self) -> float:
        return self.an_hour + self.uncertainty


def windows(values: Sequence[float]) -> list[float]:
    """The medians of up to ten windows of equally many values, so that a few odd ones change nothing.

    Neighbours are like each other, which the uncertainty of a line through all of them would not count. Each window has
    an even number: every other turn of a soak is of another kind. What does not fill one is left out at the beginning.
    """
    size = 2 * max(1, ceil(len(values) / (2 * WINDOWS_MAX)))
    return [median(values[end - size : end]) for end in range(len(values) % size + size, len(values) + 1, size)]


def growth(seconds: Sequence[float], values: Sequence[float]) -> Growth:
    """The slope by least squares through windows. Of fewer than three nobody knows it."""
    times, medians = windows(seconds), windows(values)
    count = len(times)
    if count < 3:
        return Growth(0.0, inf)
    mid, mean = sum(times) / count, sum(medians) / count
    spread = sum((each - mid) ** 2 for each in times)
    slope = sum((at - mid) * (value - mean) for at, value in zip(times, medians, strict=True)) / spread
    off = sum((value - mean - slope * (at - mid)) ** 2 for at, value in zip(times, medians, strict=True))
    return Growth(slope * SECONDS_AN_HOUR, _T[count - 2] * sqrt(off / (count - 2) / spread) * SECONDS_AN_HOUR)
