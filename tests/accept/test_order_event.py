"""Order events: what a back end may say of an order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.accept.draft import DATA_MAX_BYTES
from app.accept.order_event import BATCH_MAX, SEQUENCE_MAX, OrderEvent, OrderEvents, parse
from app.auth import CUSTOMER_ID_MAX
from app.errors import InvalidFields, InvalidJSON


def said(**fields: Any) -> dict[str, Any]:
    return {"event": "order.ready", "order_id": "1001"} | fields


def one(**fields: Any) -> OrderEvent:
    event = parse(json.dumps(said(**fields)).encode())
    assert isinstance(event, OrderEvent)
    return event


def refused(body: Any) -> list[tuple[list[Any], str]]:
    with pytest.raises(InvalidFields) as refusal:
        parse(json.dumps(body).encode())
    return [(list(each["loc"]), each["msg"]) for each in refusal.value.errors]


def test_all_that_it_may_say_is_taken() -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    event = one(
        customer_id=0,
        courier_id=CUSTOMER_ID_MAX,
        kitchen_id=3,
        warehouse_id=4,
        topic="news",
        data={"eta": "x", "more": [1]},
        sequence=SEQUENCE_MAX,
        send_at=tomorrow.isoformat(),
        expires_at=(tomorrow + timedelta(seconds=1)).isoformat(),
        priority="high",
        language="ru",
    )
    assert (event.customer_id, event.courier_id, event.kitchen_id, event.warehouse_id) == (0, CUSTOMER_ID_MAX, 3, 4)
    assert event.send_at == tomorrow
    assert event.data == {"eta": "x", "more": [1]}


@pytest.mark.parametrize(
    ("given", "order_id"), [(1001, "1001"), (0, "0"), ("A-1.b_c:d", "A-1.b_c:d"), ("9" * 94, "9" * 94)]
)
def test_the_number_of_an_order_is_text_however_it_is_given(given: object, order_id: str) -> None:
    event = one(order_id=given)
    assert event.order_id == order_id


WRONG_ORDER_ID = "must be a number, or 1 to 94 letters, digits and . _ : -"


@pytest.mark.parametrize(
    "order_id", ["", "-1", -1, 1.5, True, "x" * 95, 10**94, "a b", "a/b", ".a", "1001\n", "ü", [], {}]
)
def test_a_number_of_an_order_that_can_not_be_in_a_topic_is_refused(order_id: object) -> None:
    assert refused(said(order_id=order_id)) == [(["order_id"], WRONG_ORDER_ID)]


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"event": "Order"}, ["event"]),
        ({"event": "x" * 101}, ["event"]),
        ({"event": None}, ["event"]),
        ({"customer_id": "1"}, ["customer_id"]),
        ({"customer_id": -1}, ["customer_id"]),
        ({"courier_id": CUSTOMER_ID_MAX + 1}, ["courier_id"]),
        ({"kitchen_id": 1.0}, ["kitchen_id"]),
        ({"warehouse_id": True}, ["warehouse_id"]),
        ({"topic": "a b"}, ["topic"]),
        ({"data": []}, ["data"]),
        ({"data": None}, ["data"]),
        ({"data": {"x": 10**30}}, ["data"]),
        ({"data": {"x": "y" * DATA_MAX_BYTES}}, ["data"]),
        ({"sequence": -1}, ["sequence"]),
        ({"sequence": SEQUENCE_MAX + 1}, ["sequence"]),
        ({"sequence": "1"}, ["sequence"]),
        ({"sequence": None}, ["sequence"]),
        ({"send_at": "tomorrow"}, ["send_at"]),
        ({"send_at": "2099-01-01T00:00:00Z"}, ["send_at"]),
        ({"priority": "urgent"}, ["priority"]),
        ({"language": "english!"}, ["language"]),
        ({"title_text": "x"}, ["title_text"]),
        ({"receiver_id": 1}, ["receiver_id"]),
    ],
)
def test_a_bad_field_is_named_in_one_and_in_a_batch(fields: dict[str, Any], loc: list[Any]) -> None:
    bad = said(**fields)
    assert [where for where, _ in refused(bad)] == [loc]
    assert [where for where, _ in refused({"events": [said(), bad]})] == [["events", 1, *loc]]


def test_data_that_json_has_no_number_for_is_refused() -> None:
    with pytest.raises(InvalidFields) as refusal:
        parse(b'{"event": "order.ready", "data": {"x": NaN}}')
    assert refusal.value.errors == [
        {"loc": ["data"], "msg": "has a number that JSON has not: NaN, or infinity"},
    ]


def test_what_expires_does_so_after_it_is_sent() -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    body = said(send_at=tomorrow.isoformat(), expires_at=tomorrow.isoformat())
    assert refused(body) == [(["expires_at"], "must be after send_at")]


def test_a_batch_has_from_one_to_a_thousand() -> None:
    events = parse(json.dumps({"events": [said()] * BATCH_MAX}).encode())
    assert isinstance(events, OrderEvents)
    assert len(events.events) == 1000
    assert [where for where, _ in refused({"events": [said()] * (BATCH_MAX + 1)})] == [["events"]]
    assert [where for where, _ in refused({"events": []})] == [["events"]]
    assert [where for where, _ in refused({"events": [said()], "event": "order.ready"})] == [["event"]]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidJSON):
        parse(body)


# -- The same again ---------------------------------------------------------------------------------


def test_order_event_and_sequence_make_it_the_same() -> None:
    assert one().key == one(data={"x": 1}, customer_id=3).key == "1001/order.ready/0"
    assert len({one().key, one(order_id="1002").key, one(event="order.placed").key, one(sequence=1).key}) == 4


def test_the_longest_key_fits_into_its_column() -> None:
    longest = one(order_id="9" * 94, event="e" * 100, sequence=SEQUENCE_MAX).key
    assert longest is not None
    assert len(longest) <= 255


def test_an_event_of_no_order_is_never_the_same() -> None:
    event = parse(b'{"event": "stock.low"}')
    assert isinstance(event, OrderEvent)
    assert event.key is None


def test_what_is_said_in_another_way_is_the_same() -> None:
    data = {"b": 1, "a": {"y": 2, "x": 3}}
    turned = {"a": {"x": 3, "y": 2}, "b": 1}
    assert one(order_id=1001, data=data).sha256 == one(order_id="1001", data=turned, sequence=0).sha256
    later = datetime(2026, 12, 1, 12, tzinfo=UTC)
    later = max(later, datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    elsewhere = later.astimezone().isoformat()
    assert one(send_at=later.isoformat()).sha256 == one(send_at=elsewhere).sha256


@pytest.mark.parametrize(
    "fields",
    [
        {"data": {"a": 1}},
        {"customer_id": 1},
        {"courier_id": 1},
        {"kitchen_id": 1},
        {"priority": "high"},
        {"language": "ru"},
        {"topic": "t"},
    ],
)
def test_each_field_counts_for_whether_it_is_the_same(fields: dict[str, Any]) -> None:
    assert one(**fields).sha256 != one().sha256


# -- What is passed on ------------------------------------------------------------------------------


def test_its_notifications_carry_its_data_and_the_orders_number_as_text() -> None:
    assert json.loads(one(order_id=1001, data={"a": [None]}).passed_on) == {"a": [None], "order_id": "1001"}
    assert json.loads(one(data={"order_id": "another"}).passed_on) == {"order_id": "1001"}
    without = parse(b'{"event": "stock.low", "data": {"a": 1}}')
    assert isinstance(without, OrderEvent)
    assert json.loads(without.passed_on) == {"a": 1}
