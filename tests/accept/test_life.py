"""An order's life: what its events mean, by the catalogue that we ship."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.accept import life
from app.accept.catalogue import Catalogue
from app.accept.known import Audience, Known
from app.accept.life import Loc, Told
from app.accept.order_event import OrderEvent, OrderEvents, parse
from app.accept.parties import Parties
from app.errors import FieldError, InvalidFields
from app.notification import Notification, Withheld
from app.preferences import DEFAULT, Preferences
from app.validation import ERRORS_MAX

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
CATALOGUE = Catalogue.load()


def placed(*events: dict[str, Any]) -> list[tuple[Loc, OrderEvent]]:
    """Events with their places in a batch."""
    batch = parse(json.dumps({"events": list(events)}).encode())
    assert isinstance(batch, OrderEvents)
    return [(["events", index], event) for index, event in enumerate(batch.events)]


def anywhere(_topic: str) -> bool:
    return True


def check(*events: dict[str, Any], orders: Mapping[str, Parties] | None = None) -> list[Told]:
    return life.check(placed(*events), CATALOGUE, orders or {}, anywhere, NOW)


def errors(*events: dict[str, Any], orders: Mapping[str, Parties] | None = None) -> list[FieldError]:
    with pytest.raises(InvalidFields) as refusal:
        check(*events, orders=orders)
    return list(refusal.value.errors)


def ready(**fields: Any) -> dict[str, Any]:
    return {"event": "order.ready", "order_id": "1001", "customer_id": 1} | fields


def addresses(told: list[Told]) -> list[int | str]:
    return [each.topic if each.customer_id is None else each.customer_id for each in told]


# -- Who is told ------------------------------------------------------------------------------------


def test_an_order_s_customer_is_told_whom_the_event_names() -> None:
    assert addresses(check(ready())) == [1]


def test_or_whom_an_earlier_event_of_the_order_has_named() -> None:
    nobody_named = ready()
    del nobody_named["customer_id"]
    assert addresses(check(nobody_named, orders={"1001": Parties(customer_id=7)})) == [7]
    assert addresses(check(ready(), nobody_named)) == [1, 1]
    assert addresses(check(ready(), nobody_named, orders={"1001": Parties(customer_id=7)})) == [1, 1]


def test_a_customer_with_the_number_zero_is_one() -> None:
    assert addresses(check(ready(customer_id=0))) == [0]


def test_another_orders_customer_is_not_told() -> None:
    nobody_named = {"event": "order.ready", "order_id": "1002"}
    assert errors(ready(), nobody_named) == [
        {
            "loc": ["events", 1, "customer_id"],
            "msg": "is needed: no earlier event of the order has named its customer",
        }
    ]


@pytest.mark.parametrize(
    ("event", "name", "data"),
    [
        ("order.created", "kitchen_id", {}),
        ("delivery.assigned", "courier_id", {"restaurant": "Mio"}),
        ("stock.low", "warehouse_id", {"product": "Rice", "quantity": 3}),
    ],
)
def test_the_companys_own_people_are_told_by_name_or_by_the_topic_of_the_kind(
    event: str, name: str, data: dict[str, Any]
) -> None:
    said = {"event": event, "order_id": "1001", "data": data}
    assert addresses(check(said | {name: 7})) == [7]
    assert addresses(check(said)) == [event]


@pytest.mark.parametrize("event", ["order.created", "delivery.assigned"])
def test_the_kitchen_and_the_courier_of_the_order_are_told_without_being_named_again(event: str) -> None:
    said = {"event": event, "order_id": "1001", "data": {"restaurant": "Mio"}}
    order = {"1001": Parties(1, 2, 3)}
    assert addresses(check(said, orders=order)) == [3 if event == "order.created" else 2]


def test_after_the_end_of_an_order_its_customer_can_still_be_told() -> None:
    rate = {"event": "order.rate", "order_id": "1001", "data": {"restaurant": "Mio"}}
    delivered = {"event": "order.delivered", "order_id": "1001"}
    told = check(ready(), delivered, rate)
    assert addresses(told) == [1, 1, 1]
    assert addresses(check(rate, orders={"1001": Parties(1, 2, 3, NOW)})) == [1]


def test_an_event_says_who_takes_part_and_whether_the_order_is_over() -> None:
    told = check(
        ready(courier_id=2),
        {"event": "order.delivered", "order_id": "1001"},
        {"event": "order.cancelled", "order_id": "1002", "customer_id": 4, "data": {"reason": "x"}},
        {"event": "stock.low", "data": {"product": "Rice", "quantity": 0}},
    )
    ended = Parties(date_ended=NOW)
    assert [each.parties for each in told] == [Parties(1, 2), ended, Parties(4, None, None, NOW), Parties()]


def test_a_notice_goes_to_the_topic_that_it_names() -> None:
    said = {"event": "notice", "topic": "news", "data": {"title_text": "Hello"}}
    assert addresses(check(said)) == ["news"]


# -- What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "loc", "msg"),
    [
        ({"event": "order.lost"}, ["event"], "order.lost is no kind of event that the catalogue has"),
        ({"event": "order.ready", "customer_id": 1}, ["order_id"], "order.ready needs it"),
        ({"event": "order.created", "kitchen_id": 1}, ["order_id"], "order.created needs it"),
        (
            {"event": "delivery.assigned", "courier_id": 1, "data": {"restaurant": "Mio"}},
            ["order_id"],
            "delivery.assigned needs it",
        ),
        ({"event": "notice", "data": {"title_text": "x"}}, ["topic"], "notice needs it"),
        (ready(topic="news"), ["topic"], "order.ready goes to the order's customer, not to a topic"),
        (
            {"event": "order.out_for_delivery", "order_id": 1, "customer_id": 1},
            ["data", "eta"],
            "is needed for order.out_for_delivery",
        ),
        (
            ready(data={"eta": "soon"}),
            ["data", "eta"],
            "must be a time with its zone, such as 2026-01-31T12:00:00Z (RFC 3339)",
        ),
    ],
)
def test_what_can_not_be_told_is_refused_by_its_place(event: dict[str, Any], loc: list[Any], msg: str) -> None:
    assert errors(ready(order_id="other"), event) == [{"loc": ["events", 1, *loc], "msg": msg}]
    single = [(place[2:], each) for place, each in placed(ready(), event)[1:]]
    with pytest.raises(InvalidFields) as refusal:
        life.check(single, CATALOGUE, {}, anywhere, NOW)
    assert refusal.value.errors == [{"loc": loc, "msg": msg}]


def test_all_that_is_wrong_with_a_batch_is_named_at_once() -> None:
    found = errors({"event": "order.lost"}, ready(), {"event": "order.cancelled", "topic": "x"})
    assert [each["loc"] for each in found] == [
        ["events", 0, "event"],
        ["events", 2, "data", "reason"],
        ["events", 2, "order_id"],
        ["events", 2, "customer_id"],
        ["events", 2, "topic"],
    ]


def test_no_more_is_named_than_a_person_mends() -> None:
    assert len(errors(*[{"event": "order.lost"}] * (ERRORS_MAX + 50))) == ERRORS_MAX


def test_a_topic_that_the_token_does_not_cover_is_refused_also_if_no_event_names_it() -> None:
    events = placed(
        ready(),
        {"event": "order.created", "order_id": "1001"},
        {"event": "notice", "topic": "news", "data": {"title_text": "x"}},
        {"event": "order.created", "order_id": "1001", "kitchen_id": 3},
    )
    with pytest.raises(InvalidFields) as refusal:
        life.check(events, CATALOGUE, {}, lambda topic: topic == "other", NOW)
    assert refusal.value.errors == [
        {"loc": ["events", 1, "topic"], "msg": "The token does not cover the topic order.created."},
        {"loc": ["events", 2, "topic"], "msg": "The token does not cover the topic news."},
    ]


def test_what_is_known_of_orders_is_left_as_it_was() -> None:
    orders = {"1001": Parties(1)}
    check(ready(courier_id=9), orders=orders)
    assert orders == {"1001": Parties(1)}


# -- In which words ---------------------------------------------------------------------------------


def compose(event: dict[str, Any], known: Known | None = None) -> list[Notification]:
    (told,) = check(event)
    nobody = Known({1: DEFAULT}, {"order.created": Audience(0, ()), "news": Audience(0, ())})
    return life.compose(told, ["events", 0], CATALOGUE, "sender:shop", known or nobody, NOW)


def test_a_customer_reads_it_in_their_own_language_and_by_their_own_clock() -> None:
    event = {"event": "order.out_for_delivery", "order_id": 1, "customer_id": 1}
    event["data"] = {"eta": (NOW + timedelta(hours=3)).isoformat()}
    (english,) = compose(event)
    assert english.title_text == "Your order is on its way"
    assert "3:00\u202fPM" in english.body_text
    (russian,) = compose(event, Known({1: Preferences("ru-RU", "Europe/Moscow")}, {}))
    assert russian.title_text != english.title_text
    assert "18:00" in russian.body_text


def test_a_language_that_we_do_not_have_is_english() -> None:
    (made,) = compose(ready(), Known({1: Preferences("ja", "Asia/Tokyo")}, {}))
    assert made.title_text == "Your order is ready"


def test_a_topic_reads_the_language_that_the_event_asks_for() -> None:
    said = {"event": "order.created", "order_id": "1001"}
    (english,), (russian,) = compose(said), compose(said | {"language": "ru"})
    assert english.title_text == "New order 1001"
    assert english.channel == russian.channel == "topic:order.created"
    assert russian.title_text not in ("", english.title_text)


def test_it_carries_the_event_its_data_and_the_orders_number() -> None:
    (made,) = compose(ready(order_id=1001, data={"restaurant": "Mio", "shelf": 4}))
    assert (made.event, made.sender_id, made.channel, made.notes) == ("order.ready", "sender:shop", "customer:1", None)
    assert json.loads(made.data or b"") == {"restaurant": "Mio", "shelf": 4, "order_id": "1001"}
    assert "at Mio" in made.body_text


def test_the_kinds_priority_holds_unless_the_sender_says_another() -> None:
    nearby = ready(event="courier.nearby")
    assert [compose(nearby)[0].priority, compose(nearby | {"priority": "low"})[0].priority] == ["high", "low"]
    assert compose(ready())[0].priority == "normal"


def test_a_newer_one_takes_the_place_of_an_older_one_where_the_kind_says_so() -> None:
    assert compose(ready(event="courier.nearby"))[0].collapse_key == "1001:courier.nearby"
    assert compose(ready())[0].collapse_key is None
    assert len(compose(ready(event="courier.nearby", order_id="9" * 94))[0].collapse_key or "") == 100


def test_its_times_are_the_senders() -> None:
    send_at, expires_at = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    (made,) = compose(ready(send_at=send_at.isoformat(), expires_at=expires_at.isoformat()))
    assert (made.date_sent, made.send_at, made.release_at, made.expires_at) == (NOW, send_at, send_at, expires_at)


def test_what_is_to_be_read_later_says_today_of_that_day() -> None:
    """And names the day of what is on another one."""
    event = {"event": "order.delayed", "order_id": 1, "customer_id": 1}
    eta, tomorrow = NOW + timedelta(days=1, hours=2), NOW + timedelta(days=1)
    event["data"] = {"eta": eta.isoformat()}
    (now,), (later,) = compose(event), compose(event | {"send_at": tomorrow.isoformat()})
    month = f"{eta:%B}"
    assert month in now.body_text
    assert month not in later.body_text


def test_what_its_customer_has_muted_is_kept_in_the_inbox() -> None:
    muting = Known({1: Preferences(muted_kinds=frozenset({"order.ready"}))}, {})
    assert compose(ready(), muting)[0].withheld == (Withheld(1),)
    assert compose(ready(priority="high"), muting)[0].withheld == ()


def test_words_that_are_too_many_are_refused_by_the_place_of_their_event() -> None:
    said = {"event": "notice", "topic": "news", "data": {"title_text": "x"}}
    (told,) = check(said)
    too_long = Told(told.source, told.kind, {"title_text": "x" * 201}, None, "news", Parties())
    known = Known({}, {"news": Audience(0, ())})
    with pytest.raises(InvalidFields) as refusal:
        life.compose(too_long, ["events", 0], CATALOGUE, "sender:shop", known, NOW)
    assert [each["loc"] for each in refusal.value.errors] == [["events", 0, "data"]]
