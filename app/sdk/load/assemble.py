"""Puts together what the processes of a run tell. No I/O."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from math import isnan, nan
from typing import NamedTuple

from app.sdk.load import clock
from app.sdk.load.clock import Offset, Sample
from app.sdk.load.message import Effort, Heard, Published
from app.sdk.load.plan import Plan
from app.sdk.load.result import Deliveries, Generator, LoadResult, Notification
from app.sdk.load.script import Script
from app.sdk.load.stage import quantile

LATE_SHARE = 0.99


class _Counted(NamedTuple):
    """Deliveries, and how they agree with what was to be delivered.

    Attributes:
        received: of each notification, how many connections have it.
    """

    deliveries: Deliveries
    received: array[int]
    duplicates: int
    misdirected: int


def assemble(
    plan: Plan, run: str, begun_at: float, published: Published, heard: Sequence[Heard], interrupted: bool
) -> LoadResult:
    """The result of a run.

    Args:
        begun_at: Unix time (seconds) from which the script's times count.
    """
    script = Script(plan, run)
    offset = clock.offset(_samples(script, published))
    taken = [number for number, uid in enumerate(published.uids) if uid]
    receivers = array("I", (script.receivers[number] for number in taken)) if script.receivers else None
    counted = _count([published.uids[number] for number in taken], receivers, plan.customers, heard)
    notifications = list(_notifications(script, begun_at, published, offset, counted.received, plan))
    expected = sum(each.receivers for each in notifications)
    return LoadResult(
        plan=plan,
        run=run,
        notifications=notifications,
        deliveries=counted.deliveries,
        lost=expected - sum(counted.received),
        duplicates=counted.duplicates,
        out_of_order=sum(each.out_of_order for each in heard),
        misdirected=counted.misdirected,
        refused=sum(published.refused.values()),
        refusals=dict(sum((Counter(each.refused) for each in heard), Counter(published.refused))),
        unanswered=published.unanswered,
        reconnects=sum(each.reconnects for each in heard),
        gaps=sum(each.gaps for each in heard),
        clock=offset,
        generator=_generator(published, heard),
        interrupted=interrupted,
    )


def _samples(script: Script, published: Published) -> Iterator[Sample]:
    for index, attempts in enumerate(published.attempts):
        if attempts == 1:  # else nobody knows which of them was accepted
            accepted_at = published.accepted_at[script.numbers(index)[0]]
            worked_ms = published.commit_ms[index] + _or_none(published.carry_ms[index])
            yield Sample(published.written_at[index], accepted_at, published.answered_at[index], worked_ms / 1000)


def _notifications(
    script: Script, begun_at: float, published: Published, offset: Offset, received: Sequence[int], plan: Plan
) -> Iterator[Notification]:
    correction = offset.offset_ms / 1000 if offset.is_certain else 0.0
    receivers = plan.customers if plan.audience == "topic" else 1
    count = iter(received)
    for index, due in enumerate(script.due):
        for number in script.numbers(index):
            if published.uids[number]:
                accepted_at = published.accepted_at[number] - correction
                committed_at = accepted_at + published.commit_ms[index] / 1000
                yield Notification(
                    uid=published.uids[number],
                    sent_at=begun_at + due,
                    accepted_at=accepted_at,
                    committed_at=committed_at,
                    carried_at=committed_at + published.carry_ms[index] / 1000,
                    answered_at=published.answered_at[index],
                    receivers=receivers,
                    received=next(count),
                )


def _count(uids: Sequence[str], receivers: Sequence[int] | None, customers: int, heard: Sequence[Heard]) -> _Counted:
    """Counts deliveries.

    Args:
        uids: of what was taken.
        receivers: the customer of each of them; None: it is for all.
    """
    places = {uid: place for place, uid in enumerate(uids)}
    deliveries = Deliveries(array("I"), array("I"), array("d"))
    # Of each pair of a notification and a connection that is to have it, whether it has.
    has = bytearray(len(uids) * (customers if receivers is None else 1))
    received = array("I", [0]) * len(uids)
    duplicates = misdirected = 0
    for each in heard:
        known = [places.get(uid) for uid in each.uids]
        for number, customer, when in zip(each.which, each.who, each.when, strict=True):
            place = known[number]
            if place is None:  # its request has not been answered
                continue
            if receivers is not None and receivers[place] != customer:
                misdirected += 1
                continue
            pair = place * customers + customer if receivers is None else place
            if has[pair]:
                duplicates += 1
            else:
                has[pair] = 1
                received[place] += 1
            deliveries.notification.append(place)
            deliveries.connection.append(customer)
            deliveries.received_at.append(when)
    return _Counted(deliveries, received, duplicates, misdirected)


def _generator(published: Published, heard: Sequence[Heard]) -> Generator:
    efforts: list[Effort] = [published.effort, *(each.effort for each in heard)]
    late_ms = [quantile(sorted(each.late_ms), LATE_SHARE) for each in efforts]
    return Generator(
        late_ms=max((each for each in late_ms if not isnan(each)), default=nan),
        busy=max((each.cpu_seconds / each.seconds for each in efforts if each.seconds), default=nan),
        waited=published.waited,
        requests=sum(attempts > 0 for attempts in published.attempts),
        listener_cpu_seconds=sum(each.effort.cpu_seconds for each in heard),
        publisher_cpu_seconds=published.effort.cpu_seconds,
    )


def _or_none(milliseconds: float) -> float:
    return 0.0 if isnan(milliseconds) else milliseconds
