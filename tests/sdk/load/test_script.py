"""The script: what is sent is what the service takes, and any process makes the same one."""

from __future__ import annotations

import orjson
import pytest

from app.accept import draft, order_event
from app.accept.catalogue import FOLDER, Catalogue
from app.sdk.load.pattern import LIFE
from app.sdk.load.plan import FIRST_CUSTOMER, PATTERNS, Pattern, Plan
from app.sdk.load.script import Script


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("batch", [1, 7])
def test_every_process_makes_the_same_script(pattern: Pattern, batch: int) -> None:
    plan = Plan(customers=30, rate=10, seconds=10, pattern=pattern, batch=batch)
    one, other = Script(plan, "abc"), Script(plan, "abc")
    assert one.due == other.due
    assert one.receivers == other.receivers
    assert one.request(3).key == other.request(3).key == "load-abc-3"


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("batch", [1, 7])
def test_every_notification_is_sent_once(pattern: Pattern, batch: int) -> None:
    script = Script(Plan(rate=10, seconds=10, pattern=pattern, batch=batch), "abc")
    assert [number for index in range(len(script)) for number in script.numbers(index)] == list(range(100))
    assert [script.request(index).first for index in range(len(script))] == list(range(0, 100, batch))
    assert sum(script.request(index).size for index in range(len(script))) == 100
    assert list(script.due) == sorted(script.due)


def test_the_service_takes_notifications() -> None:
    single = Script(Plan(customers=5, rate=10, seconds=1), "abc")
    body = draft.parse(single.request(3).body)
    assert isinstance(body, draft.Draft)
    assert body.receiver_id == FIRST_CUSTOMER + single.receivers[3]
    assert orjson.loads(body.data or b"") == {"load": "abc"}
    batch = draft.parse(Script(Plan(rate=10, seconds=1, batch=4, audience="topic"), "abc").request(2).body)
    assert isinstance(batch, draft.Batch)
    assert [each.topic for each in batch.notifications] == ["load.abc"] * 2


def test_the_service_takes_the_events_of_orders() -> None:
    script = Script(Plan(customers=5, rate=90, seconds=1, pattern="order_day"), "abc")
    assert script.path == "/order-events"
    events = [order_event.parse(script.request(index).body) for index in range(len(script))]
    assert {each.event for each in events if isinstance(each, order_event.OrderEvent)} == {each.event for each in LIFE}
    catalogue = Catalogue.load(FOLDER)
    for number, event in enumerate(events):
        assert isinstance(event, order_event.OrderEvent)
        catalogue.facts(event.event, event.data)
        assert event.customer_id == FIRST_CUSTOMER + script.receivers[number]
        assert event.data["load"] == "abc"


def test_an_order_has_one_customer() -> None:
    script = Script(Plan(customers=50, rate=90, seconds=2, pattern="order_day"), "abc")
    customers: dict[str, set[int]] = {}
    for index in range(len(script)):
        event = orjson.loads(script.request(index).body)
        customers.setdefault(event["order_id"], set()).add(event["customer_id"])
    assert len(customers) == 20
    assert all(len(each) == 1 for each in customers.values())


def test_who_sends_in_batches_waits_until_one_is_full() -> None:
    script = Script(Plan(rate=10, seconds=1, batch=4), "abc")
    assert list(script.due) == pytest.approx([0.3, 0.7, 0.9])
