"""Senders and receivers on a real service: what `app.sdk` is for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.sdk import (
    AsyncReceiver,
    AsyncSender,
    Deployment,
    Gap,
    HistoryGone,
    Notification,
    NotInTime,
    NotOpen,
    Receipt,
    Receiver,
    Refused,
    Retract,
    Sender,
    Synced,
)
from tests.support.service import PATIENCE_SECONDS, ROOT, Dev
from tests.support.shared import Shared


@pytest.fixture(scope="module")
def service(shared: Shared) -> Iterator[Deployment]:
    dev = shared.take(Dev)
    yield Deployment(dev.url, dev.tokens._secret_key)
    shared.give_back(dev)


@pytest.fixture
def sender(service: Deployment) -> Iterator[Sender]:
    with service.sender("shop") as sender:
        yield sender


@pytest.fixture
def receiver(service: Deployment, me: int) -> Iterator[Receiver]:
    with service.receiver(me) as receiver:
        yield receiver


def test_what_is_sent_arrives_with_its_times(sender: Sender, receiver: Receiver, me: int) -> None:
    before = datetime.now(UTC)
    (sent,) = sender.send(receiver_id=me, title_text="Hello", body_text="You", data={"a": 1}, priority="high")
    (got,) = receiver.take()
    assert (got.uid, got.position, got.event) == (sent.uid, sent.position, "notice")
    assert (got.title_text, got.body_text, got.data, got.priority) == ("Hello", "You", {"a": 1}, "high")
    assert (got.receiver_id, got.topic, got.sender_id, got.replayed) == (me, None, "sender:shop", False)
    assert before <= got.date_sent == sent.date_sent <= got.received_at <= datetime.now(UTC)
    assert sent.commit_ms is not None
    assert sent.carry_ms is not None


def test_each_has_the_time_at_which_it_arrived_and_not_at_which_it_was_looked_at(
    sender: Sender, receiver: Receiver, me: int
) -> None:
    sender.send(receiver_id=me, title_text="first")
    receiver.next_of(Notification)
    (second,) = sender.send(receiver_id=me, title_text="second")
    (report,) = (sender.report(second.uid) for _ in range(1))
    (later,) = sender.send(receiver_id=me, title_text="third")
    assert report["state"] == "carried"
    got = receiver.take(2)
    assert got[0].received_at < later.date_sent + timedelta(milliseconds=1)


def test_it_works_inside_a_running_loop(service: Deployment, me: int) -> None:
    """As in a notebook, whose kernel has one."""

    async def cell() -> str:
        with service.sender() as sender, service.receiver(me) as receiver:
            sender.send(receiver_id=me, title_text="from a cell")
            return receiver.take()[0].title_text

    assert asyncio.run(cell()) == "from a cell"


def test_iterating_gives_notifications_as_they_come(sender: Sender, receiver: Receiver, me: int) -> None:
    sender.send_many([{"receiver_id": me, "title_text": str(number)} for number in range(3)])
    titles = (each.title_text for each in receiver)
    assert [next(titles) for _ in range(3)] == ["0", "1", "2"]


def test_who_comes_back_gets_exactly_what_was_missed(service: Deployment, sender: Sender, me: int) -> None:
    with service.receiver(me) as receiver:
        sender.send(receiver_id=me, title_text="seen")
        receiver.take()
        last = receiver.last_event_id
    sender.send(receiver_id=me, title_text="missed")
    with service.receiver(me, last_event_id=last) as receiver:
        sender.send(receiver_id=me, title_text="live")
        assert [(each.title_text, each.replayed) for each in receiver.take(2)] == [("missed", True), ("live", False)]
    with service.receiver(me, last_event_id="earliest") as receiver:
        shown = [each for each in receiver.arrived() if isinstance(each, Notification | Synced)]
        assert [getattr(each, "title_text", "synced") for each in shown] == ["seen", "missed", "live", "synced"]
        assert shown[-1].replayed == 3
        assert receiver.arrived() == []


def test_what_arrived_and_was_not_taken_comes_again(service: Deployment, sender: Sender, me: int) -> None:
    with service.receiver(me) as receiver:
        sender.send_many([{"receiver_id": me, "title_text": each} for each in "abc"])
        assert receiver.take()[0].title_text == "a"
        last = receiver.last_event_id
        sender.send(receiver_id=me, title_text="d")
    assert receiver.last_event_id == last
    with service.receiver(me, last_event_id=last) as receiver:
        assert [each.title_text for each in receiver.take(3)] == ["b", "c", "d"]


def test_an_id_that_is_none_of_the_services_is_a_gap(service: Deployment, me: int) -> None:
    with service.receiver(me, last_event_id="9999999999999-0") as receiver:
        assert receiver.next_of(Gap).reason == "unknown"
    with service.receiver(me, last_event_id="9999999999999-0") as receiver, pytest.raises(HistoryGone):
        next(iter(receiver))


def test_topics_of_one_stream_and_of_a_customer(service: Deployment, sender: Sender, me: int, topic: str) -> None:
    with service.receiver(me, topics=[topic]) as passing, service.receiver(me) as receiver:
        sender.send(topic=topic, title_text="one")
        assert receiver.subscriptions() == []
        assert receiver.subscribe(topic)["topic"] == topic
        sender.send(topic=topic, title_text="two")
        assert [each.title_text for each in passing.take(2)] == ["one", "two"]
        (got,) = receiver.take()
        assert (got.title_text, got.topic, got.receiver_id) == ("two", topic, None)
        receiver.unsubscribe(topic)
        assert receiver.subscriptions() == []


def test_an_order_a_retraction_and_a_preview(sender: Sender, receiver: Receiver, me: int, order: str) -> None:
    data = {"restaurant": "Roma", "amount": "12.50", "currency": "EUR"}
    (preview,) = sender.preview_order_event("order.placed", order, customer_id=me, data=data)
    assert "€12.50" in preview["body_text"]
    assert sender.preview(receiver_id=me, title_text="x")[0]["delivery"] == "now"
    (sent,) = sender.order_event("order.placed", order, customer_id=me, data=data)
    (got,) = receiver.take()
    assert (got.uid, got.event, got.body_text) == (sent.uid, "order.placed", preview["body_text"])
    assert sender.retract(sent.uid) in {True, False}
    assert receiver.next_of(Retract).uid == sent.uid
    assert "order.placed" in {each["event"] for each in sender.catalogue()["kinds"]}
    batch = [{"event": "order.placed", "order_id": order, "sequence": 1, "customer_id": me, "data": data}]
    assert len(sender.order_events(batch)) == 1


def test_receipts_inbox_and_report(sender: Sender, receiver: Receiver, me: int) -> None:
    one, two = sender.send_many([{"receiver_id": me, "title_text": each} for each in "ab"])
    assert receiver.mark_received([one.uid]) == {"unread_count": 2, "unknown": []}
    assert receiver.next_of(Receipt).received == (one.uid,)
    assert receiver.mark_read([one.uid])["unread_count"] == 1
    assert [each["uid"] for each in receiver.inbox(unread=True)["notifications"]] == [two.uid]
    assert receiver.mark_read(up_to=two.position)["unread_count"] == 0
    page = receiver.inbox(limit=1)
    assert [each["title_text"] for each in page["notifications"]] == ["b"]
    assert [each["title_text"] for each in receiver.inbox(before=page["next"])["notifications"]] == ["a"]
    report = sender.report(one.uid)
    assert (report["received"], report["read"]) == (1, 1)
    now = datetime.now(UTC)
    reports = sender.reports("notice", begin=now - timedelta(hours=2), end=now + timedelta(hours=1))
    assert reports["total"]["sent"] >= 2


def test_customers_preferences_and_figures(service: Deployment, sender: Sender, receiver: Receiver, me: int) -> None:
    assert sender.put_customer(me, first_name="Ada", language="ru")["first_name"] == "Ada"
    assert sender.customer(me)["language"] == "ru"
    quiet = {"from": "22:00", "to": "07:00"}
    assert receiver.set_preferences(time_zone="Europe/Berlin", quiet_hours=quiet)["quiet_hours"] == quiet
    assert receiver.preferences()["time_zone"] == "Europe/Berlin"
    with service.ops() as ops:
        assert ops.stats()["connections"] >= 1
        assert ops.customer(me)["first_name"] == "Ada"


def test_who_waits_can_be_interrupted_and_loses_nothing(sender: Sender, receiver: Receiver, me: int) -> None:
    with pytest.raises(NotInTime):
        receiver.take(1, within=0.01)
    sender.send(receiver_id=me, title_text="after all")
    assert receiver.take()[0].title_text == "after all"


INTERRUPTED = """
import os, signal, sys, threading
from app.sdk import Receiver, Sender

