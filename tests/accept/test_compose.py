"""Composing: a request's drafts become the notifications that travel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.accept import compose as compose_module
from app.accept.compose import check, retraction
from app.accept.draft import Batch, Draft
from app.accept.known import Audience, Known
from app.errors import InvalidFields, TopicNotAllowed
from app.notification import Notification, Withheld
from app.preferences import DEFAULT, Preferences, QuietHours

TOMORROW = datetime.now(UTC) + timedelta(days=1)
NIGHT = datetime(2026, 1, 10, 23, tzinfo=UTC)
MORNING = datetime(2026, 1, 11, 7, tzinfo=UTC)
MUTING = Preferences(muted_kinds=frozenset({"news"}))
SLEEPING = Preferences(quiet_hours=QuietHours(time(22), time(7)))


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
    return compose_module.compose(check(body, may_send_to, datetime.now(UTC)), sender_id, known, datetime.now(UTC))


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


def test_what_has_expired_already_is_refused_whenever_it_was_to_be_sent() -> None:
    past = {"send_at": datetime(2020, 1, 1, tzinfo=UTC), "expires_at": datetime(2021, 1, 1, tzinfo=UTC)}
    with pytest.raises(InvalidFields) as refusal:
        compose(draft(receiver_id=1, **past), "sender:shop", everything)
    assert refusal.value.errors == [{"loc": ["expires_at"], "msg": "must be in the future"}]
    batch = Batch(notifications=[draft(receiver_id=1), draft(receiver_id=1, **past), draft(topic="a", **past)])
    with pytest.raises(InvalidFields) as refusal:
        compose(batch, "sender:shop", everything)
    assert [each["loc"] for each in refusal.value.errors] == [["notifications", at, "expires_at"] for at in (1, 2)]


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


# -- What receivers want ----------------------------------------------------------------------------


def to_one(preferences: Preferences, now: datetime = NIGHT, **fields: Any) -> Notification:
    (made,) = compose_module.compose([draft(receiver_id=1, **fields)], "sender:shop", Known({1: preferences}, {}), now)
    return made


def to_topic(audience: Audience, now: datetime = NIGHT, **fields: Any) -> list[Notification]:
    known = Known({}, {"news": audience})
    return compose_module.compose([draft(topic="news", event="news", **fields)], "sender:shop", known, now)


def test_what_a_receiver_has_muted_is_sent_to_nobody_and_is_not_late() -> None:
    made = to_one(MUTING, event="news")
    assert made.withheld == (Withheld(1),)
    assert (made.release_at, made.receivers) == (None, 1)
    assert to_one(MUTING, event="notice").withheld == ()
    assert to_one(MUTING, event="news", priority="high").withheld == ()


def test_what_falls_into_quiet_hours_is_released_at_their_end() -> None:
    made = to_one(SLEEPING)
    assert (made.send_at, made.release_at, made.withheld) == (None, MORNING, ())
    assert to_one(SLEEPING, priority="high").release_at is None
    assert to_one(SLEEPING, now=MORNING).release_at is None


def test_what_is_to_be_sent_in_quiet_hours_waits_for_their_end() -> None:
    noon = NIGHT - timedelta(hours=11)
    made = to_one(SLEEPING, now=noon, send_at=NIGHT)
    assert (made.send_at, made.release_at) == (NIGHT, MORNING)
    made = to_one(SLEEPING, now=noon, send_at=NIGHT - timedelta(hours=2))
    assert made.send_at == made.release_at == NIGHT - timedelta(hours=2)


def test_what_is_sent_in_quiet_hours_for_a_time_after_them_goes_at_that_time() -> None:
    made = to_one(SLEEPING, send_at=MORNING + timedelta(hours=1))
    assert made.send_at == made.release_at == MORNING + timedelta(hours=1)


def test_what_is_muted_is_not_held_as_well() -> None:
    both = Preferences(muted_kinds=MUTING.muted_kinds, quiet_hours=SLEEPING.quiet_hours)
    made = to_one(both, event="news")
    assert (made.withheld, made.release_at) == ((Withheld(1),), None)


def test_of_a_topic_s_subscribers_some_get_it_now_some_later_and_some_not_at_all() -> None:
    topical, copy = to_topic(Audience(5, ((1, MUTING), (2, SLEEPING), (3, Preferences("ru")))))
    assert (topical.channel, topical.receivers, topical.release_at) == ("topic:news", 5, None)
    assert topical.withheld == (Withheld(1), Withheld(2, copy.uid))
    assert (copy.channel, copy.release_at, copy.copy_of, copy.receivers) == ("customer:2", MORNING, topical.uid, 0)
    assert copy.uid != topical.uid
    assert (copy.title_text, copy.event, copy.sender_id) == (topical.title_text, topical.event, topical.sender_id)


def test_a_copy_follows_what_it_stands_for() -> None:
    """Uids are the order in which what is due is carried."""
    made = to_topic(Audience(3, ((1, SLEEPING), (2, SLEEPING))))
    assert [each.uid for each in made] == sorted(each.uid for each in made)


def test_a_topic_s_notification_that_nobody_is_kept_from_is_one() -> None:
    (made,) = to_topic(Audience(2, ((1, SLEEPING), (2, MUTING))), priority="high")
    assert (made.withheld, made.receivers) == ((), 2)


def test_a_scheduled_topic_is_held_from_those_whose_quiet_hours_it_falls_into() -> None:
    noon = NIGHT - timedelta(hours=11)
    tokyo = Preferences(time_zone="Asia/Tokyo", quiet_hours=SLEEPING.quiet_hours)
    topical, copy = to_topic(Audience(2, ((1, SLEEPING), (2, tokyo))), now=noon, send_at=NIGHT)
    assert topical.send_at == topical.release_at == NIGHT
    assert topical.withheld == (Withheld(1, copy.uid),)
    assert (copy.send_at, copy.release_at) == (NIGHT, MORNING)


def test_customers_are_known_by_their_preferences_each() -> None:
    known = Known({1: MUTING, 2: DEFAULT, 3: SLEEPING}, {})
    made = compose_module.compose([draft(receiver_ids=[3, 1, 2], event="news")], "sender:shop", known, NIGHT)
    assert [(each.channel, bool(each.withheld), each.release_at) for each in made] == [
        ("customer:3", False, MORNING),
        ("customer:1", True, None),
        ("customer:2", False, None),
    ]


# -- Taking back ------------------------------------------------------------------------------------


def test_what_takes_a_notification_back_goes_the_same_way_and_says_nothing_else() -> None:
    notification = to_one(SLEEPING, body_text="secret", notes="n", data={"a": 1}, collapse_key="k", expires_at=TOMORROW)
    made = retraction(notification, MORNING)
    assert (made.retracts, made.channel, made.sender_id, made.event) == (
        notification.uid,
        "customer:1",
        "sender:shop",
        "notice",
    )
    assert made.uid > notification.uid
    assert (made.title_text, made.body_text, made.notes, made.data) == ("", "", None, None)
    assert (made.date_sent, made.send_at, made.release_at) == (MORNING, None, None)
    # It must be heard whatever the notification was: it replaces nothing, never expires, and is for nobody to receive.
    assert (made.collapse_key, made.expires_at, made.receivers, made.withheld) == (None, None, 0, ())
