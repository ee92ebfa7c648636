"""`DELETE /notifications/{uid}`: who may take a notification back, and what is left of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.api import problem
from tests.support.browser import Browser, browsing
from tests.support.clock import moment, quiet_now
from tests.support.service import Service, eventually

NOWHERE = "018f0000-0000-7000-8000-000000000000"


async def sent(service: Service, status: int = 201, **fields: Any) -> str:
    """The uid of a notification that was sent."""
    response = await service.post({"title_text": "Mistake"} | fields)
    assert response.status_code == status, response.text
    uid: str = response.json()["notifications"][0]["uid"]
    return uid


async def take_back(service: Service, uid: str, web: int = 0, token: str | None = None) -> Any:
    return await service.request("DELETE", f"/notifications/{uid}", token or service.token("sender:shop"), web=web)


async def reported(service: Service, uid: str, web: int = 0) -> dict[str, Any]:
    answer = await service.request("GET", f"/notifications/{uid}/report", service.token("sender:shop"), web=web)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


async def test_an_open_page_is_told_and_no_inbox_shows_it(service: Service, me: int) -> None:
    pages = [Browser(url, service.customer(me)) for url in service.urls]
    async with browsing(*pages):
        uid = await sent(service, receiver_id=me)
        (kept,) = await service.send(receiver_id=me)
        for page in pages:
            await page.until_position(kept)
        answer = await take_back(service, uid, web=len(service.urls) - 1)
        assert (answer.status_code, answer.content) == (204, b"")
        for page in pages:
            await page.until(lambda page=page: page.events("retract"))  # type: ignore[misc]
            (told,) = page.events("retract")
            assert told.data == {"uid": uid}
            assert told.position > page.notifications[-1].position
            page.assert_nothing_twice_and_in_order()
    for web in range(len(service.urls)):
        assert [each["position"] for each in await service.inbox(me, web)] == [kept]
        unread = await service.request("GET", "/inbox", service.customer(me), web=web)
        assert unread.json()["unread_count"] == 1


async def test_a_topic_s_notification_is_taken_back_from_all_who_listen(
    service: Service, me: int, other: int, topic: str
) -> None:
    await service.request("PUT", f"/subscriptions/{topic}", service.customer(me))
    asking = Browser(service.url, service.customer(other), topics=[topic])
    async with browsing(Browser(service.url, service.customer(me)), asking) as pages:
        uid = await sent(service, topic=topic)
        assert (await take_back(service, uid)).status_code == 204
        for page in pages:
            await page.until(lambda page=page: page.events("retract"))  # type: ignore[misc]
            assert page.uids == [uid]
    assert await service.inbox(me) == []


async def test_of_what_several_receivers_got_each_has_a_uid_of_its_own(service: Service, me: int, other: int) -> None:
    response = await service.post({"receiver_ids": [me, other], "title_text": "x"})
    first, second = (each["uid"] for each in response.json()["notifications"])
    assert (await take_back(service, first)).status_code == 204
    assert await service.inbox(me) == []
    assert [each["uid"] for each in await service.inbox(other)] == [second]


async def test_once_more_does_nothing_and_is_no_error(service: Service, me: int) -> None:
    async with browsing(Browser(service.url, service.customer(me))) as (page,):
        uid = await sent(service, receiver_id=me)
        for _ in range(3):
            assert (await take_back(service, uid)).status_code == 204
        (last,) = await service.send(receiver_id=me)
        await page.until_position(last)
        assert len(page.events("retract")) == 1


async def test_on_all_processes_at_the_same_time_it_is_taken_back(service: Service, me: int) -> None:
    async with browsing(Browser(service.url, service.customer(me))) as (page,):
        uids = [await sent(service, receiver_id=me) for _ in range(5)]
        answers = await asyncio.gather(
            *(take_back(service, uid, at % len(service.urls)) for uid in uids for at in range(4))
        )
        assert {each.status_code for each in answers} == {204}
        (last,) = await service.send(receiver_id=me)
        await page.until_position(last)
        assert {each.data["uid"] for each in page.events("retract")} == set(uids)
    assert [each["position"] for each in await service.inbox(me)] == [last]


async def test_what_is_unknown_is_404(service: Service) -> None:
    for uid in (NOWHERE, "x", "x" * 500, f"{NOWHERE}0"):
        problem(await take_back(service, uid), 404, "not_found")
        report = await service.request("GET", f"/notifications/{uid}/report", service.token("sender:shop"))
        problem(report, 404, "not_found")


async def test_what_takes_it_back_is_no_notification_itself(service: Service, me: int) -> None:
    """Its uid is nobody's to ask for: the next one that a sender guesses is not among the answers."""
    uid = await sent(service, receiver_id=me)
    async with browsing(Browser(service.url, service.customer(me))) as (page,):
        await take_back(service, uid)
        await page.until(lambda: page.events("retract"))
    receipt = await service.request("POST", "/receipts", service.customer(me), {"read": [uid]})
    assert receipt.json() == {"unread_count": 0, "unknown": []}, "who has read it before may say so afterwards"


