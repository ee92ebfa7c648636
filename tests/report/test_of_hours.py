"""The report by hours as a table."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest

from app import tally
from app.report import of_hours
from app.report.of_hours import COUNTS, TIMES
from app.tally import Tally

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = tally.hour_of(NOON)
ACCOUNT = of_hours._Account(
    Tally(
        receivers=9,
        muted=2,
        held=3,
        expired=4,
        carried=4 * tally.one(1.4) + tally.one(8),
        received=0,
        read=tally.one(0) + tally.one(1234),
    ),
    Counter(waiting=2, sent=3, receivers=1, retracted=1),
)


async def table(monkeypatch: pytest.MonkeyPatch, accounts: dict[tuple[int, str], Any]) -> list[list[str]]:
    text = await written(monkeypatch, accounts)
    return list(csv.reader(StringIO(text)))


async def written(monkeypatch: pytest.MonkeyPatch, accounts: dict[tuple[int, str], Any]) -> str:
    async def found(event: str | None, first: int, last: int) -> dict[tuple[int, str], Any]:
        assert (event, first, last) == ("notice", HOUR, HOUR + 1)
        return accounts

    monkeypatch.setattr(of_hours, "_accounts", found)
    return await of_hours.report_csv("notice", NOON, NOON + timedelta(microseconds=1))


async def test_it_has_a_column_for_each_count_and_each_quantile(monkeypatch: pytest.MonkeyPatch) -> None:
    (header,) = await table(monkeypatch, {})
    assert header == [
        "hour",
        "event",
        "sent",
        "receivers",
        "carried",
        "waiting",
        "received",
        "read",
        "muted",
        "held",
        "expired",
        "retracted",
        "accepted_to_carried_p50_ms",
        "accepted_to_carried_p95_ms",
        "carried_to_received_p50_ms",
        "carried_to_received_p95_ms",
        "received_to_read_p50_ms",
        "received_to_read_p95_ms",
    ]
    assert len(header) == 2 + len(COUNTS) + 2 * len(TIMES)


async def test_a_row_is_what_the_report_says_and_empty_where_it_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _, row = await table(monkeypatch, {(HOUR, "order.ready"): ACCOUNT})
    assert row[:2] == ["2026-01-01T12:00:00.000000Z", "order.ready"]
    assert row[2:12] == ["8", "10", "5", "2", "0", "2", "2", "3", "4", "1"]
    assert [each and float(each) for each in row[12:]] == [
        pytest.approx(1.4, abs=0.2),
        pytest.approx(8, abs=0.8),
        "",
        "",
        0.0,
        pytest.approx(1234, rel=0.11),
    ]


async def test_rows_stand_by_hour_and_kind_and_end_as_rfc_4180_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [(HOUR + 1, "a"), (HOUR, "z"), (HOUR, "b")]
    text = await written(monkeypatch, dict.fromkeys(keys, ACCOUNT))
    lines = text.split("\r\n")
    assert [line.split(",")[:2] for line in lines[1:4]] == [
        ["2026-01-01T12:00:00.000000Z", "b"],
        ["2026-01-01T12:00:00.000000Z", "z"],
        ["2026-01-01T13:00:00.000000Z", "a"],
    ]
    assert lines[4:] == [""]
