"""What became of all notifications, by their kind of event and by the hour in which they were accepted.

Nearly all of it is added up from tallies, whose number does not depend on how many notifications there were. What can
still change is counted where it stands: what waits, and what was taken back.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

from app import database, dto, tally
from app.tally import Tally

TIMES = {"accepted_to_carried_ms": "carried", "carried_to_received_ms": "received", "received_to_read_ms": "read"}
COUNTS = (
    "sent", "receivers", "carried", "waiting", "received", "read", "muted", "held", "expired", "retracted",
)  # fmt: skip

_TALLIED = f"SELECT hour, event, {', '.join(tally.COLUMNS)} FROM tally"
_TALLIED += " WHERE hour >= {begin} AND hour < {end}{of_event}"
_LIVE = """SELECT {hour} AS hour, n.event, {counted} FROM notification n
  WHERE n.date_sent >= {begin} AND n.date_sent < {end}{of_event} AND n.copy_of IS NULL AND n.retracts IS NULL
  AND {which} GROUP BY 1, 2"""
# What is counted where it stands, by which condition: each goes through an index of those alone.
_WAITING = (
    "COUNT(*) AS waiting, COUNT(*) AS sent, SUM(n.receivers) AS receivers",
    "n.position IS NULL AND n.date_retracted IS NULL",
)
_RETRACTED = (
    (
        "COUNT(*) AS retracted, COUNT(*) - COUNT(n.position) AS sent,"
        " SUM(CASE WHEN n.position IS NULL THEN n.receivers ELSE 0 END) AS receivers"
    ),
    "n.date_retracted IS NOT NULL",
)
# A month has ten thousand pairs of kind and hour: in longer periods only the CSV has them.
ROWS_MAX = timedelta(days=7)


@dataclass(slots=True)
class _Account:
    """What is tallied, and what is counted where it stands."""

    tallied: Tally = Tally()  # noqa: RUF009  # never changed
    counted: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: _Account) -> _Account:
        self.tallied = self.tallied.plus(other.tallied)
        if other.counted:
            self.counted.update(other.counted)
        return self

    def shown(self) -> dict[str, Any]:
        histograms = {name: tally.counts_of(getattr(self.tallied, name)) for name in tally.HISTOGRAMS}
        counted = self.counted
        carried = sum(histograms["carried"])
        return {
            "sent": carried + counted["sent"],
            "receivers": self.tallied.receivers + counted["receivers"],
            "carried": carried,
            "waiting": counted["waiting"],
            "received": sum(histograms["received"]),
            "read": sum(histograms["read"]),
            "muted": self.tallied.muted,
            "held": self.tallied.held,
            "expired": self.tallied.expired,
            "retracted": counted["retracted"],
        } | {name: _quantiles(histograms[step]) for name, step in TIMES.items()}


async def report(event: str | None, begin: datetime, end: datetime) -> dict[str, Any]:
    """The members of an `HoursReport`: of the hours that have some of the time between `begin` and `end`."""
    first, last = _hours(begin, end)
    accounts = await _accounts(event, first, last)
    by_event: defaultdict[str, _Account] = defaultdict(_Account)
    by_hour: defaultdict[int, _Account] = defaultdict(_Account)
    for (hour, kind), account in accounts.items():
        by_event[kind] += account
        by_hour[hour] += account
    total = _Account()
    for account in by_event.values():
        total += account
    shown = {
        "from": _hour(first),
        "to": _hour(last),
        "total": total.shown(),
        "by_event": [{"event": kind} | by_event[kind].shown() for kind in sorted(by_event)],
        "by_hour": [{"hour": _hour(hour)} | by_hour[hour].shown() for hour in sorted(by_hour)],
    }
    return shown | ({"rows": list(_rows(accounts))} if end - begin <= ROWS_MAX else {})


async def report_csv(event: str | None, begin: datetime, end: datetime) -> str:
    """The same by kind of event and hour, a line each, with a column for each quantile."""
    accounts = await _accounts(event, *_hours(begin, end))
    quantiles = [(f"{name.removesuffix('_ms')}_{share}_ms", name, share) for name in TIMES for share in ("p50", "p95")]
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["hour", "event", *COUNTS, *(column for column, _, _ in quantiles)])
    for each in _rows(accounts):
        times = [None if each[name] is None else each[name][share] for _, name, share in quantiles]
        writer.writerow([each["hour"], each["event"], *(each[name] for name in COUNTS), *times])
    return text.getvalue()


def _rows(accounts: Mapping[tuple[int, str], _Account]) -> Iterator[dict[str, Any]]:
    for hour, kind in sorted(accounts):
        yield {"hour": _hour(hour), "event": kind} | accounts[hour, kind].shown()


def _hours(begin: datetime, end: datetime) -> tuple[int, int]:
    return tally.hour_of(begin), -int(-end.timestamp() // 3600)


async def _accounts(event: str | None, first: int, last: int) -> dict[tuple[int, str], _Account]:
    accounts: defaultdict[tuple[int, str], _Account] = defaultdict(_Account)
    for each in await _ask(_TALLIED, event, first, last):
        account = accounts[each["hour"], each["event"]]
        account.tallied = account.tallied.plus(tally.of_row(each))
    for counted, which in (_WAITING, _RETRACTED):
        query = _LIVE.replace("{counted}", counted).replace("{which}", which)
        for each in await _ask(query, event, _moment(first), _moment(last)):
            hour, kind = int(each.pop("hour")), each.pop("event")
            accounts[hour, kind].counted.update({name: int(count) for name, count in each.items()})
    return accounts


async def _ask(query: str, event: str | None, begin: Any, end: Any) -> list[dict[str, Any]]:
    values: list[Any] = []

    def mark(value: Any) -> str:
        values.append(database.timestamp_parameter(value) if isinstance(value, datetime) else value)
        return database.placeholders(1, start=len(values))

    # In the order in which they stand in the query: SQLite counts its placeholders.
    marks = {"begin": mark(begin), "end": mark(end), "of_event": "" if event is None else f" AND event = {mark(event)}"}
    return await database.connection().execute_query_dict(
        query.format(hour=database.hour_of("n.date_sent"), **marks), values
    )


def _quantiles(counts: Sequence[int]) -> dict[str, float] | None:
    return dict(zip(("p50", "p95"), tally.quantiles(counts, (0.5, 0.95)), strict=True)) if counts else None


def _moment(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC)


def _hour(hour: int) -> str:
    return dto.timestamp(_moment(hour))
