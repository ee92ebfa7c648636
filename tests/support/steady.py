"""How late notifications come to those who have done nothing, in one window of time after the other."""

from __future__ import annotations

import asyncio
from statistics import median
from typing import NamedTuple

from app.sdk.load import Plan, run
from tests.support.service import Service

# 200 deliveries: the second slowest is the p99. Short, so that there are several of each kind in one test.
WINDOW = Plan(customers=50, rate=100, seconds=3, senders=4, processes=1)


class Windows(NamedTuple):
    """What was measured, alternately, in milliseconds: the p99 of each window."""

    quiet: list[float]
    troubled: list[float]

    @property
    def moved_ms(self) -> float:
        """By how much the p99 is higher in trouble, beyond what it differs by itself from one quiet window to another.

        The lowest of the troubled ones counts: whoever delays others does so in each of them, and a machine that does
        ten other things does not.
        """
        return min(self.troubled) - max(self.quiet)

    def __str__(self) -> str:
        quiet, troubled = (f"{', '.join(f'{each:.1f}' for each in side)} (median {median(side):.1f})" for side in self)
        return f"p99 in ms: quiet {quiet}, in trouble {troubled}"


async def p99_ms(service: Service) -> float:
    """Within which 99 of 100 notifications have come since they were to be sent; none may be lost or come twice."""
    result = await asyncio.to_thread(run, service, WINDOW, progress=False)
    assert result.is_complete, result.table()
    return result.quantile_ms("total", 0.99)