async def test_only_who_has_sent_it_may(service: Service, me: int) -> None:
    uid = await sent(service, receiver_id=me)
    answer = await take_back(service, uid, token=service.token("sender:another"))
    problem(answer, 403, "not_yours")
    assert answer.json()["detail"] == f"The notification {uid} was sent by another sender."
    for token in (service.customer(me), service.token("ops:analyst")):
        problem(await take_back(service, uid, token=token), 403, "role_not_allowed")
    problem(await service.request("DELETE", f"/notifications/{uid}", "nonsense"), 401, "token_invalid")
    assert [each["uid"] for each in await service.inbox(me)] == [uid]
    problem(
        await service.request("GET", f"/notifications/{uid}/report", service.token("sender:another")), 403, "not_yours"
    )


async def test_a_uid_may_be_written_in_capitals(service: Service, me: int) -> None:
    uid = await sent(service, receiver_id=me)
    assert (await take_back(service, uid.upper())).status_code == 204
    assert await service.inbox(me) == []


@pytest.mark.parametrize(("seconds", "seconds_of_another"), [(2, 2), (3600, 0.5)])
async def test_what_is_scheduled_is_never_sent(
    service: Service, me: int, seconds: float, seconds_of_another: float
) -> None:
    async with browsing(Browser(service.url, service.customer(me))) as (page,):
        send_at = moment(seconds)
        uid = await sent(service, 202, receiver_id=me, send_at=send_at)
        assert (await reported(service, uid))["state"] == "scheduled"
        assert (await take_back(service, uid)).status_code == 204
        another = {"receiver_id": me, "title_text": "another", "send_at": moment(seconds_of_another)}
        assert (await service.post(another)).status_code == 202
        await page.until(lambda: page.notifications)
        assert page.titles == ["another"]
    report = await reported(service, uid)
    assert (report["state"], report["position"], report["date_carried"]) == ("retracted", None, None)
    assert report["date_retracted"] is not None
    assert [each["title_text"] for each in await service.inbox(me)] == ["another"]


async def test_what_quiet_hours_hold_is_never_sent(service: Service, me: int) -> None:
    await service.wish(me, quiet_hours=quiet_now())
    uid = await sent(service, 202, receiver_id=me)
    assert (await take_back(service, uid)).status_code == 204
    await service.wish(me, quiet_hours=None)
    (last,) = await service.send(receiver_id=me)
    assert [each["position"] for each in await service.inbox(me)] == [last]


async def test_with_a_topic_s_notification_its_copies_are_taken_back(
    service: Service, me: int, other: int, topic: str
) -> None:
    for each in (me, other):
        await service.request("PUT", f"/subscriptions/{topic}", service.customer(each))
        await service.wish(each, quiet_hours=quiet_now())
    async with browsing(*(Browser(service.url, service.customer(each)) for each in (me, other))) as pages:
        uid = await sent(service, topic=topic)
        await service.wish(me, quiet_hours=None)  # its copy is released, the other's is not
        await pages[0].until(lambda: pages[0].notifications)
        (copy,) = pages[0].uids
        assert copy != uid
        assert (await take_back(service, uid)).status_code == 204
        await pages[0].until(lambda: copy in [each.data["uid"] for each in pages[0].events("retract")])
        await service.wish(other, quiet_hours=None)
        (last,) = await service.send(receiver_id=other)
        await pages[1].until_position(last)
        assert pages[1].positions == [last]
    assert await service.inbox(me) == []
    assert [each["position"] for each in await service.inbox(other)] == [last]


async def test_the_same_request_again_gets_the_same_answer_and_does_not_send_it_again(
    service: Service, me: int, order: str
) -> None:
    event = {"event": "order.ready", "order_id": order, "customer_id": me}
    first = await service.report(event)
    uid = first.json()["notifications"][0]["uid"]
    await eventually(lambda: has_position(service, uid), "its row holds its position")
    await take_back(service, uid)
    again = await service.report(event, web=len(service.urls) - 1)
    assert (again.status_code, again.json()) == (201, first.json())
    assert await service.inbox(me) == []


async def has_position(service: Service, uid: str) -> bool:
    return (await reported(service, uid))["position"] is not None


async def test_what_it_had_replaced_does_not_come_back(service: Service, me: int) -> None:
    first = await sent(service, receiver_id=me, collapse_key="k")
    second = await sent(service, receiver_id=me, collapse_key="k")
    await take_back(service, second)
    assert await service.inbox(me) == []
    async with browsing(Browser(service.url, service.customer(me), last_id="earliest")) as (page,):
        assert page.uids == []
    assert (await reported(service, first))["state"] == "carried"


async def test_who_replays_sees_neither_what_was_taken_back_nor_less_than_all_else(
    small_service: Service, me: int
) -> None:
    service = small_service
    uids = [await sent(service, receiver_id=me) for _ in range(15)]
    for uid in uids[::2]:
        assert (await take_back(service, uid)).status_code == 204
    (last,) = await service.send(receiver_id=me)
    for _ in range(2):
        for url in service.urls:
            async with browsing(Browser(url, service.customer(me), last_id="earliest")) as (page,):
                await page.until_position(last)
                assert page.uids[:-1] == uids[1::2]
                assert [each.data["uid"] for each in page.events("retract")] == uids[::2]
                page.assert_nothing_twice_and_in_order()
        await service.send(12, topic="others")  # more than the window has
