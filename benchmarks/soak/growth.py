"""Whether something grows: the slope of a line through what was measured, and how sure it is. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from typing import NamedTuple

SECONDS_AN_HOUR = 3600.0
# Student's t for 95 %, one side, by degrees of freedom; from 30 on it is hardly less.
_T = (inf, 6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86, 1.83, 1.81)
_T_OF_MORE = 1.81


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
        """What it certainly is; a process that is only noisy grows by nothing."""
        return self.an_hour - self.uncertainty


def growth(seconds: Sequence[float], values: Sequence[float]) -> Growth:
    """The slope by least squares. Of fewer than three points nobody knows it."""
    count = len(values)
    if count < 3:
        return Growth(0.0, inf)
    mid, mean = sum(seconds) / count, sum(values) / count
    spread = sum((each - mid) ** 2 for each in seconds)
    slope = sum((at - mid) * (value - mean) for at, value in zip(seconds, values, strict=True)) / spread
    off = sum((value - mean - slope * (at - mid)) ** 2 for at, value in zip(seconds, values, strict=True))
    freedom = count - 2
    t = _T[freedom] if freedom < len(_T) else _T_OF_MORE
    return Growth(slope * SECONDS_AN_HOUR, t * sqrt(off / freedom / spread) * SECONDS_AN_HOUR)
