"""`/preferences`: what a customer wants is asked, kept and obeyed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import problem
from tests.support.browser import Browser, browsing
from tests.support.clock import moment, parsed, quiet_now
from tests.support.service import Service, eventually

DEFAULTS: dict[str, Any] = {"language": "en", "time_zone": "UTC", "muted_kinds": [], "quiet_hours": None}


def last_web(service: Service) -> int:
    return len(service.urls) - 1


async def wished(service: Service, customer: int, web: int = 0) -> Any:
    answer = await service.request("GET", "/preferences", service.customer(customer), web=web)
    assert answer.status_code == 200
    return answer.json()


async def positions_of(service: Service, customer: int, web: int = 0) -> list[str]:
    return [each["position"] for each in await service.inbox(customer, web)]


# -- Asked and kept ---------------------------------------------------------------------------------


async def test_one_who_has_said_nothing_has_the_defaults(service: Service, me: int) -> None:
    assert await wished(service, me) == DEFAULTS
    problem(await service.request("GET", f"/customers/{me}", service.token("ops:a")), 404, "not_found")


async def test_what_is_absent_stays_as_it_is(service: Service, me: int) -> None:
    quiet = {"from": "22:00", "to": "07:30"}
    assert await service.wish(me, language="ru", quiet_hours=quiet) == DEFAULTS | {
        "language": "ru",
        "quiet_hours": quiet,
    }
    muted = ["order.ready", "order.preparing", "order.ready"]
    assert await service.wish(me, time_zone="Asia/Tokyo", muted_kinds=muted) == {
        "language": "ru",
        "time_zone": "Asia/Tokyo",
        "muted_kinds": ["order.preparing", "order.ready"],
        "quiet_hours": quiet,
    }
    last = await service.wish(me, quiet_hours=None, muted_kinds=[])
    assert last == DEFAULTS | {"language": "ru", "time_zone": "Asia/Tokyo"}
    assert await service.wish(me) == last
    assert await wished(service, me, last_web(service)) == last


async def test_language_and_time_zone_are_the_customers_wherever_they_are_set(service: Service, me: int) -> None:
    body = {"first_name": "Ada", "language": "ru", "time_zone": "Europe/Moscow"}
    await service.request("PUT", f"/customers/{me}", service.token("sender:shop"), body)
    assert await wished(service, me) == DEFAULTS | {"language": "ru", "time_zone": "Europe/Moscow"}
    await service.wish(me, language="pt-BR", muted_kinds=["notice"])
    shown = (await service.request("GET", f"/customers/{me}", service.token("sender:shop"))).json()
    assert (shown["first_name"], shown["language"], shown["time_zone"]) == ("Ada", "pt-BR", "Europe/Moscow")
    await service.request("PUT", f"/customers/{me}", service.token("sender:shop"), body)
    assert (await wished(service, me))["muted_kinds"] == ["notice"], "they are no business of other systems"


@pytest.mark.parametrize(
    ("body", "loc", "msg"),
    [
        ({"language": "english!"}, ["language"], None),
        ({"language": 1}, ["language"], None),
        ({"time_zone": "Moon/Crater"}, ["time_zone"], "'Moon/Crater' is not an IANA time zone such as Europe/Berlin"),
        ({"time_zone": "../../etc/passwd"}, ["time_zone"], None),
        (
            {"muted_kinds": ["order.lost"]},
            ["muted_kinds", 0],
            "'order.lost' is no kind of event that the catalogue has",
        ),
        ({"muted_kinds": ["notice", "a,b"]}, ["muted_kinds", 1], "'a,b' is no kind of event that the catalogue has"),
        ({"muted_kinds": "notice"}, ["muted_kinds"], None),
        ({"muted_kinds": ["notice"] * 1001}, ["muted_kinds"], None),
        ({"muted_kinds": [1]}, ["muted_kinds", 0], None),
        ({"quiet_hours": {"from": "22:00"}}, ["quiet_hours", "to"], "Field required"),
        ({"quiet_hours": {"to": "22:00"}}, ["quiet_hours", "from"], "Field required"),
        (
            {"quiet_hours": {"from": "24:00", "to": "07:00"}},
            ["quiet_hours", "from"],
            "must be a time of the day, 00:00 to 23:59",
        ),
        ({"quiet_hours": {"from": "7:00", "to": "08:00"}}, ["quiet_hours", "from"], None),
        ({"quiet_hours": {"from": "07:00\n", "to": "08:00"}}, ["quiet_hours", "from"], None),
        ({"quiet_hours": {"from": "07:00", "to": "08:60"}}, ["quiet_hours", "to"], None),
        (
            {"quiet_hours": {"from": "07:00", "to": "07:00"}},
            ["quiet_hours", "to"],
            "must be another time than from",
        ),
        ({"quiet_hours": {"from": "07:00", "to": "08:00", "on": "Sunday"}}, ["quiet_hours", "on"], None),
        ({"quiet_hours": []}, ["quiet_hours"], None),
        ({"muted": []}, ["muted"], "is not a field of ours"),
    ],
)
async def test_what_can_not_be_is_named_and_nothing_is_changed(
    service: Service, me: int, body: dict[str, Any], loc: list[Any], msg: str | None
) -> None:
    answer = await service.request("PUT", "/preferences", service.customer(me), {"language": "ru"} | body)
    (error,) = problem(answer, 422, "invalid_fields")
    assert error["loc"] == loc
    assert error["msg"] == msg if msg else error["msg"]
    assert await wished(service, me) == DEFAULTS


async def test_they_are_the_customers_own(service: Service, me: int) -> None:
    for token in (service.token("sender:shop"), service.token("ops:a")):
        # No body with GET: a server that has answered before it came closes the connection, and the next request fails.
        for method, body in (("GET", None), ("PUT", {})):
            problem(await service.request(method, "/preferences", token, body), 403, "role_not_allowed")
    problem(await service.request("PUT", "/preferences", service.customer(me), content="{"), 400, "invalid_json")


async def test_the_catalogue_says_what_can_be_muted(service: Service, me: int) -> None:
    for token in (service.customer(me), service.token("sender:shop"), service.token("ops:a")):
        answer = await service.request("GET", "/catalogue", token)
        assert answer.status_code == 200
        catalogue = answer.json()
        assert catalogue["languages"][0] == "en"
        kinds = {each["event"]: each for each in catalogue["kinds"]}
        assert kinds["order.delivered"] == {
            "event": "order.delivered",
            "to": "customer",
            "priority": "normal",
            "needs": [],
            "may": [],
            "ends_order": True,
        }
        assert kinds["stock.low"]["needs"] == ["product", "quantity"]
    every = sorted(kinds)
    assert (await service.wish(me, muted_kinds=every))["muted_kinds"] == every
    problem(await service.request("GET", "/catalogue", "nonsense"), 401, "token_invalid")


# -- Muted ------------------------------------------------------------------------------------------


async def test_what_is_muted_is_in_the_inbox_marked_and_nowhere_else(small_service: Service, me: int) -> None:
    service = small_service
    await service.wish(me, muted_kinds=["order.ready"])
    pages = [Browser(url, service.customer(me)) for url in service.urls]
    async with browsing(*pages):
        (first,) = await service.send(receiver_id=me)
        (muted,) = await service.send(receiver_id=me, event="order.ready")
        (high,) = await service.send(receiver_id=me, event="order.ready", priority="high")
        for page in pages:
            await page.until_position(high)
            assert page.positions == [first, high]
    for web in range(len(service.urls)):
        shown = {each["position"]: each for each in await service.inbox(me, web)}
        assert {position: each["muted"] for position, each in shown.items()} == {
            first: False,
            muted: True,
            high: False,
        }
    # Not replayed either: from the window, and, when that has more than it holds, from the database.
    for _ in range(2):
        for url in service.urls:
            for last_id in ("earliest", first):
                async with browsing(Browser(url, service.customer(me), last_id=last_id)) as (page,):
                    assert page.positions == [first, high][last_id == first :]
        await service.send(12, topic="others")
    unread = await service.request("GET", "/inbox", service.customer(me))
    assert unread.json()["unread_count"] == 3
    receipt = await service.request("POST", "/receipts", service.customer(me), {"read": [shown[muted]["uid"]]})
    assert receipt.json() == {"unread_count": 2, "unknown": []}


async def test_of_a_topic_it_is_kept_from_those_alone_who_have_muted_it(
    small_service: Service, me: int, other: int, topic: str
) -> None:
    service = small_service
    for each in (me, other):
        await service.request("PUT", f"/subscriptions/{topic}", service.customer(each))
    await service.wish(me, muted_kinds=["notice"])
    mine, theirs = (Browser(service.url, service.customer(each)) for each in (me, other))
    async with browsing(mine, theirs):
        (muted,) = await service.send(topic=topic)
        (last,) = await service.send(topic=topic, event="order.ready")
        for page, expected in ((mine, [last]), (theirs, [muted, last])):
            await page.until_position(last)
            assert page.positions == expected
    for _ in range(2):
        for customer, expected in ((me, [last]), (other, [muted, last])):
            async with browsing(Browser(service.url, service.customer(customer), last_id="earliest")) as (page,):
                assert page.positions == expected
        await service.send(12, topic="others")
    assert [each["muted"] for each in await service.inbox(me)] == [False, True]
    assert [each["muted"] for each in await service.inbox(other)] == [False, False]


async def test_what_is_muted_on_one_process_is_muted_on_all(service: Service, me: int) -> None:
    """As soon as the log has told them."""
    await service.send(receiver_id=me, web=last_web(service))  # which remembers what it knows of its receiver
    await service.wish(me, muted_kinds=["notice"])

    async def is_muted() -> bool:
        body = {"receiver_id": me, "title_text": "x"}
        token = service.token("sender:shop")
        answer = await service.request("POST", "/notifications?dry_run=1", token, body, web=last_web(service))
        delivery: str = answer.json()["notifications"][0]["delivery"]
        return delivery == "muted"

    await eventually(is_muted, "another process knows of it")
    await service.wish(me, muted_kinds=[])

    async def is_told_now() -> bool:
        return not await is_muted()

    await eventually(is_told_now, "another process knows of it")


async def test_who_subscribes_and_leaves_counts_at_once(service: Service, me: int, topic: str) -> None:
    """How many a topic is for is kept in memory, and never out of date where it was changed."""

    async def receivers() -> int:
        token, body = service.token("sender:shop"), {"topic": topic, "title_text": "x"}
        answer = await service.request("POST", "/notifications?dry_run=1", token, body)
        count: int = answer.json()["notifications"][0]["receivers"]
        return count

    counts = [await receivers()]
    for method in ("PUT", "PUT", "DELETE", "DELETE", "PUT"):
        await service.request(method, f"/subscriptions/{topic}", service.customer(me))
        counts.append(await receivers())
    assert counts == [0, 1, 1, 0, 0, 1]


# -- Quiet hours ------------------------------------------------------------------------------------


async def test_what_comes_in_quiet_hours_is_held_and_comes_when_they_are_ended(
    service: Service, me: int, order: str
) -> None:
    async with browsing(*(Browser(url, service.customer(me)) for url in service.urls)) as pages:
        await service.wish(me, quiet_hours=quiet_now())
        (held,) = await service.tell({"event": "order.placed", "order_id": order, "customer_id": me}, status=202)
        assert held["position"] is None
        (urgent,) = await service.tell({"event": "courier.nearby", "order_id": order})
        for page in pages:
            await page.until_position(urgent["position"])
            assert page.uids == [urgent["uid"]]
        assert [each["uid"] for each in await service.inbox(me)] == [urgent["uid"]]
        await service.wish(me, web=last_web(service), quiet_hours=None)
        for page in pages:
            await page.until(lambda page=page: held["uid"] in page.uids)  # type: ignore[misc]
            assert page.uids == [urgent["uid"], held["uid"]]
            page.assert_nothing_twice_and_in_order()
    found = [(each["uid"], each["muted"]) for each in await service.inbox(me)]
    assert found == [(held["uid"], False), (urgent["uid"], False)]


async def test_what_is_held_is_planned_anew_when_they_change(service: Service, me: int) -> None:
    await service.wish(me, quiet_hours=quiet_now(hours=2))
    response = await service.post({"receiver_id": me, "title_text": "later"})
    uid = response.json()["notifications"][0]["uid"]

    async def held_until() -> Any:
        answer = await service.request("GET", f"/notifications/{uid}/report", service.token("sender:shop"))
        assert answer.json()["state"] == "held"
        return parsed(answer.json()["held_until"])

    first = await held_until()
    await service.wish(me, quiet_hours=quiet_now(hours=3), web=last_web(service))
    assert 3590 <= (await held_until() - first).total_seconds() <= 3670
    # By the clock of where the customer is now, who may be asleep no more, or still.
    clock = quiet_now(hours=2)
    await service.wish(me, quiet_hours=clock)
    await service.wish(me, time_zone="Etc/GMT+1")
    assert 3590 <= (await held_until() - first).total_seconds() <= 3670
    await service.wish(me, language="ru")
    assert 3590 <= (await held_until() - first).total_seconds() <= 3670


async def test_what_is_scheduled_stays_so_and_is_held_if_its_time_is_quiet_now(service: Service, me: int) -> None:
    response = await service.post({"receiver_id": me, "title_text": "later", "send_at": moment(1800)})
    uid = response.json()["notifications"][0]["uid"]

    async def report() -> Any:
        return (await service.request("GET", f"/notifications/{uid}/report", service.token("sender:shop"))).json()

    planned = await report()
    assert (planned["state"], planned["held_until"]) == ("scheduled", None)
    await service.wish(me, quiet_hours=quiet_now())
    held = await report()
    assert (held["state"], held["send_at"]) == ("held", planned["send_at"])
    assert parsed(held["held_until"]) > parsed(held["send_at"])
    await service.wish(me, quiet_hours=None)
    assert await report() == planned


async def test_of_a_topic_those_who_sleep_get_a_copy_of_their_own_when_they_wake(
    small_service: Service, me: int, other: int, topic: str
) -> None:
    service = small_service
    for each in (me, other):
        await service.request("PUT", f"/subscriptions/{topic}", service.customer(each))
    await service.wish(me, quiet_hours=quiet_now())
    mine = [Browser(url, service.customer(me)) for url in service.urls]
    theirs = Browser(service.url, service.customer(other))
    async with browsing(*mine, theirs):
        response = await service.post({"topic": topic, "title_text": "for all"})
        assert response.status_code == 201
        (shown,) = response.json()["notifications"]
        assert (shown["topic"], "receiver_id" in shown) == (topic, False), "copies are no business of the sender's"
        await theirs.until_position(shown["position"])
        assert await service.inbox(me) == []
        await service.wish(me, quiet_hours=None)
        for page in mine:
            await page.until(lambda page=page: page.notifications)  # type: ignore[misc]
        (copy,) = set(mine[0].uids)
        assert copy != shown["uid"]
        (last,) = await service.send(topic=topic)
        for page in (*mine, theirs):
            await page.until_position(last)
            assert page.titles == ["for all", "number 0"]
        assert theirs.uids[0] == shown["uid"]
    # One, not two: in the inbox, in the count, and in replay from the window and from the database.
    assert [each["uid"] for each in await service.inbox(me)][1:] == [copy]
    assert [each["uid"] for each in await service.inbox(other)][1:] == [shown["uid"]]
    unread = await service.request("GET", "/inbox", service.customer(me))
    assert unread.json()["unread_count"] == 2
    for _ in range(2):
        for url in service.urls:
            async with browsing(Browser(url, service.customer(me), last_id="earliest")) as (page,):
                assert page.uids[0] == copy
                assert page.titles == ["for all", "number 0"]
        await service.send(12, topic="others")
    receipt = await service.request("POST", "/receipts", service.customer(me), {"read": [copy]})
    assert receipt.json() == {"unread_count": 1, "unknown": []}


async def test_read_up_to_reads_what_is_shown_and_leaves_the_rest(service: Service, me: int, topic: str) -> None:
    await service.request("PUT", f"/subscriptions/{topic}", service.customer(me))
    await service.wish(me, quiet_hours=quiet_now())
    await service.send(topic=topic)
    await service.wish(me, quiet_hours=None, muted_kinds=["notice"])

    async def copy_is_there() -> bool:
        return len(await service.inbox(me)) == 1

    await eventually(copy_is_there, "the copy is released")
    (last,) = await service.send(topic=topic)
    answer = await service.request("POST", "/receipts", service.customer(me), {"read_up_to": last})
    assert answer.json() == {"unread_count": 0, "unknown": []}
    assert [(each["muted"], each["date_read"] is not None) for each in await service.inbox(me)] == [
        (True, True),
        (False, True),
    ]


@pytest.mark.parametrize("priority", ["high", "normal"])
async def test_what_is_held_gives_way_to_a_newer_one_of_its_key(service: Service, me: int, priority: str) -> None:
    """Whether that passes at once or is held as well: released later, the older one would replace it."""
    await service.wish(me, quiet_hours=quiet_now())
    async with browsing(*(Browser(url, service.customer(me)) for url in service.urls)) as pages:
        for title in ("older", "another"):
            await service.post({"receiver_id": me, "title_text": title, "collapse_key": title})
        newer = {"receiver_id": me, "title_text": "newer", "collapse_key": "older", "priority": priority}
        assert (await service.post(newer)).status_code == (201 if priority == "high" else 202)
        await service.wish(me, quiet_hours=None)
        for page in pages:
            await page.until(lambda page=page: len(page.notifications) == 2)  # type: ignore[misc]
        (last,) = await service.send(receiver_id=me)
        for page in pages:
            await page.until_position(last)
            assert sorted(page.titles) == ["another", "newer", "number 0"]
    assert sorted(each["title_text"] for each in await service.inbox(me)) == ["another", "newer", "number 0"]


async def test_what_is_held_does_not_give_way_to_what_comes_after_it(service: Service, me: int) -> None:
    await service.wish(me, quiet_hours=quiet_now(hours=2))
    first = await service.post({"receiver_id": me, "title_text": "this morning", "collapse_key": "k"})
    later = {"receiver_id": me, "title_text": "tonight", "collapse_key": "k", "send_at": moment(6 * 3600)}
    await service.post(later)
    uid = first.json()["notifications"][0]["uid"]
    report = await service.request("GET", f"/notifications/{uid}/report", service.token("sender:shop"))
    assert report.json()["state"] == "held"
