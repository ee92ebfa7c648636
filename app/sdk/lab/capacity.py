"""What a web process's work costs, fitted to measurements. No I/O.

CPU is taken to be a sum: so much for each second that the process runs, for each connection that is opened, for each
second that one is held, for each commit, each notification, and each delivery. `fit` finds how much each costs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.sdk import shown
from app.sdk.errors import BadParameter
from app.sdk.lab.measure import Measured, Sample
from app.sdk.lab.parameters import require_number, require_wholes
from app.sdk.load import LoadResult, Plan
from app.sdk.load.plan import CUSTOMERS_MAX, RATE_MAX

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]

# What is counted, in the order of `Window`, and how one would say it.
TERMS: Final[Mapping[str, str]] = {
    "running": "a process that runs, for a second",
    "holding": "an open connection, for a second",
    "opening": "opening a connection",
    "committing": "a commit to the database",
    "taking": "a notification in a commit",
    "delivering": "a delivery to a connection",
}
SENDERS: Final = 16
FLOOD_SENDERS: Final = 64
HOLDING_RATE: Final = 1.0
HOLDING_TIMES: Final = 3
WINDOW_SECONDS: Final = 0.5
# Commits that end within less of each other are one: all of a group are told at once.
COMMIT_APART_SECONDS: Final = 0.0005
# How uncertain a window's CPU is: the kernel counts in ticks of 10 ms, and what the machine does besides slows it.
TICK_SECONDS: Final = 0.01
NOISE_SHARE: Final = 0.1
DRAWS: Final = 400
MICROSECONDS_BELOW: Final = 0.000_1
# Student's t, two-sided, 95 %, for 1 to 10 degrees of freedom (NIST/SEMATECH e-Handbook, 1.3.6.7.2); beyond, the last.
_T95: Final = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


class Window(NamedTuple):
    """A piece of a run: the CPU (seconds) that was used in it, and how much there was of each of `TERMS`."""

    cpu_seconds: float
    running: float
    holding: float
    opening: float
    committing: float
    taking: float
    delivering: float


class Fit(NamedTuple):
    """What each of `TERMS` costs.

    Attributes:
        costs: CPU seconds for one of it.
        draws: the same from windows drawn by chance out of those that there are: a row each, in the order of terms.
        measured, fitted: CPU seconds of each window, as it was and as the costs say.
    """

    costs: Mapping[str, float]
    draws: Numbers
    measured: Numbers
    fitted: Numbers

    @property
    def error_share(self) -> float:
        """By how much what is fitted is off, on average: a share of what was measured."""
        return float(np.abs(self.measured - self.fitted).sum() / self.measured.sum())

    def interval(self, *terms: str) -> tuple[float, float]:
        """What the sum of these costs lies between in 95 of 100 draws."""
        columns = [list(TERMS).index(term) for term in terms]
        low, high = np.quantile(self.draws[:, columns].sum(axis=1), (0.025, 0.975))
        return float(low), float(high)


class Slope(NamedTuple):
    """A line through measurements; `slope` is certain to within `plus_minus` (95 %), if only chance moves them."""

    slope: float
    plus_minus: float
    intercept: float

    @property
    def is_rising(self) -> bool:
        """Whether it rises for sure."""
        return self.slope > self.plus_minus

    def __call__(self, x: float) -> float:
        return self.intercept + self.slope * x


# -- What is measured -------------------------------------------------------------------------------


def plans(
    connection_counts: Sequence[int], rate: float, delivery_rate: float, flood_rate: float, seconds: float
) -> list[Plan]:
    """Runs that differ in everything that costs something, with ever more connections, and the flood at the end.

    Args:
        connection_counts: three or more. With the fewest, each notification goes to one of them; with the most, almost
            nothing is sent, for longer; with those between, each goes to all.
        rate: notifications a second, each to one connection.
        delivery_rate: deliveries a second of the first run to all; twice as many in the next one, and so on.
        flood_rate: notifications a second of the last run.

    Raises:
        BadParameter: one of them is out of range.
    """
    require_wholes("connection_counts", connection_counts, 1, CUSTOMERS_MAX, length_min=3)
    if len(set(connection_counts)) < len(connection_counts):
        raise BadParameter("connection_counts", connection_counts, "be different numbers")
    fewest, *between, most = sorted(connection_counts)
    require_number("seconds", seconds, 1, 600)
    require_number("delivery_rate", delivery_rate, 1, 1_000_000)
    require_number("flood_rate", flood_rate, 1, RATE_MAX)
    return [
        Plan(fewest, rate, seconds, senders=SENDERS),
        *(
            Plan(count, delivery_rate * number / count, seconds, audience="topic", senders=SENDERS)
            for number, count in enumerate(between, 1)
        ),
        Plan(most, HOLDING_RATE, HOLDING_TIMES * seconds, senders=SENDERS),
        Plan(fewest, flood_rate, seconds, senders=FLOOD_SENDERS),
    ]


# -- From samples to windows ------------------------------------------------------------------------


def windows(idle: Sequence[Sample], measured: Sequence[Measured]) -> list[list[Window]]:
    """Half seconds of the time before, and of each run after its opening, which is a window by itself. The closing of
    connections is left out."""
    return [cut(idle, 0, [], [])] + [
        cut(
            each.samples,
            each.result.plan.customers,
            sorted(one.accepted_at for one in each.result.notifications),
            moments(sorted(one.committed_at for one in each.result.notifications)),
        )
        for each in measured
    ]


def cut(
    samples: Sequence[Sample], customers: int, accepted_at: Sequence[float], commits_at: Sequence[float]
) -> list[Window]:
    """The windows of one run; none if it was not watched from its beginning until all connections were open."""
    begin, end = open_between(samples, customers)
    if begin == end:
        return []
    edges = [samples[0], samples[begin]] if begin else [samples[0]]
    for sample in samples[begin + 1 : end + 1]:
        if sample.at - edges[-1].at >= WINDOW_SECONDS:
            edges.append(sample)
    return [_window(*pair, accepted_at, commits_at) for pair in pairwise(edges)]


def open_between(samples: Sequence[Sample], customers: int) -> tuple[int, int]:
    """The first and the last sample at which all of a run's connections were open; twice the same if there is none."""
    wanted = samples[0].connections + customers if samples else 0
    full = [index for index, each in enumerate(samples) if each.connections >= wanted]
    return (full[0], full[-1]) if full else (0, 0)


