"""The script of a run: which request is sent when, to whom, with which body. No I/O.

Every process makes the same one from the plan, so none has to be handed around.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import orjson

from app.sdk.load.pattern import Step, order_day, times
from app.sdk.load.plan import FIRST_CUSTOMER, Plan

# By it the run's own notifications are told from others, and a report by kind of event shows them apart.
MARK = "load"
EVENT = "load"
ETA = timedelta(minutes=20)

_COURIER = {"courier_name": "Mara"}
_RESTAURANT = {"restaurant": "Trattoria Nonna"}
_PRICE = {"amount": "25.50", "currency": "EUR"}
_DATA: dict[str, dict[str, Any]] = {
    "order.placed": _RESTAURANT | _PRICE,
    "payment.received": _PRICE,
    "order.preparing": _RESTAURANT,
    "order.ready": _RESTAURANT,
    "courier.assigned": _COURIER,
    "order.out_for_delivery": _COURIER,
    "courier.nearby": _COURIER,
    "order.delivered": {},
    "order.rate": _RESTAURANT,
}


class Request(NamedTuple):
    """A request that is due.

    Attributes:
        first: its first notification's number.
        size: how many it holds.
        key: its Idempotency-Key.
    """

    first: int
    size: int
    key: str
    body: bytes


class Script:
    """Everything that is sent in a run.

    Args:
        plan: what is wanted.
        run: a name that no other run has.

    Attributes:
        path: to which all of it is sent.
        due: seconds since the beginning, of each request.
        receivers: of each notification the number of the customer from 0; empty: all go to everybody.
    """

    def __init__(self, plan: Plan, run: str) -> None:
        self._plan = plan
        self._run = run
        random = Random(plan.seed)
        steps: list[Step] = []
        if plan.pattern == "order_day":
            steps = order_day(plan.notifications, plan.seconds, plan.seed)
            at = [step.at for step in steps]
            customers = [random.randrange(plan.customers) for _ in range(1 + max(step.order for step in steps))]
            self.receivers = array("I", (customers[step.order] for step in steps))
        else:
            at = times(plan.pattern, plan.notifications, plan.seconds, plan.seed)
            chosen = plan.notifications if plan.audience == "customer" else 0
            self.receivers = array("I", (random.randrange(plan.customers) for _ in range(chosen)))
        self._steps = steps
        # Who sends in batches waits until one is full.
        last = [*range(plan.batch - 1, plan.notifications, plan.batch)]
        if plan.notifications % plan.batch:
            last.append(plan.notifications - 1)
        self.due = array("d", (at[number] for number in last))
        self.path = "/order-events" if steps else "/notifications"
        self._item: Callable[[int], dict[str, Any]] = self._order_event if steps else self._notification

    def __len__(self) -> int:
        return len(self.due)

    def numbers(self, index: int) -> range:
        """The notifications of a request."""
        batch = self._plan.batch
        return range(index * batch, min((index + 1) * batch, self._plan.notifications))

    def request(self, index: int) -> Request:
        numbers = self.numbers(index)
        items = [self._item(number) for number in numbers]
        several = "events" if self._steps else "notifications"
        body = orjson.dumps(items[0] if self._plan.batch == 1 else {several: items})
        return Request(numbers.start, len(items), f"load-{self._run}-{index}", body)

    def _notification(self, number: int) -> dict[str, Any]:
        if self.receivers:
            address: dict[str, Any] = {"receiver_id": FIRST_CUSTOMER + self.receivers[number]}
        else:
            address = {"topic": topic_of(self._run)}
        return {
            **address,
            "event": EVENT,
            "title_text": f"Number {number} of a load run",
            "body_text": "It measures how long a notification takes. Nobody reads it.",
            "data": {MARK: self._run},
        }

    def _order_event(self, number: int) -> dict[str, Any]:
        step = self._steps[number]
        data = {**_DATA[step.event], MARK: self._run}
        if step.event == "order.out_for_delivery":
            data["eta"] = (datetime.now(UTC) + ETA).isoformat()
        return {
            "event": step.event,
            "order_id": f"load-{self._run}-{step.order}",
            # In every event, not only in the first: with several senders the second may overtake it.
            "customer_id": FIRST_CUSTOMER + self.receivers[number],
            "data": data,
        }


def topic_of(run: str) -> str:
    """The topic of a run: nobody else listens to it."""
    return f"load.{run}"
