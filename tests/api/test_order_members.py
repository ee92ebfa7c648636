"""`order:1001`: its customer, courier and kitchen hear it without asking, from when they are named until its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app import position as positions
from tests.support.api import problem
from tests.support.browser import Browser, browsing
from tests.support.service import Service


def named(order: str, sequence: int = 0, **parties: int) -> dict[str, Any]:
    return {"event": "order.created", "order_id": order, "sequence": sequence} | parties


def delivered(order: str) -> dict[str, Any]:
    return {"event": "order.delivered", "order_id": order}


def last_web(service: Service) -> int:
    return len(service.urls) - 1


async def topics(service: Service, customer: int, web: int = 0) -> list[str]:
    answer = await service.request("GET", "/subscriptions", service.customer(customer), web=web)
    return [each["topic"] for each in answer.json()["subscriptions"]]


async def test_members_hear_it_on_their_open_pages_from_the_event_that_names_them(
    service: Service, order: str, customers: Iterator[int]
) -> None:
    parties = {name: next(customers) for name in ("customer_id", "courier_id", "kitchen_id")}
    stranger = next(customers)
    pages = [
        Browser(service.urls[at % len(service.urls)], service.customer(each))
        for at, each in enumerate([*parties.values(), stranger])
    ]
    async with browsing(*pages):
        await service.send(topic=f"order:{order}", title_text="before")
        await service.tell(named(order, **parties))
        (heard,) = await service.send(topic=f"order:{order}", title_text="for members", web=last_web(service))
        for page in pages[:3]:
            await page.until_position(heard)
            assert page.titles[-1] == "for members"
            assert "before" not in page.titles
            assert page.connections == 1
        (last,) = await service.send(receiver_id=stranger)
        await pages[3].until_position(last)
        assert pages[3].positions == [last]
    for each in parties.values():
        assert await topics(service, each) == [f"order:{order}"]
        assert "for members" in [shown["title_text"] for shown in await service.inbox(each)]


async def test_it_may_be_asked_for_by_members_and_by_nobody_else(
    service: Service, order: str, me: int, other: int
) -> None:
    topic = f"order:{order}"
    await service.tell({"event": "order.placed", "order_id": order, "customer_id": me})
    for web, url in enumerate(service.urls):
        async with browsing(Browser(url, service.customer(me), topics=[topic])) as (page,):
            (heard,) = await service.send(topic=topic)
            await page.until_position(heard)
            assert page.positions == [heard], "once"
        stranger = Browser(url, service.customer(other), topics=[topic])
        async with stranger:
            await stranger.until(lambda stranger=stranger: stranger.closed)  # type: ignore[misc]
        assert stranger.status == 403
        answer = await service.request("PUT", f"/subscriptions/{topic}", service.customer(other), web=web)
        (error,) = problem(answer, 403, "topic_not_allowed")
        assert error["loc"] == ["topic"]
        assert (
            await service.request("PUT", f"/subscriptions/{topic}", service.customer(me), web=web)
        ).status_code == 200


async def test_a_token_that_is_bound_to_other_topics_does_not_hear_it(service: Service, order: str, me: int) -> None:
    bounded = service.customer(me, ["news"])
    await service.tell({"event": "order.placed", "order_id": order, "customer_id": me})
    async with browsing(Browser(service.url, bounded)) as (page,):
        await service.send(topic=f"order:{order}")
        (last,) = await service.send(receiver_id=me)
        await page.until_position(last)
        assert page.positions == [last]
    assert [each.get("topic") for each in await service.inbox(me, token=bounded)] == [None, None]
    problem(await service.request("PUT", f"/subscriptions/order:{order}", bounded), 403, "topic_not_allowed")


async def test_a_token_for_all_orders_hears_it_without_being_a_member(service: Service, order: str, me: int) -> None:
    token, topic = service.customer(me, ["order:*"]), f"order:{order}"
    async with browsing(Browser(service.url, token, topics=[topic])) as (page,):
        await service.tell({"event": "order.placed", "order_id": order, "customer_id": me + 1_000_000})
        first = await service.send(topic=topic)
        await service.tell(delivered(order))
        second = await service.send(topic=topic)
        await page.until_position(second[0])
        assert page.positions == first + second
    assert (await service.request("PUT", f"/subscriptions/{topic}", token)).status_code == 201


async def test_a_courier_who_is_replaced_hears_and_sees_no_more_of_it(
    service: Service, order: str, me: int, other: int
) -> None:
    topic = f"order:{order}"
    await service.tell(named(order, courier_id=me))
    pages = [Browser(url, service.customer(me)) for url in service.urls]
    pages += [Browser(service.url, service.customer(me), topics=[topic])]
    async with browsing(*pages, Browser(service.url, service.customer(other))) as (*_, successor):
        first = await service.send(topic=topic)
        for page in pages:
            await page.until_position(first[0])
        await service.tell(named(order, 1, courier_id=other), web=last_web(service))
        (second,) = await service.send(topic=topic)
        (last,) = await service.send(receiver_id=me)
        await successor.until_position(second)
        assert successor.positions == [second]
        for page in pages:
            await page.until_position(last)
            assert page.positions == [*first, last]
            assert page.connections == 1
    assert [each["position"] for each in await service.inbox(me)] == [last]
    assert await topics(service, me) == []
    asking = Browser(service.url, service.customer(me), topics=[topic])
    async with asking:
        await asking.until(lambda: asking.closed)
    assert asking.status == 403


async def test_with_the_order_its_topic_ends_for_all_at_once(small_service: Service, order: str, me: int) -> None:
    service, topic = small_service, f"order:{order}"
    uid = (await service.tell({"event": "order.placed", "order_id": order, "customer_id": me}))[0]["uid"]
    pages = [Browser(url, service.customer(me)) for url in service.urls]
    pages += [Browser(url, service.customer(me), topics=[topic]) for url in service.urls]
    async with browsing(*pages):
        heard = await service.post({"topic": topic, "title_text": "on its way"})
        (secret,) = heard.json()["notifications"]
        for page in pages:
            await page.until_position(secret["position"])
        (end,) = await service.tell(delivered(order), web=last_web(service))
        await service.send(topic=topic, title_text="nobody hears this")
        (last,) = await service.send(receiver_id=me)
        for page in pages:
            await page.until_position(last)
            assert page.positions[-3:] == [secret["position"], end["position"], last]
            assert page.connections == 1, "its own notifications go on"

    # Replay, from the window and from the database, and the inbox show it no more.
    for _ in range(2):
        async with browsing(*(Browser(url, service.customer(me), last_id="earliest") for url in service.urls)) as anew:
            for page in anew:
                assert page.uids[0] == uid
                assert secret["uid"] not in page.uids
                assert "nobody hears this" not in page.titles
        assert {each.get("topic") for each in await service.inbox(me)} == {None}
        await service.send(12, topic="others")  # more than the window has
    assert await topics(service, me) == []
    receipt = await service.request("POST", "/receipts", service.customer(me), {"read": [secret["uid"]]})
    assert receipt.json()["unknown"] == [secret["uid"]]
    for web, url in enumerate(service.urls):
        answer = await service.request("PUT", f"/subscriptions/{topic}", service.customer(me), web=web)
        problem(answer, 403, "topic_not_allowed")
        asking = Browser(url, service.customer(me), topics=[topic])
        async with asking:
            await asking.until(lambda asking=asking: asking.closed)  # type: ignore[misc]
        assert asking.status == 403


async def test_an_order_that_has_ended_takes_nobody_in(service: Service, order: str, me: int, other: int) -> None:
    await service.tell({"event": "order.placed", "order_id": order, "customer_id": me})
    await service.tell(delivered(order))
    await service.tell(named(order, courier_id=other, kitchen_id=me), web=last_web(service))
    assert (await topics(service, me), await topics(service, other)) == ([], [])
    await service.tell(named(order, 1), delivered(f"{order}-2") | {"customer_id": me}, named(f"{order}-2"))
    assert await topics(service, me) == []


async def test_all_of_a_life_in_one_request_leaves_nobody_listening(
    service: Service, order: str, me: int, other: int
) -> None:
    async with browsing(Browser(service.url, service.customer(me))) as (page,):
        await service.tell(named(order, customer_id=me, courier_id=other), delivered(order))
        await service.send(topic=f"order:{order}")
        (last,) = await service.send(receiver_id=me)
        await page.until_position(last)
        assert page.titles == ["Your order has been delivered", "number 0"]
    assert (await topics(service, me), await topics(service, other)) == ([], [])


async def test_a_member_who_does_not_want_it_may_leave_and_come_back(service: Service, order: str, me: int) -> None:
    topic = f"order:{order}"
    await service.tell({"event": "order.placed", "order_id": order, "customer_id": me})
    assert (await service.request("DELETE", f"/subscriptions/{topic}", service.customer(me))).status_code == 204
    await service.tell({"event": "order.ready", "order_id": order}, named(order, customer_id=me))
    assert await topics(service, me) == []
    assert (await service.request("PUT", f"/subscriptions/{topic}", service.customer(me))).status_code == 201
    assert await topics(service, me) == [topic]


async def test_a_kitchen_may_be_in_more_orders_than_a_customer_may_have_topics(service: Service, me: int) -> None:
    orders = [f"{me}-{number}" for number in range(101)]
    await service.tell(*(named(order, kitchen_id=me) for order in orders))
    assert (await service.request("PUT", "/subscriptions/news", service.customer(me))).status_code == 201
    async with browsing(Browser(service.url, service.customer(me))) as (page,):
        sent = await service.send(topic=f"order:{orders[100]}")
        await page.until_position(sent[0])
        assert page.positions == sent


async def test_who_subscribes_a_second_time_misses_nothing(service: Service, me: int, topic: str) -> None:
    """A page that is away meanwhile, while another is open, gets all of it when it comes back."""
    subscribe = ("PUT", f"/subscriptions/{topic}", service.customer(me))
    first = await service.request(*subscribe)
    async with browsing(Browser(service.url, service.customer(me))) as (page,):
        (sent,) = await service.send(topic=topic)
        await page.until_position(sent)
        again = await service.request(*subscribe)
        assert (again.status_code, again.json()) == (200, first.json())
        (last,) = await service.send(topic=topic)
        await page.until_position(last)
        async with browsing(Browser(service.url, service.customer(me), last_id=first.json()["position"])) as (anew,):
            assert anew.positions == [sent, last]


async def test_its_beginning_is_where_its_members_were_named(service: Service, order: str, me: int) -> None:
    (before,) = await service.send(topic=f"order:{order}")
    (told,) = await service.tell({"event": "order.placed", "order_id": order, "customer_id": me})
    sent = await service.send(topic=f"order:{order}")
    assert [each["position"] for each in await service.inbox(me)] == [*sent, told["position"]]
    async with browsing(Browser(service.url, service.customer(me), last_id="earliest")) as (page,):
        assert page.positions == [told["position"], *sent]
    answer = await service.request("GET", f"/subscriptions/order:{order}", service.customer(me))
    begun = positions.parse(answer.json()["position"])
    assert begun is not None
    assert (positions.parse(before) or 0) <= begun <= (positions.parse(sent[0]) or 0)
