"""Parties: who takes part in an order, as its events name them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.accept.parties import Parties

ENDED = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_later_event_need_not_name_them_again() -> None:
    parties = Parties(customer_id=1).joined(Parties(courier_id=2)).joined(Parties()).joined(Parties(kitchen_id=3))
    assert parties == Parties(1, 2, 3)
    assert parties.members == {1, 2, 3}


def test_whom_a_later_event_names_takes_the_place_of_the_one_before() -> None:
    assert Parties(1, 2, 3).joined(Parties(courier_id=4)) == Parties(1, 4, 3)


def test_customer_zero_takes_part() -> None:
    assert Parties(1).joined(Parties(customer_id=0)).members == {0}


def test_who_plays_two_parts_is_one_member() -> None:
    assert Parties(customer_id=1, courier_id=1).members == {1}


def test_an_order_that_has_ended_has_no_members_but_is_remembered() -> None:
    ended = Parties(1, 2, 3).joined(Parties(date_ended=ENDED))
    assert ended.members == set()
    assert ended.customer_id == 1


@pytest.mark.parametrize("later", [Parties(9, 9, 9), Parties(date_ended=ENDED + timedelta(days=1)), Parties()])
def test_an_order_that_has_ended_stays_so_and_takes_nobody_in(later: Parties) -> None:
    ended = Parties(1, 2, 3, ENDED)
    assert ended.joined(later) == ended


def test_the_event_that_ends_an_order_may_still_name_somebody() -> None:
    assert Parties(1).joined(Parties(courier_id=2, date_ended=ENDED)) == Parties(1, 2, None, ENDED)
