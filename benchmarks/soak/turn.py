"""A turn of a soak: a minute of load with a crowd around it, and what the process holds when all have gone."""

from __future__ import annotations

import time
from typing import NamedTuple

from app.sdk.deployment import Deployment
from app.sdk.load import Plan, run
from app.sdk.ops import Ops
from benchmarks.soak.crowd import Crowd

TURN_SECONDS = 60.0
LOAD_SECONDS = 40.0
# The server holds a connection that its client has closed for up to 10 s.
REST_SECONDS = 12.0
LOOK_SECONDS = 0.5
MB = 1_000_000


class Turn(NamedTuple):
    """What was measured in a turn.

    Attributes:
        at: when it ended (`time.monotonic`).
        memory_mb: resident, at rest.
        tasks, descriptors: at rest.
        p99_ms: within which 99 of 100 notifications came.
        wrong: notifications lost, twice, out of order, or not accepted.
        visits: connections that came and went beside.
        interrupted: somebody has ended it early.
    """

    at: float
    memory_mb: float
    tasks: float
    descriptors: float
    p99_ms: float
    wrong: int
    visits: int
    interrupted: bool


def take(service: Deployment, plan: Plan, number: int) -> Turn:
    """Makes the load of one turn, and waits until the process is at rest.

    Raises:
        SdkError: the service does not answer.
    """
    with Crowd(service, seed=number) as crowd:
        result = run(service, plan, progress=False)
    if crowd.failure is not None:
        raise crowd.failure
    wrong = result.lost + result.duplicates + result.out_of_order + result.refused + result.unanswered
    with service.ops("soak") as ops:
        stats = _at_rest(ops)
    return Turn(
        time.monotonic(),
        stats["process_resident_memory_bytes"] / MB,
        stats["tasks"],
        stats["process_open_fds"],
        result.quantile_ms("total", 0.99),
        wrong,
        crowd.visits,
        result.interrupted,
    )


def _at_rest(ops: Ops) -> dict[str, float]:
    """The figures once nothing is closed any more, or after a time."""
    deadline = time.monotonic() + REST_SECONDS
    least = ops.stats()
    while time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        now = ops.stats()
        if now["connections"] == 0 and now["tasks"] <= least["tasks"]:
            least = now
    return least
