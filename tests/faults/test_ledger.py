"""The count itself: each thing that it counts it finds, or the tests that stand on it would hold for nothing."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from app.sdk.load.script import MARK
from app.sdk.load.sse import Event
from tests.faults import mixture
from tests.faults.ledger import Count, Ledger, Sightings
from tests.faults.table import Table

RUN = "run"
PAIR = range(1, 3)


@pytest.fixture
def ledger() -> Ledger:
    """Two notifications were sent to two customers, and acknowledged."""
    ledger = Ledger()
    ledger.sent = 2
    ledger.acknowledge(["a", "b"], [PAIR, PAIR])
    return ledger


def count(ledger: Ledger, *seen: tuple[int, str, int]) -> Count:
    """Of what customers have seen, each time a uid at a place in the log."""
    sightings = Sightings(RUN)
    sightings.begin(PAIR, 0)
    for customer, uid, place in seen:
        event = Event(b"%d-0" % place, b"notification", orjson.dumps({"uid": uid, "data": {MARK: RUN}}))
        sightings.add(customer, sightings.batch([event]).numbers, place)
    return ledger.count(sightings, sightings.longest_silence_seconds, out_of_order=0, gaps=0)


class TestCount:
    def test_when_everybody_has_seen_all_nothing_is_broken(self, ledger: Ledger) -> None:
        whole = count(ledger, (1, "a", 1), (2, "a", 1), (1, "b", 2), (2, "b", 2))
        assert (whole.sent, whole.acknowledged, whole.seen) == (2, 2, 2)
        assert whole.broken() == []

    def test_what_one_customer_has_not_seen_is_lost(self, ledger: Ledger) -> None:
        assert count(ledger, (1, "a", 1), (2, "a", 1), (1, "b", 2)).broken() == ["lost"]

    def test_what_comes_again_is_duplicated_and_allowed_where_redis_may_have_lost_it(self, ledger: Ledger) -> None:
        again = count(ledger, (1, "a", 1), (2, "a", 1), (1, "b", 2), (2, "b", 2), (1, "a", 3))
        assert sorted(again.broken()) == ["disagreed", "duplicated"]
        assert again.broken(may_repeat=True) == []

    def test_connections_that_see_it_at_different_positions_disagree(self, ledger: Ledger) -> None:
        assert count(ledger, (1, "a", 1), (2, "a", 2), (1, "b", 3), (2, "b", 3)).broken() == ["disagreed"]

    def test_a_repeat_that_was_taken_for_a_new_one_is_strange(self, ledger: Ledger) -> None:
        seen = ((1, "a", 1), (2, "a", 1), (1, "b", 2), (2, "b", 2))
        assert count(ledger, *seen, (1, "c", 3)).broken(may_repeat=True) == ["strange"]

    def test_what_is_out_of_order_and_a_gap_are_broken_whatever_redis_has_lost(self, ledger: Ledger) -> None:
        whole = count(ledger, (1, "a", 1), (2, "a", 1), (1, "b", 2), (2, "b", 2))
        assert whole._replace(out_of_order=1).broken(may_repeat=True) == ["out_of_order"]
        assert whole._replace(gaps=1).broken(may_repeat=True) == ["gaps"]

    def test_silence_is_the_longest_of_any_connection(self, ledger: Ledger) -> None:
        assert count(ledger, (1, "a", 1), (2, "a", 1), (1, "b", 4), (2, "b", 9)).silence_seconds == 8


class TestMixture:
    def test_its_rate_is_what_it_says(self) -> None:
        cycle = [len(mixture.request(number, RUN).audiences) for number in range(mixture.CYCLE)]
        assert sum(cycle) == mixture.CYCLE_NOTIFICATIONS
        assert sum(cycle) / (len(cycle) * mixture.REQUEST_SECONDS) == pytest.approx(200)

    def test_it_goes_to_customers_groups_and_everybody_and_some_of_it_later(self) -> None:
        requests = [mixture.request(number, RUN) for number in range(10 * mixture.CYCLE)]
        sizes = Counter(len(audience) for each in requests for audience in each.audiences)
        assert set(sizes) == {1, 30, 300}
        assert min(sizes.values()) >= 10
        assert sum(b"send_at" in each.body for each in requests) == 10
        assert mixture.request(mixture.NEVER, RUN).audiences == (mixture.CUSTOMERS,)

    def test_who_should_see_it_is_who_asks_for_its_topic(self) -> None:
        for number in range(2 * mixture.CYCLE):
            request = mixture.request(number, RUN)
            drafts = orjson.loads(request.body)
            for draft, audience in zip(drafts.get("notifications", [drafts]), request.audiences, strict=True):
                if "topic" in draft:
                    assert list(audience) == [
                        each for each in mixture.CUSTOMERS if draft["topic"] in mixture.topics(each)
                    ]


class TestTable:
    def test_its_columns_are_aligned_and_its_markdown_is_a_table(self, ledger: Ledger) -> None:
        table = Table()
        assert not table
        table.add("something breaks", count(ledger, (1, "a", 1))._replace(sent=12_345))
        first, second = table.text()
        assert len(first) == len(second)
        assert second.split()[2] == "12,345"
        assert table.markdown().splitlines()[2] == "| something breaks | 12,345 | 2 | 0 | 2 | 0 | 0 | 1.0 s |"
