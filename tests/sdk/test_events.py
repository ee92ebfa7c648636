"""Events as they are parsed, and as a table."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import orjson
import pandas as pd
import pytest

from app.dto import notification_dto
from app.notification import Notification as Carried
from app.sdk.events import Farewell, Gap, Heartbeat, Notification, Receipt, Retract, Synced, parse
from app.sdk.frame import to_frame

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "data", "event"),
    [
        ("receipt", {"received": ["a"], "read": [], "unread_count": 2}, Receipt("1-0", ("a",), (), 2, NOW)),
        ("retract", {"uid": "a"}, Retract("1-0", "a", NOW)),
        ("synced", {"replayed": 3}, Synced("1-0", 3, None, NOW)),
        ("synced", {"replayed": 3, "unread_count": 0}, Synced("1-0", 3, 0, NOW)),
        ("gap", {"reason": "pruned", "oldest": "1-0", "inbox": "/inbox"}, Gap("1-0", "pruned", "1-0", NOW)),
        ("heartbeat", {}, Heartbeat("1-0", NOW)),
        ("busy", {"reason": "too_many"}, Farewell("busy", "too_many", NOW)),
        ("drain", {}, Farewell("drain", "", NOW)),
        ("expired", {"reason": "token_expired"}, Farewell("expired", "token_expired", NOW)),
        ("of_a_newer_service", {}, None),
    ],
)
def test_every_event_of_the_service_has_a_type(name: str, data: dict[str, Any], event: object) -> None:
    assert parse(name, "1-0", json.dumps(data), NOW, replayed=False) == event


def test_a_notification_says_all_that_the_service_tells_a_receiver() -> None:
    carried = Carried(
        uid="01890000-0000-7000-8000-000000000001",
        sender_id="sender:shop",
        channel="customer:42",
        event="order.ready",
        title_text="Ready",
        body_text="Come and get it",
        notes="at the counter",
        data=b'{"order_id":"7"}',
        priority="high",
        date_sent=NOW,
        expires_at=datetime(2030, 2, 1, tzinfo=UTC),
        collapse_key="order-7",
    )
    text = orjson.dumps(notification_dto(carried)).decode()
    event = parse("notification", "1-0", text, NOW, replayed=True)
    assert event == Notification(
        position="1-0",
        uid=carried.uid,
        event="order.ready",
        title_text="Ready",
        body_text="Come and get it",
        notes="at the counter",
        data={"order_id": "7"},
        priority="high",
        sender_id="sender:shop",
        receiver_id=42,
        topic=None,
        date_sent=NOW,
        expires_at=carried.expires_at,
        collapse_key="order-7",
        received_at=NOW,
        replayed=True,
    )


def test_a_table_has_a_row_for_each_and_moments_are_timestamps() -> None:
    report = {"uid": "a", "date_sent": "2030-01-31T12:00:00Z", "date_read": None, "read": 3}
    table = to_frame([Retract("1-0", "a", NOW), report])
    assert list(table["kind"].fillna("")) == ["Retract", ""]
    assert table["received_at"][0] == pd.Timestamp(NOW)
    assert table["date_sent"][1] == pd.Timestamp(NOW)
    assert table["date_read"].isna().all()
    assert table["read"][1] == 3


def test_a_table_of_nothing_is_empty() -> None:
    assert to_frame([]).empty


def test_a_table_of_a_page_a_report_or_one_event() -> None:
    assert list(to_frame({"notifications": [{"uid": "a"}, {"uid": "b"}], "next": None})["uid"]) == ["a", "b"]
    assert list(to_frame({"total": {}, "by_hour": [{"hour": "2030-01-31T12:00:00Z", "sent": 2}]})["sent"]) == [2]
    assert list(to_frame({"uid": "a", "received": 1})["received"]) == [1]
    assert list(to_frame(Retract("1-0", "a", NOW))["uid"]) == ["a"]
