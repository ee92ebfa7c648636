"""How far the service's clock is from ours, as NTP finds it out: from requests and their answers. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan
from typing import NamedTuple


class Sample(NamedTuple):
    """One request that was sent once (Unix times, seconds; ours, but for `accepted_at`, which is the service's).

    Attributes:
        worked_seconds: between its acceptance and its answer, as the service says.
    """

    written_at: float
    accepted_at: float
    answered_at: float
    worked_seconds: float


class Offset(NamedTuple):
    """The service's clock less ours.

    Attributes:
        offset_ms: the best guess; NaN: there is nothing to go by.
        uncertainty_ms: it is within so much of that.
    """

    offset_ms: float
    uncertainty_ms: float

    @property
    def is_certain(self) -> bool:
        """Whether the clocks differ for sure, so that it is better to correct by it than not to."""
        return abs(self.offset_ms) > self.uncertainty_ms


UNKNOWN = Offset(float("nan"), float("nan"))


def offset(samples: Iterable[Sample]) -> Offset:
    """The difference that agrees with all requests.

    A request is accepted after it was written, and early enough to be worked on before it was answered. So each one
    bounds the difference from both sides; the bounds of the quickest ones are the narrowest. If no difference agrees
    with all (a clock was set meanwhile), the quickest one decides.
    """
    least, most = float("-inf"), float("inf")
    quickest: tuple[float, float] | None = None
    for each in samples:
        low = each.accepted_at - (each.answered_at - each.worked_seconds)
        high = each.accepted_at - each.written_at
        if isnan(low) or isnan(high) or low > high:
            continue
        least, most = max(least, low), min(most, high)
        if quickest is None or high - low < quickest[1] - quickest[0]:
            quickest = low, high
    if quickest is None:
        return UNKNOWN
    low, high = (least, most) if least <= most else quickest
    return Offset((low + high) / 2 * 1000, (high - low) / 2 * 1000)
