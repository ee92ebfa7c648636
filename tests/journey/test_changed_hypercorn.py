"""Under a Hypercorn whose inside has changed, promises 2, 3, 4, 7 and 9 hold on the other wire, and it is told once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.journey.test_nothing_missed import (
    check_a_flood,
    test_an_id_from_before_all_history_is_a_gap,
    test_many_pages_of_several_channels_come_from_the_database_in_order,
    test_without_a_last_id_a_stream_begins_with_what_comes_next,
)
from tests.journey.test_nothing_twice import test_a_topic_that_is_subscribed_to_and_asked_for_comes_once
from tests.journey.test_one_order import (
    test_a_connection_sees_its_own_channel_and_its_topics_in_the_order_of_the_log,
    test_all_connections_see_the_notifications_of_concurrent_senders_in_one_order,
)
from tests.journey.test_slow_browser import check_a_slow_browser
from tests.journey.test_subscriptions import test_subscribing_takes_effect_at_once_on_every_open_connection
from tests.support.browser import Browser, browsing
from tests.support.service import ChangedDev, Service
from tests.support.shared import Shared

__all__ = [
    "test_a_connection_sees_its_own_channel_and_its_topics_in_the_order_of_the_log",
    "test_a_topic_that_is_subscribed_to_and_asked_for_comes_once",
    "test_all_connections_see_the_notifications_of_concurrent_senders_in_one_order",
    "test_an_id_from_before_all_history_is_a_gap",
    "test_many_pages_of_several_channels_come_from_the_database_in_order",
    "test_subscribing_takes_effect_at_once_on_every_open_connection",
    "test_without_a_last_id_a_stream_begins_with_what_comes_next",
]


@pytest.fixture
async def service(shared: Shared) -> AsyncIterator[Service]:
    async with shared.lend(ChangedDev) as service:
        yield service


@pytest.fixture
async def small_service(shared: Shared) -> AsyncIterator[Service]:
    async with shared.lend(ChangedDev, small_window=True) as service:
        yield service


async def test_every_stream_goes_the_other_way_which_is_told_once(service: Service, me: int, other: int) -> None:
    async with browsing(*(Browser(service.url, service.customer(each)) for each in (me, other))) as browsers:
        sent = await service.send(3, receiver_id=me)
        await browsers[0].until_position(sent[-1])
        assert browsers[0].positions == sent
        figures = (await service.request("GET", "/stats", service.token("ops:test"))).json()
        assert figures["connections"] == figures["connections_asgi"] == 2
        assert figures["wire_slow"] == 1
        shown = (await service.request("GET", "/metrics", service.token("ops:test"))).text
        assert "\ngetnotified_wire_slow 1.0\n" in shown
    assert service.webs[0].whole_output.count("action=wire_slow") == 1


async def test_browsers_that_come_and_go_at_any_moment_of_a_flood_see_all_of_it_once(
    service: Service, me: int, topic: str
) -> None:
    await check_a_flood(service, me, topic)


@pytest.mark.parametrize("small_window", [False, True], ids=["from the window", "from SQLite"])
async def test_a_slow_browser_delays_nobody_and_catches_up_completely(
    shared: Shared, small_window: bool, me: int, other: int, topic: str
) -> None:
    async with shared.lend(ChangedDev, small_window) as service:
        await check_a_slow_browser(service, me, other, topic)
