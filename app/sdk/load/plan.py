"""A plan: what load is to be made. No I/O.

Plan(customers=500, rate=100, seconds=20)
Plan(customers=1000, rate=40, seconds=10, audience="topic")
Plan(customers=200, rate=50, seconds=60, pattern="order_day")
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Literal, get_args

from app.sdk.errors import BadParameter

Pattern = Literal["steady", "burst", "rush_hour", "order_day"]
Audience = Literal["customer", "topic"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
AUDIENCES: tuple[Audience, ...] = get_args(Audience)

# Virtual customers have these numbers, far above those of a deployment that counts its own from 1; the same in every
# run, so that a deployment that is measured every minute does not get new customers every minute.
FIRST_CUSTOMER = 900_000_000

CUSTOMERS_MAX = 25_000  # one address has about 28,000 ports to one server (Linux's ip_local_port_range)
RATE_MAX = 20_000.0  # notifications a second; one process can't write more requests, whatever their size
SECONDS_MAX = 86_400.0
SENDERS_MIN = 4
SENDERS_MAX = 200  # connections of one process, whose select() takes 1,024 files
BATCH_MAX = 1_000  # the service's
PROCESSES_MAX = 64
GRACE_SECONDS_MAX = 600.0
# What is kept of each until the end: about 500 bytes of a notification, 16 to 80 of a delivery.
NOTIFICATIONS_MAX = 500_000
DELIVERIES_MAX = 5_000_000

CUSTOMERS_A_PROCESS = 2_500  # of which one process opens about 1,000 a second
ANSWER_SECONDS = 0.1
# How many times the mean rate there is at the most.
_PEAKS: dict[Pattern, float] = {"steady": 1, "burst": 10, "rush_hour": 2, "order_day": 4}


@dataclass(frozen=True, slots=True)
class Plan:
    """Who listens, and what is sent when.

    Attributes:
        customers: virtual customers, each with one connection; 1 to 25,000.
        rate: notifications a second, on average.
        seconds: how long they are sent.
        pattern: `steady`: evenly; `burst`: what belongs to 5 seconds comes in the first half of one; `rush_hour`: rises
            to almost twice the rate and falls again; `order_day`: the events of orders that come by chance along a day
            with a peak at noon and one in the evening.
        audience: `customer`: each notification goes to one customer by chance; `topic`: each to all of them.
        senders: connections that send, each with one request at a time; None: enough for answers that take 0.1 s.
        batch: notifications a request.
        keys: whether each request has an Idempotency-Key, so that it can be sent again when its answer is lost. Without
            it the service has half the work with a request, and one without an answer is counted as unanswered.
        processes: that hold connections; None: as many as this machine has cores for.
        grace_seconds: the end has come when no notification has arrived for so long.
        seed: of all that happens by chance.

    Raises:
        BadParameter: one of them, or what they amount to, is out of range.
    """

    customers: int = 500
    rate: float = 100.0
    seconds: float = 20.0
    pattern: Pattern = "steady"
    audience: Audience = "customer"
    senders: int | None = None
    batch: int = 1
    keys: bool = True
    processes: int | None = None
    grace_seconds: float = 10.0
    seed: int = 1

    def __post_init__(self) -> None:
        _whole("customers", self.customers, CUSTOMERS_MAX, " (one address has about 28,000 ports to one server)")
        _number("rate", self.rate, RATE_MAX, " notifications a second (more than one process can send)")
        _number("seconds", self.seconds, SECONDS_MAX, " (a day)")
        _one_of("pattern", self.pattern, PATTERNS)
        _one_of("audience", self.audience, AUDIENCES)
        if self.senders is not None:
            _whole("senders", self.senders, SENDERS_MAX, " (connections of one process), or None")
        _whole("batch", self.batch, BATCH_MAX, " (the service takes no more in one request)")
        if self.processes is not None:
            _whole("processes", self.processes, PROCESSES_MAX, ", or None")
        _number("grace_seconds", self.grace_seconds, GRACE_SECONDS_MAX, "")
        if not isinstance(self.seed, int):
            raise BadParameter("seed", self.seed, "be a whole number")
        if self.pattern == "order_day" and self.audience == "topic":
            raise BadParameter("audience", self.audience, "be 'customer' with order_day: an order has one customer")
        self._require_bounded()

    @property
    def notifications(self) -> int:
        """How many are sent."""
        return max(1, round(self.rate * self.seconds))

    @property
    def deliveries(self) -> int:
        """How many are to arrive."""
        return self.notifications * (self.customers if self.audience == "topic" else 1)

    @property
    def sending(self) -> int:
        """How many connections send."""
        if self.senders is not None:
            return self.senders
        requests_at_once = self.rate * _PEAKS[self.pattern] / self.batch * ANSWER_SECONDS
        return min(max(SENDERS_MIN, ceil(requests_at_once)), SENDERS_MAX)

    @property
    def listeners(self) -> int:
        """How many processes hold connections: not more than leave the service a core, where there are several."""
        if self.processes is not None:
            return min(self.processes, self.customers)
        return min(ceil(self.customers / CUSTOMERS_A_PROCESS), max(1, (os.cpu_count() or 1) - 1))

    def _require_bounded(self) -> None:
        if self.notifications > NOTIFICATIONS_MAX:
            must = f"make up to {NOTIFICATIONS_MAX:,} notifications with rate={self.rate:g}, not {self.notifications:,}"
            raise BadParameter("seconds", self.seconds, f"{must}: all of them are kept in memory")
        if self.deliveries > DELIVERIES_MAX:
            must = f"make up to {DELIVERIES_MAX:,} deliveries of {self.notifications:,} notifications to a topic"
            raise BadParameter("customers", self.customers, f"{must}, not {self.deliveries:,}: all are kept in memory")


def _whole(name: str, value: object, most: int, reason: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise BadParameter(name, value, f"be a whole number from 1 to {most:,}{reason}")


def _number(name: str, value: object, most: float, reason: str) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if not is_number or not 0 < value <= most:  # type: ignore[operator]
        raise BadParameter(name, value, f"be a number above 0 and up to {most:,.0f}{reason}")


def _one_of(name: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        raise BadParameter(name, value, f"be one of {', '.join(known)}")
