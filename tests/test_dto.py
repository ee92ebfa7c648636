"""DTOs: what travels over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from app import dto
from app.notification import Notification
from tests.support.notifications import notification

NOTIFICATION = notification(
    event="order.ready",
    body_text="Come and get it",
    date_sent=datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC),
)


def shown(notification: Notification) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(orjson.dumps(dto.notification_dto(notification)))
    return result


def test_times_are_rfc_3339_in_utc_to_the_microsecond() -> None:
    assert dto.timestamp(datetime(2026, 1, 31, 12, tzinfo=UTC)) == "2026-01-31T12:00:00.000000Z"
    berlin = timezone(timedelta(hours=1))
    assert dto.timestamp(datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=berlin)) == "2026-01-31T11:00:00.000005Z"


def test_a_customers_notification_shows_who_it_is_for_and_leaves_out_what_it_has_not() -> None:
    assert shown(NOTIFICATION) == {
        "uid": "01890000-0000-7000-8000-000000000001",
        "event": "order.ready",
        "title_text": "Ready",
        "body_text": "Come and get it",
        "notes": None,
        "data": None,
        "priority": "normal",
        "sender_id": "sender:shop",
        "receiver_id": 42,
        "date_sent": "2026-01-31T12:00:00.000005Z",
    }


def test_a_topics_notification_shows_the_topic_in_place_of_a_receiver() -> None:
    topical = shown(replace(NOTIFICATION, channel="topic:order:1001"))
    assert topical["topic"] == "order:1001"
    assert "receiver_id" not in topical


def test_expiry_and_collapse_key_are_shown_where_there_are_any() -> None:
    moment = datetime(2026, 2, 1, tzinfo=UTC)
    full = shown(replace(NOTIFICATION, expires_at=moment, collapse_key="order:1", notes="n"))
    assert (full["expires_at"], full["collapse_key"], full["notes"]) == ("2026-02-01T00:00:00.000000Z", "order:1", "n")


@pytest.mark.parametrize("text", ['{"a":[1,2.50,"\\u0000"]}', "{}", '{"big":18446744073709551615}'])
def test_data_is_passed_on_as_the_text_that_it_is(text: str) -> None:
    encoded = orjson.dumps(dto.notification_dto(replace(NOTIFICATION, data=text.encode())))
    assert f'"data":{text},'.encode() in encoded


def test_nothing_that_is_for_the_service_alone_is_shown() -> None:
    scheduled = replace(NOTIFICATION, send_at=datetime(2026, 2, 1, tzinfo=UTC))
    assert not shown(scheduled).keys() & {"send_at", "channel"}
