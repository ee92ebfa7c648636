"""`POST /order-events`: who is told, what is refused, and that the same event again tells nobody twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.api import problem
from tests.support.browser import Browser, browsing
from tests.support.clock import moment
from tests.support.service import Service

NOBODY_KNOWN = "is needed: no earlier event of the order has named its customer"
ETA = "must be a time with its zone, such as 2026-01-31T12:00:00Z (RFC 3339)"


def ready(order: str, **fields: Any) -> dict[str, Any]:
    return {"event": "order.ready", "order_id": order} | fields


# -- What is answered -------------------------------------------------------------------------------


async def test_an_event_is_answered_with_the_notifications_that_came_of_it(
    service: Service, order: str, me: int
) -> None:
    response = await service.report(ready(order, customer_id=me, data={"restaurant": "Mio", "shelf": 4}))
    assert response.status_code == 201
    (shown,) = response.json()["notifications"]
    assert set(shown) == {"uid", "position", "event", "receiver_id", "date_sent"}
    assert (shown["event"], shown["receiver_id"]) == ("order.ready", me)
    (found,) = await service.inbox(me)
    assert (found["uid"], found["position"]) == (shown["uid"], shown["position"])
    assert (found["title_text"], found["sender_id"], found["muted"]) == ("Your order is ready", "sender:shop", False)
    assert found["body_text"] == f"Order {order} is packed and ready to go at Mio."
    assert found["data"] == {"restaurant": "Mio", "shelf": 4, "order_id": order}


async def test_a_batch_tells_all_whom_its_events_are_for_in_its_order(
    service: Service, order: str, customers: Iterator[int]
) -> None:
    customer, courier, kitchen, warehouse = (next(customers) for _ in range(4))
    told = await service.tell(
        {"event": "order.placed", "order_id": order, "customer_id": customer},
        {"event": "order.created", "order_id": order, "kitchen_id": kitchen},
        {"event": "delivery.assigned", "order_id": order, "courier_id": courier, "data": {"restaurant": "Mio"}},
        {"event": "courier.assigned", "order_id": order, "data": {"courier_name": "Kim"}},
        {"event": "stock.low", "warehouse_id": warehouse, "data": {"product": "Rice", "quantity": 1}},
        {"event": "stock.low", "data": {"product": "Rice", "quantity": 1}},
        {"event": "notice", "topic": "news", "data": {"title_text": "Hello"}},
    )
    assert [each.get("receiver_id", each.get("topic")) for each in told] == [
        customer,
        kitchen,
        courier,
        customer,
        warehouse,
        "stock.low",
        "news",
    ]
    positions = [tuple(map(int, each["position"].split("-"))) for each in told]
    assert positions == sorted(set(positions))


async def test_a_later_request_need_not_name_them_again_whichever_process_takes_it(
    service: Service, order: str, me: int
) -> None:
    await service.tell({"event": "order.placed", "order_id": order, "customer_id": me})
    (told,) = await service.tell(ready(order), web=len(service.urls) - 1)
    assert told["receiver_id"] == me
    await service.tell({"event": "order.delivered", "order_id": order})
    (told,) = await service.tell({"event": "order.rate", "order_id": order, "data": {"restaurant": "Mio"}})
    assert told["receiver_id"] == me, "also after the order's end"


async def test_a_thousand_in_one_request_are_accepted_and_one_more_is_not(
    service: Service, order: str, me: int
) -> None:
    events = [ready(order, customer_id=me, sequence=number) for number in range(1001)]
    errors = problem(await service.report(*events), 422, "invalid_fields")
    assert [each["loc"] for each in errors] == [["events"]]
    assert len(await service.tell(*events[:1000])) == 1000


async def test_an_event_to_come_is_answered_with_202(service: Service, order: str, me: int) -> None:
    (told,) = await service.tell(ready(order, customer_id=me, send_at=moment(3600)), status=202)
    assert told["position"] is None
    assert await service.inbox(me) == []
    assert await service.tell(ready(order, customer_id=me, send_at=moment(-3600), sequence=1))


async def test_of_the_same_order_a_newer_one_takes_the_place_of_an_older_one_where_the_kind_says_so(
    service: Service, order: str, me: int
) -> None:
    nearby = {"event": "courier.nearby", "order_id": order, "customer_id": me}
    first, second = await service.tell(nearby, nearby | {"sequence": 1})
    await service.tell(nearby | {"order_id": f"{order}-2"}, ready(order), ready(order, sequence=1))
    uids = [each["uid"] for each in await service.inbox(me)]
    assert len(uids) == 4
    assert first["uid"] not in uids
    assert second["uid"] in uids
    async with browsing(Browser(service.url, service.customer(me), last_id="earliest")) as (browser,):
        assert browser.uids == uids[::-1]


async def test_what_has_expired_is_in_no_inbox_and_is_not_replayed(service: Service, order: str, me: int) -> None:
    await service.tell(ready(order, customer_id=me, expires_at=moment(0.3)))
    (last,) = await service.tell(ready(order, sequence=1))

    async with browsing(Browser(service.url, service.customer(me))) as (browser,):
        await asyncio.sleep(0.3)  # its life: nothing tells of its end
        assert [each["uid"] for each in await service.inbox(me)] == [last["uid"]]
        assert browser.uids == []
    async with browsing(Browser(service.url, service.customer(me), last_id="earliest")) as (browser,):
        assert browser.uids == [last["uid"]]


# -- What is not ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "loc", "msg"),
    [
        ({"event": "order.lost", "order_id": 1}, ["event"], "order.lost is no kind of event that the catalogue has"),
        ({"event": "Order"}, ["event"], None),
        ({"order_id": 1}, ["event"], "Field required"),
        (ready("never-heard-of"), ["customer_id"], NOBODY_KNOWN),
        ({"event": "order.ready", "customer_id": 1}, ["order_id"], "order.ready needs it"),
        ({"event": "order.created"}, ["order_id"], "order.created needs it"),
        (ready("a b", customer_id=1), ["order_id"], "must be a number, or 1 to 94 letters, digits and . _ : -"),
        (
            ready("1", customer_id=1, topic="news"),
            ["topic"],
            "order.ready goes to the order's customer, not to a topic",
        ),
        ({"event": "notice", "data": {"title_text": "x"}}, ["topic"], "notice needs it"),
        ({"event": "notice", "topic": "news"}, ["data", "title_text"], "is needed for notice"),
        ({"event": "notice", "topic": "a b", "data": {"title_text": "x"}}, ["topic"], None),
        (ready("1", customer_id=1, data={"eta": "soon"}), ["data", "eta"], ETA),
        (ready("1", customer_id=1, data={"amount": 12.5}), ["data", "amount"], None),
        (ready("1", customer_id=1, data={"currency": "euro"}), ["data", "currency"], None),
        (ready("1", customer_id=1, data={"quantity": "3"}), ["data", "quantity"], None),
        (ready("1", customer_id=1, data={"restaurant": "a\nb"}), ["data", "restaurant"], None),
        (ready("1", customer_id=1, data=[]), ["data"], None),
        (ready("1", customer_id="1"), ["customer_id"], None),
        (ready("1", customer_id=1, sequence=-1), ["sequence"], None),
        (ready("1", customer_id=1, send_at="soon"), ["send_at"], ETA),
        (ready("1", customer_id=1, expires_at="2020-01-01T00:00:00Z"), ["expires_at"], "must be in the future"),
        (ready("1", customer_id=1, priority="urgent"), ["priority"], None),
        (ready("1", customer_id=1, language="!"), ["language"], None),
        (ready("1", customer_id=1, title_text="x"), ["title_text"], "is not a field of ours"),
    ],
)
async def test_what_is_wrong_is_named_by_its_place_in_one_and_in_a_batch(
    service: Service, order: str, me: int, event: dict[str, Any], loc: list[Any], msg: str | None
) -> None:
    for body, place in (([event], []), ([ready(order, customer_id=me), event], ["events", 1])):
        (error,) = problem(await service.report(*body), 422, "invalid_fields")
        assert error["loc"] == [*place, *loc]
        assert error["msg"] == msg if msg else error["msg"]
    assert await service.inbox(me) == []


async def test_of_a_batch_with_one_bad_event_nothing_is_stored(
    service: Service, order: str, me: int, other: int
) -> None:
    good = [ready(order, customer_id=me), ready(order, courier_id=other, sequence=1)]
    problem(await service.report(*good, {"event": "order.lost"}), 422, "invalid_fields")
    assert (await service.inbox(me), await service.inbox(other)) == ([], [])
    # Nobody is a member, and no event has happened: the same order and sequence may say something else.
    problem(await service.report(ready(order)), 422, "invalid_fields")
    answer = await service.request("PUT", f"/subscriptions/order:{order}", service.customer(other))
    problem(answer, 403, "topic_not_allowed")
    (told,) = await service.tell(ready(order, customer_id=me, data={"restaurant": "Mio"}))
    assert [each["uid"] for each in await service.inbox(me)] == [told["uid"]]


@pytest.mark.parametrize(("body", "status", "code"), [("{", 400, "invalid_json"), ("[]", 422, "invalid_fields")])
async def test_a_body_of_another_form_is_refused(service: Service, body: str, status: int, code: str) -> None:
    answer = await service.request("POST", "/order-events", service.token("sender:shop"), content=body)
    problem(answer, status, code)


@pytest.mark.parametrize("query", ["dry_run=perhaps", "dry=1"])
async def test_a_bad_query_names_its_field(service: Service, order: str, me: int, query: str) -> None:
    bodies = {"/order-events": ready(order, customer_id=me), "/notifications": {"receiver_id": me, "title_text": "x"}}
    for path, body in bodies.items():
        answer = await service.request("POST", f"{path}?{query}", service.token("sender:shop"), body)
        (error,) = problem(answer, 422, "invalid_fields")
        assert error["loc"] == [query.partition("=")[0]]
    assert await service.inbox(me) == []


async def test_only_senders_report(service: Service, order: str, me: int) -> None:
    for token in (service.customer(me), service.token("ops:analyst")):
        answer = await service.request("POST", "/order-events", token, ready(order, customer_id=me))
        problem(answer, 403, "role_not_allowed")


async def test_a_sender_is_bound_to_the_topics_of_its_token(service: Service, order: str, me: int) -> None:
    bounded = service.token("sender:shop", ["news", "stock.*"])
    events = [
        ready(order, customer_id=me),
        {"event": "notice", "topic": "news", "data": {"title_text": "x"}},
        {"event": "notice", "topic": "secret", "data": {"title_text": "x"}},
        {"event": "order.created", "order_id": order},
    ]
    answer = await service.request("POST", "/order-events", bounded, {"events": events})
    assert [(each["loc"], each["msg"]) for each in problem(answer, 422, "invalid_fields")] == [
        (["events", 2, "topic"], "The token does not cover the topic secret."),
        (["events", 3, "topic"], "The token does not cover the topic order.created."),
    ]
    answer = await service.request("POST", "/order-events", bounded, {"events": events[:2]})
    assert answer.status_code == 201


# -- The same again ---------------------------------------------------------------------------------


async def test_the_same_event_again_gets_the_same_answer_and_tells_nobody(service: Service, me: int) -> None:
    for number in range(10):  # the first answer's positions may still be on their way into the rows
        event = ready(f"again-{me}-{number}", customer_id=me)
        first = await service.report(event)
        for web in range(len(service.urls)):
            again = await service.report(event, web=web)
            assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert first.status_code == 201
    assert len(await service.inbox(me)) == 10


async def test_whoever_reports_it(service: Service, order: str, me: int) -> None:
    first = await service.report(ready(order, customer_id=me))
    token = service.token("sender:another")
    again = await service.request("POST", "/order-events", token, ready(order, customer_id=me))
    assert (again.status_code, again.json()) == (201, first.json())


async def test_with_other_content_it_is_refused_with_409_by_its_place(service: Service, order: str, me: int) -> None:
    await service.tell(ready(order, customer_id=me))
    other_content = ready(order, customer_id=me, data={"restaurant": "Mio"})
    msg = (
        f"{order}/order.ready/0 (order, event, sequence) was reported with other content. "
        "Give the next one a sequence of its own."
    )
    answer = await service.report(other_content)
    assert problem(answer, 409, "order_event_reused") == [{"loc": ["sequence"], "msg": msg}]
    answer = await service.report({"event": "order.placed", "order_id": order}, other_content)
    assert problem(answer, 409, "order_event_reused") == [{"loc": ["events", 1, "sequence"], "msg": msg}]
    assert len(await service.inbox(me)) == 1, "the other event of the batch is not stored either"
    await service.tell(other_content | {"sequence": 1})


async def test_twice_in_one_batch_it_tells_once(service: Service, order: str, me: int) -> None:
    event = ready(order, customer_id=me)
    (told,) = await service.tell(event, event, event)
    assert [each["uid"] for each in await service.inbox(me)] == [told["uid"]]
    answer = await service.report(
        ready(f"{order}-2", customer_id=me), ready(f"{order}-2", customer_id=me, priority="low")
    )
    (error,) = problem(answer, 409, "order_event_reused")
    assert error["loc"] == ["events", 1, "sequence"]
    assert len(await service.inbox(me)) == 1


async def test_old_and_new_ones_are_answered_in_the_order_of_the_request(service: Service, order: str, me: int) -> None:
    events = [ready(order, customer_id=me, sequence=number) for number in range(6)]
    old = dict(zip((1, 4), await service.tell(events[1], events[4]), strict=True))
    everything = await service.tell(*events)
    assert [everything[1], everything[4]] == [old[1], old[4]]
    assert len({each["uid"] for each in everything}) == 6
    assert await service.tell(*reversed(events)) == everything[::-1]
    assert len(await service.inbox(me)) == 6


async def test_an_event_of_no_order_is_another_each_time(service: Service, me: int) -> None:
    event = {"event": "stock.low", "warehouse_id": me, "data": {"product": "Rice", "quantity": 1}}
    await service.tell(event, event)
    await service.tell(event)
    assert len(await service.inbox(me)) == 3


async def test_at_the_same_time_on_all_processes_it_tells_once(service: Service, me: int) -> None:
    for number in range(5):
        event = ready(f"race-{me}-{number}", customer_id=me)
        answers = await asyncio.gather(*(service.report(event, web=each % len(service.urls)) for each in range(12)))
        assert {each.status_code for each in answers} == {201}
        assert len({each.text for each in answers}) == 1
    assert len(await service.inbox(me)) == 5


async def test_batches_that_overlap_at_the_same_time_tell_each_event_once(service: Service, me: int) -> None:
    events = [ready(f"overlap-{me}-{number}", customer_id=me) for number in range(8)]
    batches = [events[at:] + events[:at] for at in range(8)] + [events[at : at + 3] for at in range(6)]
    answers = await asyncio.gather(
        *(service.report(*batch, web=at % len(service.urls)) for at, batch in enumerate(batches))
    )
    assert {each.status_code for each in answers} == {201}
    found = {each["data"]["order_id"]: each["uid"] for each in await service.inbox(me)}
    assert len(await service.inbox(me)) == len(found) == 8
    for batch, answer in zip(batches, answers, strict=True):
        assert [each["uid"] for each in answer.json()["notifications"]] == [found[each["order_id"]] for each in batch]


async def test_different_contents_at_the_same_time_are_one_201_and_else_409(
    service: Service, order: str, me: int
) -> None:
    answers = await asyncio.gather(
        *(
            service.report(ready(order, customer_id=me, data={"n": number}), web=number % len(service.urls))
            for number in range(8)
        )
    )
    assert sorted(each.status_code for each in answers) == [201] + [409] * 7
    assert len(await service.inbox(me)) == 1


async def test_an_idempotency_key_holds_for_the_whole_request(service: Service, order: str, me: int) -> None:
    key = {"Idempotency-Key": f"key-{order}"}
    warehouse = {"event": "stock.low", "warehouse_id": me, "data": {"product": "Rice", "quantity": 1}}
    batch = [ready(order, customer_id=me), warehouse]
    first = await service.report(*batch, headers=key)
    again = await service.report(*batch, headers=key, web=len(service.urls) - 1)
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (201, first.json())
    problem(await service.report(*batch[:1], headers=key), 409, "idempotency_key_reused")
    assert len(await service.inbox(me)) == 2
    answers = await asyncio.gather(
        *(
            service.report(warehouse, headers={"Idempotency-Key": f"race-{order}"}, web=each % len(service.urls))
            for each in range(8)
        )
    )
    assert len({each.text for each in answers}) == 1
    assert len(await service.inbox(me)) == 3


async def test_an_idempotency_key_of_nothing_new_is_a_key_all_the_same(service: Service, order: str, me: int) -> None:
    first = await service.report(ready(order, customer_id=me))
    key = {"Idempotency-Key": f"key-{order}"}
    assert (await service.report(ready(order, customer_id=me), headers=key)).json() == first.json()
    another = ready(order, customer_id=me, sequence=1)
    problem(await service.report(another, headers=key), 409, "idempotency_key_reused")


async def test_a_repeat_is_answered_the_same_after_the_event_has_expired(service: Service, order: str, me: int) -> None:
    event = ready(order, customer_id=me, expires_at=moment(0.3))
    first = await service.report(event)
    await asyncio.sleep(0.3)  # its life
    again = await service.report(event)
    assert (again.status_code, again.json()) == (first.status_code, first.json())


# -- In whose words ---------------------------------------------------------------------------------


async def test_a_customer_is_told_in_their_language_and_by_their_clock_as_soon_as_these_are_known(
    service: Service, order: str, me: int
) -> None:
    late = {"event": "order.out_for_delivery", "order_id": order, "customer_id": me}
    late["data"] = {"eta": "2030-06-01T12:00:00Z"}
    await service.tell(late)
    profile = {"first_name": "Ada", "language": "ru", "time_zone": "Europe/Moscow"}
    await service.request("PUT", f"/customers/{me}", service.token("sender:shop"), profile)
    await service.tell(late | {"sequence": 1})
    await service.wish(me, language="en-GB", time_zone="Asia/Tokyo")
    await service.tell(late | {"sequence": 2})
    in_japan, in_russian, in_english = [each["body_text"] for each in await service.inbox(me)]
    assert "12:00" in in_english
    assert "15:00" in in_russian
    assert "заказ" in in_russian.lower()
    assert "21:00" in in_japan


async def test_a_topic_is_told_in_the_language_that_the_event_asks_for(
    service: Service, order: str, me: int, topic: str
) -> None:
    await service.request("PUT", f"/subscriptions/{topic}", service.customer(me))
    hello = {"event": "notice", "topic": topic, "data": {"title_text": "Hello", "body_text": "there"}}
    await service.tell(hello, hello | {"language": "ru"})
    assert [each["title_text"] for each in await service.inbox(me)] == ["Hello", "Hello"]


async def test_money_is_written_exactly_and_data_is_passed_on_as_it_was_said(
    service: Service, order: str, me: int
) -> None:
    data = {"amount": "1234.50", "currency": "EUR", "order_id": "another", "deep": {"a": [1, None, "ж\u2028"]}}
    await service.tell({"event": "payment.requested", "order_id": order, "customer_id": me, "data": data})
    (found,) = await service.inbox(me)
    assert found["title_text"] == "Payment due: €1,234.50"
    assert found["data"] == data | {"order_id": order}
    assert found["priority"] == "high"
