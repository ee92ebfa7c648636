"""How many web processes a city needs at its peak, from what their work costs. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, inf
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from app.sdk.lab.capacity import TERMS, Fit, Slope
from app.sdk.lab.parameters import require_number, require_whole

if TYPE_CHECKING:
    import pandas as pd

HOUR_SECONDS: Final = 3600
MB: Final = 1_000_000
RUNNING: Final = list(TERMS).index("running")


@dataclass(frozen=True, slots=True)
class City:
    """Who is there, and what happens in the busiest hour.

    Attributes:
        customers: that use the app at all.
        online_share: of them that have it open at the same time.
        opens_an_hour: how often each of those opens it: a connection is opened each time.
        orders_an_hour: in the whole city.
        notifications_an_order: of its whole life.
        fan_out: connections that a notification reaches, on average.
        broadcasts_an_hour: notifications that everybody gets who is online.
        heartbeat_seconds: a connection that hears nothing gets a sign of life every so often; costs as a delivery.

    Raises:
        BadParameter: one of them is out of range.
    """

    customers: int
    online_share: float
    opens_an_hour: float
    orders_an_hour: float
    notifications_an_order: float
    fan_out: float
    broadcasts_an_hour: float
    heartbeat_seconds: float

    def __post_init__(self) -> None:
        require_whole("customers", self.customers, 1, 100_000_000)
        require_number("online_share", self.online_share, 0, 1)
        require_number("opens_an_hour", self.opens_an_hour, 0, HOUR_SECONDS)
        require_number("orders_an_hour", self.orders_an_hour, 0, 100_000_000)
        require_number("notifications_an_order", self.notifications_an_order, 0, 1000)
        require_number("fan_out", self.fan_out, 0, 1000)
        require_number("broadcasts_an_hour", self.broadcasts_an_hour, 0, HOUR_SECONDS)
        require_number("heartbeat_seconds", self.heartbeat_seconds, 0.1, HOUR_SECONDS)

    @property
    def connections(self) -> float:
        """Open at the same time, on all processes together."""
        return self.customers * self.online_share

    @property
    def notifications_a_second(self) -> float:
        orders_a_second = self.orders_an_hour / HOUR_SECONDS
        return orders_a_second * self.notifications_an_order + self.broadcasts_an_hour / HOUR_SECONDS

    @property
    def a_second(self) -> Mapping[str, float]:
        """How much there is of each of `TERMS`, but for `running`. Each notification is committed alone, which is
        careful: the busier a process is, the more go together."""
        to_some = self.orders_an_hour * self.notifications_an_order * self.fan_out
        to_all = self.broadcasts_an_hour * self.connections
        return {
            "holding": self.connections,
            "opening": self.connections * self.opens_an_hour / HOUR_SECONDS,
            "committing": self.notifications_a_second,
            "taking": self.notifications_a_second,
            "delivering": (to_some + to_all) / HOUR_SECONDS + self.connections / self.heartbeat_seconds,
        }

    def of(self, customers: int) -> City:
        """The same with another number of customers, who order as much as these do."""
        return replace(self, customers=customers, orders_an_hour=self.orders_an_hour * customers / self.customers)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process may be loaded with.

    Attributes:
        cpu_share_max: of a core.
        connections_max: open ones.
        memory_max_mb: resident memory (MB).

    Raises:
        BadParameter: one of them is out of range.
    """

    cpu_share_max: float
    connections_max: int
    memory_max_mb: float

    def __post_init__(self) -> None:
        require_number("cpu_share_max", self.cpu_share_max, 0.05, 1)
        require_whole("connections_max", self.connections_max, 1, 1_000_000)
        require_number("memory_max_mb", self.memory_max_mb, 50, 1_000_000)


class Costs(NamedTuple):
    """What is known of a process.

    Attributes:
        cpu: see `capacity.fit`.
        memory: bytes, by connections.
    """

    cpu: Fit
    memory: Slope


