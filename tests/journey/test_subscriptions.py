"""A subscription takes effect on open connections at once, on every web process, and begins where it was made."""

from __future__ import annotations

from app import position as positions
from tests.support.browser import Browser, browsing
from tests.support.service import Dev, Service


async def test_subscribing_takes_effect_at_once_on_every_open_connection(service: Service, me: int, topic: str) -> None:
    """What is sent after the answer comes, on the same connections, whoever was asked."""
    browsers = [Browser(service.urls[each % len(service.urls)], service.customer(me)) for each in range(4)]
    async with browsing(*browsers):
        await service.send(topic=topic)
        answer = await service.request("PUT", f"/subscriptions/{topic}", service.customer(me))
        assert answer.status_code == 201
        heard = await service.send(2, topic=topic, web=len(service.urls) - 1)
        assert positions.parse(answer.json()["position"]) < positions.parse(heard[0])  # type: ignore[operator]
        gone = await service.request(
            "DELETE", f"/subscriptions/{topic}", service.customer(me), web=len(service.urls) - 1
        )
        assert gone.status_code == 204
        await service.send(topic=topic)
        (last,) = await service.send(receiver_id=me)
        for browser in browsers:
            await browser.until_position(last)
            assert browser.positions == [*heard, last]
            assert browser.connections == 1


async def test_replay_and_inbox_begin_where_the_subscription_was_made(small_dev: Dev, me: int, topic: str) -> None:
    first = await small_dev.send(receiver_id=me)
    await small_dev.send(20, topic=topic)
    await small_dev.request("PUT", f"/subscriptions/{topic}", small_dev.customer(me))
    heard = await small_dev.send(20, topic=topic)
    async with browsing(Browser(small_dev.url, small_dev.customer(me), last_id=first[0])) as (browser,):
        assert browser.positions == heard
    answer = await small_dev.request("GET", "/inbox?limit=200", small_dev.customer(me))
    assert [each["position"] for each in answer.json()["notifications"]] == [*reversed(heard), *first]


async def test_a_second_subscription_keeps_the_first_ones_position(dev: Dev, me: int, topic: str) -> None:
    first = await dev.request("PUT", f"/subscriptions/{topic}", dev.customer(me))
    await dev.send(topic=topic)
    second = await dev.request("PUT", f"/subscriptions/{topic}", dev.customer(me))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    listed = await dev.request("GET", "/subscriptions", dev.customer(me))
    assert listed.json() == {"subscriptions": [first.json()]}
    assert (await dev.request("GET", f"/subscriptions/{topic}", dev.customer(me))).json() == first.json()


async def test_unsubscribing_leaves_alone_what_the_url_asks_for(dev: Dev, me: int, topic: str) -> None:
    await dev.request("PUT", f"/subscriptions/{topic}", dev.customer(me))
    async with browsing(Browser(dev.url, dev.customer(me), topics=[topic]), Browser(dev.url, dev.customer(me))) as (
        asking,
        subscribed,
    ):
        await dev.request("DELETE", f"/subscriptions/{topic}", dev.customer(me))
        sent = await dev.send(topic=topic) + await dev.send(receiver_id=me)
        for browser in (asking, subscribed):
            await browser.until_position(sent[-1])
        assert asking.positions == sent
        assert subscribed.positions == sent[1:]


async def test_a_token_that_does_not_cover_a_subscription_hears_and_sees_nothing_of_it(dev: Dev, me: int) -> None:
    await dev.request("PUT", "/subscriptions/secret", dev.customer(me))
    bounded = dev.customer(me, topics=["order.*"])
    async with browsing(Browser(dev.url, bounded)) as (browser,):
        await dev.send(topic="secret")
        (last,) = await dev.send(receiver_id=me)
        await browser.until_position(last)
        assert browser.positions == [last]
    answer = await dev.request("GET", "/inbox", bounded)
    assert [each["position"] for each in answer.json()["notifications"]] == [last]
    assert answer.json()["unread_count"] == 1
