"""What is to be reached (DESIGN, section 7), what has to be measured for it, and whether it is reached. No I/O.

A row may have several lines, each one figure. Ratios are of medians, between systems that were measured in turns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks import cases
from benchmarks.cases import Figures, Scale
from benchmarks.systems import Server

Case = Callable[[Server, Scale], Figures]
# What was measured of each system: values by the names of figures, which begin with that of the case's family.
Measured = Mapping[str, Mapping[str, Sequence[float]]]

STACKS = ("embedded", "postgres")
HISTORY = "+history"
PEERS = ("floor", "nchan", "naive", "bare", "quart_204")
# In the order in which they take turns: what is compared most closely is measured close together.
SYSTEMS = (*(stack + history for stack in STACKS for history in ("", HISTORY)), *PEERS)
ROWS = tuple(range(1, 10))
BUSY_MAX = 0.9  # of a processor, which a process of the load may take
# The goal of latency is for a machine on which the floor needs so much CPU for a delivery.
REFERENCE_FLOOR_US = 6.0

# Cases that measure the same and more, after those that they make superfluous.
_FAMILIES: Mapping[str, tuple[Case, ...]] = {
    "crowd": (cases.opening, cases.crowd),
    "audience": (cases.audience, cases.audience_and_flood),
    "storm": (cases.storm_of_openings, cases.storm),
    "posts": (cases.posts, cases.posts_and_batches),
    "latency": (cases.latency,),
}
# For each row: what ours, with a history or without, goes through, and what its peers do.
_OURS: Mapping[int, tuple[Case, ...]] = {
    1: (cases.crowd,),
    2: (cases.audience,),
    3: (cases.audience_and_flood,),
    4: (cases.opening,),
    5: (cases.storm,),
    6: (cases.posts,),
    7: (cases.posts_and_batches,),
    8: (cases.latency,),
    9: (cases.audience, cases.posts, cases.latency),
}
_PEERS: Mapping[int, Mapping[str, Case]] = {
    1: {"floor": cases.crowd},
    2: {"floor": cases.audience, "nchan": cases.audience, "naive": cases.audience},
    3: {"floor": cases.audience_and_flood, "nchan": cases.audience_and_flood},
    4: {"nchan": cases.opening, "naive": cases.opening, "bare": cases.opening},
    5: {"bare": cases.storm_of_openings},
    6: {"quart_204": cases.posts},
    7: {"quart_204": cases.posts},
    8: {"floor": cases.audience},
    9: {},
}


class Step(NamedTuple):
    """A family of cases, and which of them each system goes through, in turns."""

    family: str
    cases: Mapping[str, Case]


def steps(rows: Collection[int], stacks: Sequence[str]) -> Iterator[Step]:
    """What has to be measured for some rows: no case twice for any system."""
    wanted: set[tuple[str, Case]] = set()
    for row in rows:
        names = [*stacks, *(stack + HISTORY for stack in stacks if row == 9)]
        wanted |= {(name, case) for name in names for case in _OURS[row]}
        wanted |= set(_PEERS[row].items())
    for family, members in _FAMILIES.items():
        most = {name: case for name in SYSTEMS for case in members if (name, case) in wanted}
        if most:
            yield Step(family, most)


class Line(NamedTuple):
    """One figure and what it must reach.

    Attributes:
        figure: its name.
        reference: the system with which it is compared, or `HISTORY`: ours without a history.
        limit: of the ratio to the reference; of the figure itself if `is_absolute`.
        is_most: the limit is the most, else the least.
        reference_figure: if it is another.
        grows_with_floor: the limit is for a machine of the reference's speed.
    """

    row: int
    what: str
    unit: str
    figure: str
    reference: str
    limit: float
    is_most: bool = True
    is_absolute: bool = False
    reference_figure: str = ""
    grows_with_floor: bool = False

    def goal(self, floor_us: float | None) -> float:
        """The limit on this machine, on which the floor needs so much for a delivery (None: it is not known)."""
        slower = max((floor_us or REFERENCE_FLOOR_US) / REFERENCE_FLOOR_US, 1.0) if self.grows_with_floor else 1.0
        return self.limit * slower


LINES = (
    Line(1, "CPU per delivery, 5,000 connections on a topic, 10/s", "µs", "crowd.cpu_us", "floor", 1.25),
    Line(2, "CPU per delivery, 1,000 connections on a topic, 40/s", "µs", "audience.cpu_us", "nchan", 1.0),
    Line(
        3, "Deliveries under flood, 1,000 connections, 32 senders", "/s", "audience.flood_deliveries", "nchan", 6.0,
        is_most=False,
    ),
    Line(4, "Memory per idle connection, 5,000 customers", "KB", "crowd.memory_kb", "bare", 20.0, is_absolute=True),
    Line(5, "5,000 come back, 20 missed each: all caught up", "s", "storm.storm_seconds", "bare", 1.5),
    Line(5, "Meanwhile: the latest live delivery to 100 others", "ms", "storm.live_ms", "", 250.0, is_absolute=True),
    Line(6, "Durable POSTs of one notification, 16 senders", "/s", "posts.posts", "quart_204", 2500 / 3900, False),
    Line(
        7, "Durable notifications, 100 in a POST, 4 senders", "/s", "posts.batched", "quart_204", 15000 / 3900, False,
        reference_figure="posts.posts",
    ),
    Line(
        8, "POST to browser, 2,000 customers, 500/s: half within", "ms", "latency.p50_ms", "", 5.0,
        is_absolute=True, grows_with_floor=True,
    ),
    Line(
        8, "POST to browser: 99 of 100 within", "ms", "latency.p99_ms", "", 15.0,
        is_absolute=True, grows_with_floor=True,
    ),
    Line(9, "With {rows} rows of history: CPU, as in row 2", "µs", "audience.cpu_us", HISTORY, 1.1),
    Line(9, "With history: POSTs, as in row 6", "/s", "posts.posts", HISTORY, 0.9, False),
    Line(9, "With history: half within, as in row 8", "ms", "latency.p50_ms", HISTORY, 1.1),
    Line(9, "With history: 99 of 100 within, as in row 8", "ms", "latency.p99_ms", HISTORY, 1.1),
)  # fmt: skip


class Outcome(NamedTuple):
    """What became of a line.

    Attributes:
        values: medians, by system.
        ratios: to the reference, by stack.
        goal: the limit on this machine.
        reached: by stack; a stack whose goal can't be told is missing.
    """

    line: Line
    values: Mapping[str, float]
    ratios: Mapping[str, float]
    goal: float
    reached: Mapping[str, bool]


def outcomes(measured: Measured, rows: Collection[int]) -> list[Outcome]:
    """The lines of some rows of which anything was measured."""
    found = [_outcome(line, measured) for line in LINES if line.row in rows]
    return [each for each in found if each.values]


def _outcome(line: Line, measured: Measured) -> Outcome:
    """Values of a line with a history are those of ours with it; its references, those of ours without."""
    suffix = HISTORY if line.reference == HISTORY else ""
    shown = {stack: (stack + suffix, line.figure) for stack in STACKS}
    if not suffix:
        shown |= {peer: (peer, line.figure) for peer in PEERS}
    if line.reference_figure:
        shown[line.reference] = (line.reference, line.reference_figure)
    values = {name: value for name, of in shown.items() if (value := _median(measured, *of)) is not None}
    goal = line.goal(floor_us(measured))
    ratios, reached = {}, {}
    for stack in (each for each in STACKS if each in values):
        reference = _median(measured, stack, line.figure) if suffix else values.get(line.reference)
        if reference:
            ratios[stack] = values[stack] / reference
        compared = values[stack] if line.is_absolute else ratios.get(stack)
        if compared is not None:
            reached[stack] = compared <= goal if line.is_most else compared >= goal
    return Outcome(line, values, ratios, goal, reached)


def floor_us(measured: Measured) -> float | None:
    """CPU that the floor needs for a delivery: how fast this machine is."""
    return _median(measured, "floor", "audience.cpu_us")


def beside(measured: Measured, stack: str, family: str) -> list[str]:
    """What a stack's web process stands on needs for a delivery, in words."""
    return [
        f"{name.removesuffix('_cpu_us').partition('.')[2]} {median(taken):.2f} µs"
        for name, taken in measured.get(stack, {}).items()
        if name.startswith(f"{family}.") and name.endswith("_cpu_us")
    ]


def busy(measured: Measured) -> list[str]:
    """Where the load generator was itself the limit: figures that are as much its own as the server's."""
    return [
        f"{system}, {name.removesuffix('_busy')} {median(taken):.0%} of a processor"
        for system, figures in measured.items()
        for name, taken in figures.items()
        if name.endswith("_busy") and median(taken) > BUSY_MAX
    ]


def _median(measured: Measured, system: str, figure: str) -> float | None:
    taken = measured.get(system, {}).get(figure)
    return median(taken) if taken else None
