"""Entries: what the log carries."""

from __future__ import annotations

import pytest

from app.entry import Entry, Kind, SubscriptionChange, customer_entry


@pytest.mark.parametrize("subscribed", [True, False])
@pytest.mark.parametrize("customer_id", [0, 42, 2**63 - 1])
def test_a_change_of_a_subscription_survives_the_way_through_the_log(customer_id: int, subscribed: bool) -> None:
    change = SubscriptionChange(customer_id, "order:1001", subscribed)
    assert SubscriptionChange.of_entry(change.to_entry()) == change


def test_a_change_is_addressed_to_its_customer_and_carries_no_uid() -> None:
    entry = SubscriptionChange(42, "news", True).to_entry()
    assert (entry.channel, entry.kind, entry.uid) == ("customer:42", Kind.SUBSCRIPTION, "")


def test_a_change_of_a_customer_is_addressed_to_them_and_says_no_more() -> None:
    entry = customer_entry(42)
    assert (entry.channel, entry.kind, entry.uid, entry.frame) == ("customer:42", Kind.CUSTOMER, "", b"")


def test_an_entry_has_no_place_never_expires_replaces_nothing_and_is_for_all_unless_told_so() -> None:
    entry = Entry("customer:1", Kind.RECEIPT, b"data: x\n\n")
    assert (entry.position, entry.expires_ms, entry.collapse_key) == (0, 0, "")
    assert (entry.withheld, entry.retracts) == ((), "")


def test_browsers_see_the_first_three_kinds_and_web_processes_the_others() -> None:
    assert [str(kind) for kind in Kind] == ["notification", "receipt", "retract", "subscription", "customer", "unknown"]
