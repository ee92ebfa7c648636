"""`?dry_run=1`: what would be sent, and that nothing is."""

from __future__ import annotations

from typing import Any

import httpx

from tests.support.api import problem
from tests.support.browser import Browser, browsing
from tests.support.clock import moment, parsed, quiet_now
from tests.support.service import Service


async def tried(service: Service, path: str, body: Any, web: int = 0, **options: Any) -> httpx.Response:
    return await service.request("POST", f"{path}?dry_run=1", service.token("sender:shop"), body, web, **options)


async def preview(service: Service, path: str, body: Any, web: int = 0) -> list[dict[str, Any]]:
    response = await tried(service, path, body, web)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert set(answer) == {"dry_run", "notifications"}
    assert answer["dry_run"] is True
    shown: list[dict[str, Any]] = answer["notifications"]
    return shown


async def test_a_notification_is_shown_as_its_receivers_would_read_it(
    service: Service, me: int, other: int, topic: str
) -> None:
    body = {"title_text": "Hello", "body_text": "there", "notes": "n", "data": {"a": 1}, "priority": "low"}
    own = {"event": "notice", **body, "delivery": "now", "release_at": None}
    assert await preview(service, "/notifications", body | {"receiver_ids": [me, other]}) == [
        own | {"receiver_id": me, "receivers": 1},
        own | {"receiver_id": other, "receivers": 1},
    ]
    assert await preview(service, "/notifications", body | {"topic": topic}) == [
        own | {"topic": topic, "receivers": 0, "muted_for": [], "held_for": []}
    ]


async def test_an_order_event_is_shown_in_the_customers_words_and_as_it_would_be_delivered(
    service: Service, me: int, order: str
) -> None:
    event = {"event": "order.ready", "order_id": order, "customer_id": me}
    (shown,) = await preview(service, "/order-events", event)
    assert (shown["title_text"], shown["delivery"]) == ("Your order is ready", "now")
    assert shown["data"] == {"order_id": order}
    await service.wish(me, language="ru", muted_kinds=["order.ready"], quiet_hours=quiet_now())
    (shown,) = await preview(service, "/order-events", event)
    assert shown["delivery"] == "muted"
    assert "заказ" in shown["title_text"].lower()
    (shown,) = await preview(service, "/order-events", event | {"event": "order.placed"})
    assert shown["delivery"] == "held"
    assert parsed(shown["release_at"]) > parsed(moment(0))
    (shown,) = await preview(service, "/order-events", event | {"priority": "high"})
    assert shown["delivery"] == "now"
    await service.wish(me, quiet_hours=None, muted_kinds=[])
    later = moment(3600)
    (shown,) = await preview(service, "/order-events", event | {"send_at": later})
    assert (shown["delivery"], parsed(shown["release_at"])) == ("scheduled", parsed(later))


async def test_a_topic_names_those_of_its_subscribers_whom_it_would_not_reach_now(
    service: Service, me: int, other: int, topic: str, customers: Any
) -> None:
    third = next(customers)
    for each in (me, other, third):
        await service.request("PUT", f"/subscriptions/{topic}", service.customer(each))
    await service.wish(me, muted_kinds=["notice"])
    await service.wish(other, quiet_hours=quiet_now())
    notice = {"event": "notice", "topic": topic, "data": {"title_text": "x"}}
    for path, body in (("/order-events", notice), ("/notifications", {"topic": topic, "title_text": "x"})):
        (shown,) = await preview(service, path, body)
        assert (shown["receivers"], shown["muted_for"], shown["held_for"]) == (3, [me], [other])


async def test_it_changes_nothing(service: Service, me: int, other: int, order: str, topic: str) -> None:
    key = {"Idempotency-Key": f"dry-{order}"}
    async with browsing(Browser(service.url, service.customer(me))) as (page,):
        event = {"event": "order.placed", "order_id": order, "customer_id": me, "courier_id": other}
        assert (await tried(service, "/order-events", event, headers=key)).status_code == 200
        assert (
            await tried(service, "/notifications", {"receiver_id": me, "title_text": "x"}, headers=key)
        ).status_code == 200
        (last,) = await service.send(receiver_id=me)
        await page.until_position(last)
        assert page.positions == [last]
    assert [each["position"] for each in await service.inbox(me)] == [last]
    # Nobody is a member, nobody is the order's customer, the event has not happened and the key is free.
    subscribed = await service.request("GET", "/subscriptions", service.customer(other))
    assert subscribed.json() == {"subscriptions": []}
    problem(await service.report({"event": "order.ready", "order_id": order}), 422, "invalid_fields")
    problem(await service.request("GET", f"/customers/{other}", service.token("sender:shop")), 404, "not_found")
    changed = event | {"data": {"restaurant": "Mio"}}
    assert (await service.report(changed, headers=key)).status_code == 201
    counted = await service.request("GET", "/subscriptions", service.customer(other))
    assert [each["topic"] for each in counted.json()["subscriptions"]] == [f"order:{order}"]


async def test_what_would_be_refused_is_refused_in_the_same_words(service: Service, me: int, order: str) -> None:
    bodies: list[tuple[str, Any]] = [
        ("/order-events", {"event": "order.ready", "order_id": order}),
        ("/order-events", {"events": [{"event": "order.lost"}, {"event": "notice"}]}),
        ("/notifications", {"receiver_id": me, "title_text": ""}),
        ("/notifications", {"notifications": [{"receiver_id": -1, "title_text": "x"}]}),
    ]
    for path, body in bodies:
        really = await service.request("POST", path, service.token("sender:shop"), body)
        assert (await tried(service, path, body)).json() == really.json()
        assert really.status_code == 422
    token = service.token("sender:shop", ["news"])
    answer = await service.request("POST", "/notifications?dry_run=1", token, {"topic": "secret", "title_text": "x"})
    problem(answer, 403, "topic_not_allowed")
    answer = await service.request("POST", "/order-events?dry_run=1", service.customer(me), bodies[0][1])
    problem(answer, 403, "role_not_allowed")


async def test_what_has_happened_already_would_tell_nobody_and_with_other_content_be_refused(
    service: Service, me: int, order: str
) -> None:
    event = {"event": "order.ready", "order_id": order, "customer_id": me}
    await service.tell(event)
    assert await preview(service, "/order-events", event, web=len(service.urls) - 1) == []
    assert len(await preview(service, "/order-events", {"events": [event, event | {"sequence": 1}]})) == 1
    problem(await tried(service, "/order-events", event | {"priority": "low"}), 409, "order_event_reused")


async def test_dry_run_0_is_no_dry_run(service: Service, me: int, order: str) -> None:
    event = {"event": "order.ready", "order_id": order, "customer_id": me}
    answer = await service.request("POST", "/order-events?dry_run=0", service.token("sender:shop"), event)
    assert answer.status_code == 201
    assert len(await service.inbox(me)) == 1
