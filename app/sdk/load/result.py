"""What became of a load: every notification, every delivery, and what they add up to. No I/O."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isnan, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from app.sdk.errors import BadParameter
from app.sdk.load.clock import Offset
from app.sdk.load.plan import FIRST_CUSTOMER, Plan
from app.sdk.load.stage import SHARES, SPANS, STAGES, Stage, quantile
from app.sdk.load.table import COUNTS, table

if TYPE_CHECKING:
    import pandas as pd

# The generator is as late with what it takes down as with what it does; so much does not change the picture, nor does
# a part of what the slowest take. A process that is busier than this falls behind.
LATE_MAX_MS = 5.0
LATE_MAX_SHARE = 0.25
BUSY_MAX = 0.9


class Notification(NamedTuple):
    """One notification that the service has taken (Unix times, seconds, of this machine's clock; NaN: not known).

    Attributes:
        uid: its name.
        sent_at: when it was to be sent, whether or not a sender was free then.
        accepted_at: when the service took it; `date_sent`.
        committed_at: when it was durable.
        carried_at: when the log had it; NaN: later than the answer.
        answered_at: when the sender was told.
        receivers: to how many connections it was to come.
        received: to how many it came.
    """

    uid: str
    sent_at: float
    accepted_at: float
    committed_at: float
    carried_at: float
    answered_at: float
    receivers: int
    received: int


class Delivery(NamedTuple):
    """One notification at one connection.

    Attributes:
        notification: its place in `LoadResult.notifications`.
        connection: the customer's number in the plan.
        received_at: when its bytes came (Unix time, seconds).
    """

    notification: int
    connection: int
    received_at: float


class Deliveries(Sequence[Delivery]):
    """All of them, in as little memory as may be; `notification`, `connection` and `received_at` are columns."""

    def __init__(self, notification: array[int], connection: array[int], received_at: array[float]) -> None:
        self.notification = notification
        self.connection = connection
        self.received_at = received_at

    def __len__(self) -> int:
        return len(self.notification)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Deliveries(self.notification[index], self.connection[index], self.received_at[index])
        return Delivery(self.notification[index], self.connection[index], self.received_at[index])

    def __iter__(self) -> Iterator[Delivery]:
        return map(Delivery, self.notification, self.connection, self.received_at)


@dataclass(frozen=True, slots=True)
class Generator:
    """Whether the load itself was made as it was meant to be.

    Attributes:
        late_ms: within which 99 of 100 things were done that a process had to do at a certain time; of the worst one.
        busy: the share of the time (0 to 1) in which a process used its core; of the busiest one.
        waited: requests that were due while every sender waited for an answer.
        requests: that were sent.
        listener_cpu_seconds, publisher_cpu_seconds: of the processes that hold connections, and of the one that sends.
    """

    late_ms: float
    busy: float
    waited: int
    requests: int
    listener_cpu_seconds: float
    publisher_cpu_seconds: float


@dataclass(frozen=True)
class LoadResult:
    """What became of a load.

    Attributes:
        plan: what was wanted.
        run: the name of the run; its topic is `load.<run>`.
        notifications: those that the service has taken.
        deliveries: each of them at each connection; a duplicate is there, too.
        lost: deliveries that should have come and did not.
        duplicates: deliveries of what the same connection had already.
        out_of_order: deliveries whose position was not above all that the connection had seen.
        misdirected: deliveries to a customer for whom they were not.
        refused: notifications that the service did not take.
        refusals: why, and how many; also of connections.
        unanswered: notifications whose request got no answer in time; nobody knows whether they were taken.
        reconnects: connections that were lost and opened again.
        gaps: times that a connection was told that history is gone.
        clock: how far the service's clock is from ours; if that is certain, the service's times are corrected by it.
        generator: whether the load was made as it was meant to be.
        interrupted: somebody has ended it early; it tells what there was so far.
    """

    plan: Plan
    run: str
    notifications: Sequence[Notification]
    deliveries: Deliveries
    lost: int
    duplicates: int
    out_of_order: int
    misdirected: int
    refused: int
    refusals: Mapping[str, int]
    unanswered: int
    reconnects: int
    gaps: int
    clock: Offset
    generator: Generator
    interrupted: bool
    _sorted: dict[Stage, Sequence[float]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def expected(self) -> int:
        """Deliveries that should have come."""
        return sum(each.receivers for each in self.notifications)

    @property
    def is_complete(self) -> bool:
        """Whether everything that was taken came to everybody once and in order, and everything was taken."""
        wrong = self.lost, self.duplicates, self.out_of_order, self.misdirected, self.refused, self.unanswered
        return not any(wrong)

    @property
    def kept_up(self) -> bool:
        """Whether what was measured is the service's latency, and not the generator's own."""
        late_ms = self.generator.late_ms
        is_late = late_ms > LATE_MAX_MS and late_ms > LATE_MAX_SHARE * self.quantile_ms("received", 0.99)
        return not (is_late or self.generator.busy > BUSY_MAX)

    def durations_ms(self, stage: Stage) -> Sequence[float]:
        """How long a stage took, rising; of each notification, or of each delivery where the stage ends with it.

        Raises:
            BadParameter: there is no such stage.
        """
        if stage not in SPANS:
            raise BadParameter("stage", stage, f"be one of {', '.join(STAGES)}")
        if stage not in self._sorted:
            self._sorted[stage] = sorted(each for each in self.column_ms(stage) if not isnan(each))
        return self._sorted[stage]

    def column_ms(self, stage: Stage) -> list[float]:
        """The same in the order of the notifications, or of the deliveries; NaN where it is not known."""
        begin, end = SPANS[stage]
        begins = self._moments(begin)
        if end != "received":
            return [(there - here) * 1000 for here, there in zip(begins, self._moments(end), strict=True)]
        deliveries = self.deliveries
        return [
            (received_at - begins[number]) * 1000
            for number, received_at in zip(deliveries.notification, deliveries.received_at, strict=True)
        ]

    def quantile_ms(self, stage: Stage, share: float) -> float:
        """What this share (0 to 1) of all does not exceed; NaN if there are none.

        It is one of the durations that were measured, never something between two of them.

        Raises:
            BadParameter: there is no such stage, or the share is none.
        """
        if not 0 <= share <= 1:
            raise BadParameter("share", share, "be from 0 to 1")
        return quantile(self.durations_ms(stage), share)

    def share_within(self, stage: Stage, milliseconds: float) -> float:
        """The share (0 to 1) of all that took less than so long; NaN if there are none."""
        durations = self.durations_ms(stage)
        return bisect_left(durations, milliseconds) / len(durations) if durations else nan

    def summary(self) -> dict[str, Any]:
        """All that it adds up to, for JSON."""
        counts = {name: getattr(self, name) for name in COUNTS}
        return {
            "plan": asdict(self.plan),
            "planned": self.plan.notifications,
            "accepted": len(self.notifications),
            "expected": self.expected,
            "received": len(self.deliveries),
            **counts,
            "refusals": dict(self.refusals),
            "interrupted": self.interrupted,
            "latency_ms": {stage: self._quantiles(stage) for stage in STAGES},
            "clock_is_corrected": self.clock.is_certain,
            "clock_offset_ms": _rounded(self.clock.offset_ms),
            "clock_uncertainty_ms": _rounded(self.clock.uncertainty_ms),
            "requests": self.generator.requests,
            "waited": self.generator.waited,
            "generator_late_ms": _rounded(self.generator.late_ms),
            "generator_busy": _rounded(self.generator.busy),
            "generator_kept_up": self.kept_up,
        }

    def table(self) -> str:
        """For a terminal."""
        return table(self.plan, self.summary())

    def to_frame(self) -> pd.DataFrame:
        """One row a delivery: who, the moments as times in UTC, and how long each stage took (`total_ms` ...)."""
        import pandas as pd  # noqa: PLC0415  # takes half a second, and who only wants a table does without

        deliveries = self.deliveries
        place = pd.Index(deliveries.notification)
        columns: dict[str, Any] = {
            "uid": pd.Series([each.uid for each in self.notifications], dtype="object").take(place).array,
            "customer_id": pd.array(deliveries.connection, dtype="int64") + FIRST_CUSTOMER,
        }
        for moment in ("sent", "accepted", "committed", "carried", "answered"):
            seconds = pd.Series(self._moments(moment), dtype="float64").take(place).array
            columns[f"{moment}_at"] = pd.to_datetime(seconds, unit="s", utc=True)
        columns["received_at"] = pd.to_datetime(pd.array(deliveries.received_at, dtype="float64"), unit="s", utc=True)
        for stage in STAGES:
            of_each = pd.Series(self.column_ms(stage), dtype="float64")
            columns[f"{stage}_ms"] = of_each.array if SPANS[stage][1] == "received" else of_each.take(place).array
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        return self.table()

    def _moments(self, name: str) -> list[float]:
        read: Callable[[Notification], float] = {
            "sent": lambda each: each.sent_at,
            "accepted": lambda each: each.accepted_at,
            "committed": lambda each: each.committed_at,
            "carried": lambda each: each.carried_at,
            "answered": lambda each: each.answered_at,
        }[name]
        return [read(each) for each in self.notifications]

    def _quantiles(self, stage: Stage) -> dict[str, float | None]:
        durations = self.durations_ms(stage)
        found = {f"p{share * 100:g}": _rounded(quantile(durations, share)) for share in SHARES}
        return {**found, "max": _rounded(durations[-1] if durations else nan)}


def _rounded(value: float) -> float | None:
    return None if isnan(value) else round(value, 3)