def flooded(result: LoadResult) -> float:
    """Notifications a second that were committed, from the first acceptance to the last commit."""
    if not result.notifications:
        return 0.0
    began_at = min(each.accepted_at for each in result.notifications)
    return len(result.notifications) / (max(each.committed_at for each in result.notifications) - began_at)


def moments(committed_at: Sequence[float]) -> list[float]:
    """When commits ended, from when notifications (rising) were committed: several go in one."""
    apart = (index == 0 or at - committed_at[index - 1] > COMMIT_APART_SECONDS for index, at in enumerate(committed_at))
    return [at for at, is_apart in zip(committed_at, apart, strict=True) if is_apart]


def _window(begin: Sample, end: Sample, accepted_at: Sequence[float], commits_at: Sequence[float]) -> Window:
    def within(rising: Sequence[float]) -> int:
        return bisect_right(rising, end.at) - bisect_right(rising, begin.at)

    seconds = end.at - begin.at
    return Window(
        cpu_seconds=end.cpu_seconds - begin.cpu_seconds,
        running=seconds,
        holding=seconds * (begin.connections + end.connections) / 2,
        opening=max(0.0, end.connections - begin.connections),
        committing=within(commits_at),
        taking=within(accepted_at),
        delivering=end.deliveries - begin.deliveries,
    )


# -- From windows to costs --------------------------------------------------------------------------


