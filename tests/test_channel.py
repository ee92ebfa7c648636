"""Channels: the addresses of customers and topics, and which names a topic may have."""

from __future__ import annotations

import pytest

from app import channel


def test_a_customers_channel_names_the_customer_and_no_topic() -> None:
    address = channel.of_customer(42)
    assert address == "customer:42"
    assert channel.receiver_id(address) == 42
    assert channel.topic(address) is None


def test_customer_zero_is_a_customer() -> None:
    assert channel.receiver_id(channel.of_customer(0)) == 0


@pytest.mark.parametrize("name", ["order.created", "order:1001", "customer:42", "topic:a", "0"])
def test_a_topics_channel_names_the_topic_and_no_customer(name: str) -> None:
    address = channel.of_topic(name)
    assert address == f"topic:{name}"
    assert channel.topic(address) == name
    assert channel.receiver_id(address) is None


def test_no_topic_can_be_named_so_that_it_is_a_customers_channel() -> None:
    assert channel.of_topic("customer:42") != channel.of_customer(42)


@pytest.mark.parametrize("name", ["a", "Z9", "order.created", "order:1001", "a_b-c", "0", "a" * 100])
def test_names_that_a_topic_may_have(name: str) -> None:
    assert channel.is_topic(name)


@pytest.mark.parametrize(
    "name",
    ["", ".a", ":a", "-a", "_a", "a b", "a\n", "\na", "a\0", "a/b", "a?b", "a#b", "a*", "\u00e9", "\u0661", "a" * 101],
    ids=repr,
)
def test_names_that_no_topic_may_have(name: str) -> None:
    assert not channel.is_topic(name)
