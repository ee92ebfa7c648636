"""Entries: what the log carries."""

from __future__ import annotations

import pytest

from app.entry import Entry, Kind, SubscriptionChange


@pytest.mark.parametrize("subscribed", [True, False])
@pytest.mark.parametrize("customer_id", [0, 42, 2**63 - 1])
def test_a_change_of_a_subscription_survives_the_way_through_the_log(customer_id: int, subscribed: bool) -> None:
    change = SubscriptionChange(customer_id, "order:1001", subscribed)
    assert SubscriptionChange.of_entry(change.to_entry()) == change


def test_a_change_is_addressed_to_its_customer_and_carries_no_uid() -> None:
    entry = SubscriptionChange(42, "news", True).to_entry()
    assert (entry.channel, entry.kind, entry.uid) == ("customer:42", Kind.SUBSCRIPTION, "")


def test_an_entry_has_no_place_never_expires_and_replaces_nothing_unless_told_so() -> None:
    entry = Entry("customer:1", Kind.RECEIPT, b"data: x\n\n")
    assert (entry.position, entry.expires_ms, entry.collapse_key) == (0, 0, "")


def test_browsers_see_these_kinds() -> None:
    assert {str(kind) for kind in Kind} == {"notification", "receipt", "subscription"}
