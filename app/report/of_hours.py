"""What became of all notifications, by their kind of event and by the hour in which they were accepted.

Nearly all of it is added up from tallies, whose number does not depend on how many notifications there were. What can
still change by itself is counted where it stands: what waits, what has expired, what was taken back.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from app import database, dto, tally
from app.tally import Step

TIMES = {
    "accepted_to_carried_ms": Step.CARRIED,
    "carried_to_received_ms": Step.RECEIVED,
    "received_to_read_ms": Step.READ,
}
COUNTS = (
    "sent", "receivers", "carried", "waiting", "received", "read", "muted", "held", "expired", "retracted",
)  # fmt: skip

_TALLIES = """SELECT hour, event, step, bucket, SUM(count) AS count FROM tally
  WHERE hour >= {begin} AND hour < {end}{of_event} GROUP BY hour, event, step, bucket"""
_FROM = """FROM notification n WHERE n.date_sent >= {begin} AND n.date_sent < {end}{of_event}
  AND n.copy_of IS NULL AND n.retracts IS NULL AND """
_WAITING = (
    "SELECT {hour} AS hour, event, COUNT(*) AS waiting, SUM(n.receivers) AS receivers "
    + _FROM
    + ("n.position IS NULL AND n.date_retracted IS NULL GROUP BY 1, 2")
)
_RETRACTED = (
    "SELECT {hour} AS hour, event, COUNT(*) AS retracted, COUNT(n.position) AS carried "
    + _FROM
    + ("n.date_retracted IS NOT NULL GROUP BY 1, 2")
)
_EXPIRED = (
    (
        "SELECT {hour} AS hour, event,"
        " SUM(n.receivers - (SELECT COUNT(*) FROM receipt r WHERE r.notification_id = n.uid)) AS expired "
    )
    + _FROM
    + "n.expires_at IS NOT NULL AND n.expires_at <= {now} GROUP BY 1, 2"
)


@dataclass(slots=True)
class _Account:
    """Counts by name, and times by step and bucket."""

    counts: Counter[str] = field(default_factory=Counter)
    times: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def __iadd__(self, other: _Account) -> _Account:
        self.counts.update(other.counts)
        for step, buckets in other.times.items():
            self.times[step].update(buckets)
        return self

    def shown(self) -> dict[str, Any]:
        return {name: self.counts[name] for name in COUNTS} | {
            name: _quantiles(self.times[step]) for name, step in TIMES.items()
        }


async def report(event: str | None, begin: datetime, end: datetime) -> dict[str, Any]:
    """The members of an `HoursReport`: of the hours that have some of the time between `begin` and `end`."""
    first, last = tally.hour_of(begin), -(-int(end.timestamp()) // 3600)
    accounts = await _accounts(event, first, last)
    by_event: defaultdict[str, _Account] = defaultdict(_Account)
    by_hour: defaultdict[int, _Account] = defaultdict(_Account)
    total = _Account()
    for (hour, kind), account in accounts.items():
        by_event[kind] += account
        by_hour[hour] += account
        total += account
    return {
        "from": _hour(first),
        "to": _hour(last),
        "total": total.shown(),
        "by_event": [{"event": kind} | by_event[kind].shown() for kind in sorted(by_event)],
        "by_hour": [{"hour": _hour(hour)} | by_hour[hour].shown() for hour in sorted(by_hour)],
        "rows": [
            {"hour": _hour(hour), "event": kind} | accounts[hour, kind].shown() for hour, kind in sorted(accounts)
        ],
    }


def to_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows of a report, with a column for each quantile."""
    quantiles = [(f"{name.removesuffix('_ms')}_{share}_ms", name, share) for name in TIMES for share in ("p50", "p95")]
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["hour", "event", *COUNTS, *(column for column, _, _ in quantiles)])
    for each in rows:
        times = [None if each[name] is None else each[name][share] for _, name, share in quantiles]
        writer.writerow([each["hour"], each["event"], *(each[name] for name in COUNTS), *times])
    return text.getvalue()


async def _accounts(event: str | None, first: int, last: int) -> dict[tuple[int, str], _Account]:
    accounts: defaultdict[tuple[int, str], _Account] = defaultdict(_Account)
    for each in await _ask(_TALLIES, event, first, last):
        account, step, count = accounts[each["hour"], each["event"]], Step(each["step"]), int(each["count"])
        account.counts[step] += count
        if step in TIMES.values():
            account.times[step][each["bucket"]] += count
        if step is Step.CARRIED:
            account.counts["sent"] += count
    begin, end = _moment(first), _moment(last)
    for each in await _ask(_WAITING, event, begin, end):
        counts = accounts[int(each["hour"]), each["event"]].counts
        counts.update(waiting=each["waiting"], sent=each["waiting"], receivers=int(each["receivers"]))
    for each in await _ask(_RETRACTED, event, begin, end):
        counts = accounts[int(each["hour"]), each["event"]].counts
        counts.update(retracted=each["retracted"], sent=each["retracted"] - each["carried"])
    for each in await _ask(_EXPIRED, event, begin, end):
        accounts[int(each["hour"]), each["event"]].counts["expired"] += int(each["expired"])
    return accounts


async def _ask(query: str, event: str | None, begin: Any, end: Any) -> list[dict[str, Any]]:
    values: list[Any] = []

    def mark(value: Any) -> str:
        values.append(database.timestamp_parameter(value) if isinstance(value, datetime) else value)
        return database.placeholders(1, start=len(values))

    # In the order in which they stand in the query: SQLite counts its placeholders.
    marks = {"begin": mark(begin), "end": mark(end), "of_event": "" if event is None else f" AND event = {mark(event)}"}
    if "{now}" in query:
        marks["now"] = mark(datetime.now(UTC))
    return await database.connection().execute_query_dict(
        query.format(hour=database.hour_of("n.date_sent"), **marks), values
    )


def _quantiles(buckets: Mapping[int, int]) -> dict[str, float | None] | None:
    return {name: tally.quantile(buckets, share) for name, share in (("p50", 0.5), ("p95", 0.95))} if buckets else None


def _moment(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC)


def _hour(hour: int) -> str:
    return dto.timestamp(_moment(hour))
