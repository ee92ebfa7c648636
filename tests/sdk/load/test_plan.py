"""A plan is refused before anything is started, with a sentence that says what would do."""

from __future__ import annotations

import os
from typing import Any

import pytest

from app.sdk.errors import BadParameter
from app.sdk.load.plan import Plan


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"customers": 0},
            "customers=0 must be a whole number from 1 to 25,000 (one address has about 28,000 ports to one server).",
        ),
        ({"customers": 2.5}, "customers=2.5 must be a whole number from 1 to 25,000 "),
        ({"customers": True}, "customers=True must be a whole number "),
        ({"customers": 25_001}, "customers=25001 must be a whole number from 1 to 25,000 "),
        ({"rate": 0}, "rate=0 must be a number above 0 and up to 20,000 notifications a second "),
        ({"rate": -1.5}, "rate=-1.5 must be a number above 0 "),
        ({"rate": float("nan")}, "rate=nan must be a number above 0 "),
        ({"rate": "100"}, "rate='100' must be a number above 0 "),
        ({"seconds": 0}, "seconds=0 must be a number above 0 and up to 86,400 (a day)."),
        ({"pattern": "storm"}, "pattern='storm' must be one of steady, burst, rush_hour, order_day."),
        ({"audience": "everybody"}, "audience='everybody' must be one of customer, topic."),
        ({"senders": 0}, "senders=0 must be a whole number from 1 to 200 (connections of one process), or None."),
        (
            {"batch": 1_001},
            "batch=1001 must be a whole number from 1 to 1,000 (the service takes no more in one request).",
        ),
        ({"processes": 65}, "processes=65 must be a whole number from 1 to 64, or None."),
        ({"grace_seconds": 0}, "grace_seconds=0 must be a number above 0 and up to 600."),
        ({"seed": "x"}, "seed='x' must be a whole number."),
        (
            {"pattern": "order_day", "audience": "topic"},
            "audience='topic' must be 'customer' with order_day: an order has one customer.",
        ),
        (
            {"rate": 1_000, "seconds": 501},
            "seconds=501 must make up to 500,000 notifications with rate=1000, not 501,000: all of them are kept ",
        ),
        (
            {"customers": 10_000, "rate": 40, "seconds": 20, "audience": "topic"},
            "customers=10000 must make up to 5,000,000 deliveries of 800 notifications to a topic, not 8,000,000: ",
        ),
    ],
)
def test_what_can_not_be_done_is_refused_by_name(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadParameter) as refused:
        Plan(**wrong)
    assert str(refused.value).startswith(sentence)


def test_the_bounds_themselves_are_allowed() -> None:
    assert Plan(customers=25_000, rate=20_000, seconds=25).notifications == 500_000
    assert Plan(customers=5_000, rate=100, seconds=10, audience="topic").deliveries == 5_000_000


def test_at_least_one_notification_is_sent() -> None:
    assert Plan(rate=0.1, seconds=1).notifications == 1


def test_to_a_topic_each_goes_to_everybody() -> None:
    assert Plan(customers=7, rate=10, seconds=2).deliveries == 20
    assert Plan(customers=7, rate=10, seconds=2, audience="topic").deliveries == 140


def test_there_are_enough_senders_for_the_most_that_is_due_at_once() -> None:
    assert Plan(rate=10).sending == 4
    assert Plan(rate=500).sending == 50
    assert Plan(rate=500, batch=10).sending == 5
    assert Plan(rate=100, pattern="burst").sending == 100
    assert Plan(rate=20_000, seconds=1).sending == 200
    assert Plan(rate=500, senders=3).sending == 3


def test_the_service_has_a_core_to_itself_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert Plan(customers=100).listeners == 1
    assert Plan(customers=5_000).listeners == 2
    assert Plan(customers=20_000).listeners == 3
    assert Plan(customers=2, processes=5).listeners == 2
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert Plan(customers=20_000).listeners == 1
