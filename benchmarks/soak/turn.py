"""A turn of a soak: some seconds of load with a crowd around it, and what the process holds when all have gone."""

from __future__ import annotations

import time
from typing import NamedTuple

from app.sdk.load import Plan, run
from app.sdk.ops import Ops
from benchmarks.soak.crowd import Crowd
from benchmarks.soak.service import SoakedService

TURN_SECONDS = 12.0
LOAD_SECONDS = 8.0
# Within which all whose clients have gone are closed; at rest nothing changes for a while.
REST_SECONDS = 10.0
QUIET_SECONDS = 0.6
LOOK_SECONDS = 0.1
MB = 1_000_000


class Turn(NamedTuple):
    """What was measured in a turn; what is held, at rest and after a full round of the collector.

    Attributes:
        at: when it ended (`time.monotonic`).
        memory_mb: resident.
        blocks: of memory that the interpreter has handed out; an object has one or more.
        garbage: blocks that the round gave back.
        tasks, descriptors: open.
        p99_ms: within which 99 of 100 notifications came.
        wrong: notifications lost, twice, out of order, or not accepted.
        visits: connections that came and went beside.
        interrupted: somebody has ended it early.
    """

    at: float
    memory_mb: float
    blocks: int
    garbage: int
    tasks: float
    descriptors: float
    p99_ms: float
    wrong: int
    visits: int
    interrupted: bool


def take(service: SoakedService, plan: Plan, number: int) -> Turn:
    """Makes the load of one turn, waits until the process is at rest, and has it collect.

    Raises:
        SdkError: the service does not answer, or does not collect.
    """
    with Crowd(service, seed=number) as crowd:
        result = run(service, plan, progress=False)
    if crowd.failure is not None:
        raise crowd.failure
    with service.ops("soak") as ops:
        _rest(ops)
        left = service.collect()
        stats = ops.stats()
    return Turn(
        at=time.monotonic(),
        memory_mb=stats["process_resident_memory_bytes"] / MB,
        blocks=left.blocks,
        garbage=left.garbage,
        tasks=stats["tasks"],
        descriptors=stats["process_open_fds"],
        p99_ms=result.quantile_ms("total", 0.99),
        wrong=result.lost + result.duplicates + result.out_of_order + result.refused + result.unanswered,
        visits=crowd.visits,
        interrupted=result.interrupted,
    )


def _rest(ops: Ops) -> None:
    """Returns once nobody is connected and nothing changes any more, or after a time."""
    deadline = time.monotonic() + REST_SECONDS
    before, since = None, time.monotonic()
    while time.monotonic() < min(deadline, since + QUIET_SECONDS):
        stats = ops.stats()
        now = (stats["connections"], stats["tasks"], stats["process_open_fds"])
        if now != before or now[0]:
            before, since = now, time.monotonic()
        time.sleep(LOOK_SECONDS)