class Need(NamedTuple):
    """Processes that are needed: as the costs say (`likely`), and what 95 of 100 draws of them lie between.

    Attributes:
        limit: which of their limits makes it so many: `CPU`, `connections`, `memory`; `nothing` if one is enough.
    """

    low: float
    likely: float
    high: float
    limit: str

    @property
    def sentence(self) -> str:
        """All of it in words, without a full stop."""
        if self.likely == inf:
            return "No number of processes is enough: each alone is over its limit"
        if self.high == self.likely == 1:
            return "One process is enough at the peak"
        several = "One process is" if self.likely == 1 else f"{self.likely:,.0f} processes are"
        range_ = f"95 of 100: {self.low:,.0f}" + (f" to {self.high:,.0f}" if self.high < inf else " up")
        return f"{several} enough at the peak" + (f" ({range_})" if self.low < self.high else "")


def cores(cpu: Mapping[str, float], city: City) -> dict[str, float]:
    """How many cores each kind of work takes at the peak, without what a process takes for itself."""
    return {term: cpu[term] * count for term, count in city.a_second.items()}


def need(costs: Costs, city: City, limits: Limits) -> Need:
    """How many processes it takes. `inf` where no number is enough: one alone is over its limit already."""
    likely, low, high = (_processes(each) for each in _asked(costs, city, limits))
    asked = by_limit(costs, city, limits)
    limit = max(asked, key=lambda name: asked[name][1]) if likely > 1 else "nothing"
    return Need(low, likely, high, limit)


def by_limit(costs: Costs, city: City, limits: Limits) -> dict[str, tuple[float, float, float]]:
    """For each limit, how many processes it asks for, not rounded: the low end, the likely number, the high end."""
    likely, low, high = _asked(costs, city, limits)
    return {name: (low[name], likely[name], high[name]) for name in likely}


def curve(costs: Costs, city: City, limits: Limits, points: int = 40) -> pd.DataFrame:
    """`need` of cities like this one with up to twice as many `customers`: a row each; `inf` is missing.

    What each limit asks for is in `CPU low`, `CPU likely`, `CPU high`, `connections likely`, `memory high` ...
    """
    import pandas as pd  # noqa: PLC0415  # takes half a second

    rows = []
    for customers in sorted({max(1, round(2 * city.customers * point / points)) for point in range(1, points + 1)}):
        size = city.of(customers)
        each = by_limit(costs, size, limits)
        ends = zip(("low", "likely", "high"), zip(*each.values(), strict=True), strict=True)
        asked = {f"{limit} {end}": number for end, row in ends for limit, number in zip(each, row, strict=True)}
        rows.append({"customers": customers, **need(costs, size, limits)._asdict(), **asked})
    return pd.DataFrame(rows).replace(inf, float("nan"))


def cpu_share(cpu: Mapping[str, float], city: City, processes: float) -> float:
    """How busy each of so many processes is at the peak: the share of a core."""
    return cpu["running"] + sum(cores(cpu, city).values()) / processes if processes else inf


def broadcast_seconds(cpu: Mapping[str, float], city: City, processes: float) -> float:
    """How long it takes until something has gone out to everybody, with nothing else to do meanwhile."""
    return cpu["committing"] + cpu["taking"] + cpu["delivering"] * city.connections / processes


def _asked(costs: Costs, city: City, limits: Limits) -> list[dict[str, float]]:
    """For each limit the number of processes: likely, at the low end and at the high end."""
    room = limits.cpu_share_max - costs.cpu.draws[:, RUNNING]
    work = costs.cpu.draws @ np.array([city.a_second.get(term, 0.0) for term in TERMS])
    of_draws = np.where(room > 0, work / np.maximum(room, 1e-9), inf)
    low, high = np.quantile(of_draws, (0.025, 0.975), method="inverted_cdf").tolist()
    likely = _parts(sum(cores(costs.cpu.costs, city).values()), limits.cpu_share_max - costs.cpu.costs["running"])
    memory = costs.memory
    slopes = memory.slope, memory.slope - memory.plus_minus, memory.slope + memory.plus_minus
    return [
        {
            "CPU": by_cpu,
            "connections": city.connections / limits.connections_max,
            "memory": _parts(city.connections * max(0.0, slope), limits.memory_max_mb * MB - memory.intercept),
        }
        for by_cpu, slope in zip((likely, low, high), slopes, strict=True)
    ]


def _processes(asked: Mapping[str, float]) -> float:
    most = max(asked.values())
    return most if most == inf else float(max(1, ceil(most)))


def _parts(whole: float, room: float) -> float:
    return whole / room if room > 0 else inf