def fit(runs: Sequence[Sequence[Window]], seed: int = 1) -> Fit:
    """Least squares, no cost below 0; each window counts the less, the more uncertain its CPU is.

    The draws take as many windows as there are out of each run, with some of them several times (bootstrap).
    """
    tables = [np.array(run, dtype=float) for run in runs if run]
    table = np.concatenate(tables)
    costs = _costs(table)
    chance = np.random.default_rng(seed)
    draws = [_costs(np.concatenate([chance.choice(each, len(each)) for each in tables])) for _ in range(DRAWS)]
    return Fit(dict(zip(TERMS, costs.tolist(), strict=True)), np.array(draws), table[:, 0], table[:, 1:] @ costs)


def _costs(table: Numbers) -> Numbers:
    """What each term costs; terms that would come out below 0 are left out, the worst first."""
    weights = 1 / np.hypot(TICK_SECONDS, NOISE_SHARE * table[:, 0])
    cpu_seconds, counts = table[:, 0] * weights, table[:, 1:] * weights[:, None]
    sizes = np.maximum(np.abs(counts).max(axis=0), 1e-12)  # so that large counts do not hide small ones
    kept = list(range(counts.shape[1]))
    while True:
        found = np.linalg.lstsq(counts[:, kept] / sizes[kept], cpu_seconds, rcond=None)[0]
        if not kept or found.min() >= 0:
            break
        kept.pop(int(found.argmin()))
    costs = np.zeros(counts.shape[1])
    costs[kept] = found / sizes[kept]
    return costs


def line(x: Sequence[float], y: Sequence[float]) -> Slope:
    """The line through points with least squares; three or more of them, of different x."""
    across, up = np.array(x, dtype=float), np.array(y, dtype=float)
    slope, intercept = np.polyfit(across, up, 1)
    freedom = len(across) - 2
    spread = np.sum((up - slope * across - intercept) ** 2) / freedom
    error = np.sqrt(spread / np.sum((across - across.mean()) ** 2))
    return Slope(float(slope), float(error * _T95[min(freedom, len(_T95)) - 1]), float(intercept))


def memory(measured: Sequence[Measured]) -> tuple[list[float], list[float]]:
    """Connections and memory (bytes) of each run as soon as all its connections were open."""
    points = [each.samples[open_between(each.samples, each.result.plan.customers)[0]] for each in measured]
    return [each.connections for each in points], [each.resident_bytes for each in points]


def busy_share(measured: Measured) -> float:
    """How busy the process was while notifications were sent: the share of a core."""
    samples = measured.samples
    begin, end = open_between(samples, measured.result.plan.customers)
    seconds = samples[end].at - samples[begin].at if samples else 0.0
    return (samples[end].cpu_seconds - samples[begin].cpu_seconds) / seconds if seconds else float("nan")


def table(measured: Sequence[Measured]) -> pd.DataFrame:
    """A row for each run: what was wanted, and what came of it."""
    import pandas as pd  # noqa: PLC0415  # takes half a second

    rows = [
        {
            "connections": each.result.plan.customers,
            "each goes to": "one" if each.result.plan.audience == "customer" else "all",
            "wanted a second": round(each.result.plan.rate, 1),
            "taken a second": round(flooded(each.result), 1),
            "lost": each.result.lost,
            "half arrive within": shown.duration(each.result.quantile_ms("received", 0.5)),
            "CPU": shown.share(round(busy_share(each), 2)),
        }
        for each in measured
    ]
    return pd.DataFrame(rows)


def price_list(fit: Fit) -> pd.DataFrame:
    """What one of each of `TERMS` costs, and what that lies between, as one would say it."""
    import pandas as pd  # noqa: PLC0415  # takes half a second

    rows = {
        words: {
            "CPU time": cpu_time(fit.costs[term]),
            "95 of 100 between": " and ".join(map(cpu_time, fit.interval(term))),
        }
        for term, words in TERMS.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def cpu_time(seconds: float) -> str:
    """`14 µs`, `5.5 ms`, `1.2 s`."""
    return f"{seconds * 1_000_000:.2g} µs" if 0 < seconds < MICROSECONDS_BELOW else shown.duration(seconds * 1000)