url, sender_token, token = sys.argv[1:]
with Sender(url, sender_token) as sender, Receiver(url, token) as receiver:

    def interrupt():
        me = int(sys.stdin.read())
        sender.send_many([{"receiver_id": me, "title_text": each} for each in "ab"])
        while len(receiver._arrivals._waiting) < 2:
            pass
        os.kill(os.getpid(), signal.SIGINT)

    receiver.arrived()
    threading.Thread(target=interrupt).start()
    try:
        receiver.take(3)
    except KeyboardInterrupt:
        print("".join(each.title_text for each in receiver.take(2)))
"""


def test_ctrl_c_loses_nothing(service: Deployment, me: int) -> None:
    tokens = [service.token("sender:shop"), service.token(f"customer:{me}")]
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, service.url, *tokens],
        cwd=ROOT,
        input=str(me),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "ab\n"), done.stderr


def test_a_wrong_token_is_said_in_one_sentence(service: Deployment, me: int) -> None:
    with pytest.raises(Refused, match="401 token_invalid"), Receiver(service.url, "wrong"):
        pass
    with pytest.raises(Refused, match="403 role_not_allowed"), Receiver(service.url, service.token("sender:shop")):
        pass
    with Sender(service.url, service.token(f"customer:{me}")) as sender, pytest.raises(Refused, match="403"):
        sender.send(receiver_id=me, title_text="x")


def test_one_that_is_not_open_says_so(service: Deployment, me: int) -> None:
    with pytest.raises(NotOpen, match="is not open"):
        service.receiver(me).take()
    with service.receiver(me) as receiver, pytest.raises(NotOpen, match="is open already"):
        receiver.open()
    with pytest.raises(NotOpen, match="is not open"):
        receiver.take()


def test_closing_leaves_no_thread(service: Deployment, me: int) -> None:
    before = threading.active_count()
    with service.receiver(me):
        assert threading.active_count() > before
    assert threading.active_count() == before


async def test_the_async_twins_do_the_same(service: Deployment, me: int, topic: str) -> None:
    async with service.async_sender() as sender, service.async_receiver(me, topics=[topic]) as receiver:
        assert isinstance(sender, AsyncSender)
        assert isinstance(receiver, AsyncReceiver)
        await sender.send(topic=topic, title_text="one")
        await sender.send(receiver_id=me, title_text="two")
        titles = []
        async for each in receiver:
            titles.append(each.title_text)
            if len(titles) == 2:
                break
        assert titles == ["one", "two"]
        await receiver.mark_read(up_to=receiver.last_event_id)
        async for event in receiver.events():
            if isinstance(event, Receipt):
                assert event.unread_count == 0
                break
    async with service.async_ops() as ops:
        assert "connections" in await ops.stats()


async def test_many_async_receivers_share_a_loop(service: Deployment, customers: Iterator[int]) -> None:
    numbers = [next(customers) for _ in range(20)]
    async with service.async_sender() as sender:
        receivers = [service.async_receiver(number) for number in numbers]
        await asyncio.gather(*(each.open() for each in receivers))
        await sender.send(receiver_ids=numbers, title_text="all")
        got = await asyncio.gather(*(each.take() for each in receivers))
        assert [each[0].receiver_id for each in got] == numbers
        await asyncio.gather(*(each.close() for each in receivers))
