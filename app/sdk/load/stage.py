"""The stages of a notification's way, and what a quantile of their durations is. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, nan
from typing import Literal, get_args

Stage = Literal["accepted", "committed", "carried", "delivered", "received", "answered", "total"]
STAGES: tuple[Stage, ...] = get_args(Stage)
# From which moment to which a stage counts. What is carried may be received a little before it is said to be carried:
# who listens to the log need not wait for the one who wrote into it.
SPANS: Mapping[Stage, tuple[str, str]] = {
    "accepted": ("sent", "accepted"),
    "committed": ("accepted", "committed"),
    "carried": ("committed", "carried"),
    "delivered": ("carried", "received"),
    "received": ("accepted", "received"),
    "answered": ("sent", "answered"),
    "total": ("sent", "received"),
}
SHARES = (0.5, 0.95, 0.99)


def quantile(rising: Sequence[float], share: float) -> float:
    """The least of the values that a share of all does not exceed (nearest rank); NaN if there are none."""
    return rising[max(ceil(share * len(rising)), 1) - 1] if rising else nan
