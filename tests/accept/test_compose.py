"""Composing: a request's drafts become the notifications that travel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.accept import compose as compose_module
from app.accept.compose import check
from app.accept.draft import Batch, Draft
from app.accept.known import Audience, Known
from app.errors import InvalidFields, TopicNotAllowed
from app.notification import Notification
from app.preferences import DEFAULT, Preferences

TOMORROW = datetime.now(UTC) + timedelta(days=1)


class Everybody(dict[int, Preferences]):
    """Customers who have never said how they want to be told."""

    def __missing__(self, customer_id: int) -> Preferences:
        return DEFAULT


class Nobody(dict[str, Audience]):
    """Topics to which nobody is subscribed."""

    def __missing__(self, topic: str) -> Audience:
        return Audience(0, ())


def compose(body: Draft | Batch, sender_id: str, may_send_to: Callable[[str], bool]) -> list[Notification]:
    known = Known(Everybody(), Nobody())
    return compose_module.compose(check(body, may_send_to), sender_id, known, datetime.now(UTC))


def everything(_topic: str) -> bool:
    return True


def nothing(_topic: str) -> bool:
    return False


def draft(**fields: Any) -> Draft:
    return Draft(title_text="Ready", **fields)


def test_a_receiver_gets_it_on_the_channel_that_is_theirs_alone() -> None:
    (made,) = compose(draft(receiver_id=42), "sender:shop", nothing)
    assert (made.channel, made.sender_id, made.title_text) == ("customer:42", "sender:shop", "Ready")


def test_customer_zero_is_a_receiver() -> None:
    assert [each.channel for each in compose(draft(receiver_id=0), "sender:shop", nothing)] == ["customer:0"]
    assert [each.channel for each in compose(draft(receiver_ids=[0]), "sender:shop", nothing)] == ["customer:0"]


def test_each_of_several_receivers_gets_one_of_their_own() -> None:
    made = compose(draft(receiver_ids=[3, 1, 2]), "sender:shop", nothing)
    assert [each.channel for each in made] == ["customer:3", "customer:1", "customer:2"]
    assert len({each.uid for each in made}) == 3


def test_a_receiver_who_is_named_twice_is_told_once() -> None:
    made = compose(draft(receiver_ids=[3, 1, 3]), "sender:shop", nothing)
    assert [each.channel for each in made] == ["customer:3", "customer:1"]


def test_a_topic_gets_one_for_all_its_listeners() -> None:
    (made,) = compose(draft(topic="order.created"), "sender:shop", everything)
    assert made.channel == "topic:order.created"


def test_everything_that_was_said_travels() -> None:
    said: dict[str, Any] = {
        "body_text": "b",
        "notes": "n",
        "event": "order.ready",
        "data": {"a": 1},
        "priority": "high",
        "send_at": TOMORROW,
        "expires_at": TOMORROW + timedelta(days=1),
        "collapse_key": "k",
    }
    (made,) = compose(draft(receiver_id=1, **said), "sender:shop", nothing)
    for name, value in said.items():
        assert getattr(made, name) == (b'{"a":1}' if name == "data" else value), name


def test_all_of_a_request_were_sent_at_the_same_time_and_sort_in_its_order() -> None:
    batch = Batch(notifications=[draft(receiver_id=number) for number in range(100)])
    before = datetime.now(UTC)
    made = compose(batch, "sender:shop", nothing)
    assert [each.channel for each in made] == [f"customer:{number}" for number in range(100)]
    (date_sent,) = {each.date_sent for each in made}
    assert before <= date_sent <= datetime.now(UTC)
    uids = [each.uid for each in made]
    assert uids == sorted(uids)
    assert {UUID(uid).version for uid in uids} == {7}


def test_a_time_to_send_that_is_over_means_now() -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    (made,) = compose(draft(receiver_id=1, send_at=past), "sender:shop", nothing)
    assert made.send_at is None
    (made,) = compose(draft(receiver_id=1, send_at=TOMORROW), "sender:shop", nothing)
    assert made.send_at == TOMORROW


def test_a_topic_that_the_token_does_not_cover_is_refused_by_its_place() -> None:
    with pytest.raises(TopicNotAllowed) as refusal:
        compose(draft(topic="order:1"), "sender:shop", nothing)
    assert refusal.value.loc == ["topic"]
    batch = Batch(notifications=[draft(receiver_id=1), draft(topic="news"), draft(topic="order:1")])
    with pytest.raises(TopicNotAllowed) as refusal:
        compose(batch, "sender:shop", lambda topic: topic == "news")
    assert refusal.value.loc == ["notifications", 2, "topic"]


def test_in_a_batch_of_one_the_place_is_that_of_the_batch() -> None:
    with pytest.raises(TopicNotAllowed) as refusal:
        compose(Batch(notifications=[draft(topic="order:1")]), "sender:shop", nothing)
    assert refusal.value.loc == ["notifications", 0, "topic"]


def test_a_request_has_a_bounded_number_of_receivers_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose_module, "NOTIFICATIONS_MAX", 5)
    pair = draft(receiver_ids=[1, 2])
    batch = Batch(notifications=[pair, pair, draft(topic="news")])
    assert len(compose(batch, "sender:shop", everything)) == 5
    with pytest.raises(InvalidFields) as refusal:
        compose(Batch(notifications=[pair, pair, pair]), "sender:shop", everything)
    assert refusal.value.errors == [
        {"loc": ["notifications"], "msg": "the receivers of one request may be up to 5 in all, not 6"}
    ]
