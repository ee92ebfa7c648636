"""Tallies: what is counted, and how well it is remembered how long things took."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import position as positions
from app import tally
from app.notification import Withheld
from app.steps import Begun, Statement
from app.tally import Key, Tally
from tests.support.notifications import notification
from tests.support.properties import PROPERTY
from tests.support.service import run_python

SENT = datetime(2026, 1, 1, 12, 59, 59, 999_999, tzinfo=UTC)
HOUR = 1767272400 // 3600 - 1  # 2026-01-01T12:00:00Z
NOTIFICATION = notification(channel="topic:news", date_sent=SENT)
MONTH_MS = 31 * 86_400_000
durations = st.one_of(st.floats(0, 10_000), st.floats(0, MONTH_MS), st.integers(0, 200))


def histogram(milliseconds: list[float]) -> int:
    return sum(tally.one(each) for each in milliseconds)


# -- Hours ------------------------------------------------------------------------------------------


def test_an_hour_begins_with_its_first_moment() -> None:
    assert tally.hour_of(SENT) == HOUR
    assert tally.hour_of(SENT + timedelta(microseconds=1)) == HOUR + 1
    assert tally.hour_of(SENT.astimezone()) == HOUR


# -- Durations --------------------------------------------------------------------------------------


@pytest.mark.parametrize("milliseconds", [0, 0.04, -1, -100_000])
def test_no_time_at_all_and_less_than_that_are_the_first_bucket(milliseconds: float) -> None:
    assert tally.bucket_of(milliseconds) == 0
    assert tally.quantiles(tally.counts_of(tally.one(milliseconds)), [0.5]) == [0.0]


def test_a_histogram_of_nothing_has_no_buckets() -> None:
    assert list(tally.counts_of(0)) == []


@PROPERTY
@given(st.lists(durations, min_size=1, max_size=40), st.sampled_from([0.01, 0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_right_within_a_tenth(milliseconds: list[float], share: float) -> None:
    exact = sorted(milliseconds)[ceil(share * len(milliseconds)) - 1]
    (about,) = tally.quantiles(tally.counts_of(histogram(milliseconds)), [share])
    # Below a millisecond, of a millisecond: clocks are no better.
    assert abs(about - exact) <= 0.1 * (exact + 1) + 0.05


@PROPERTY
@given(durations, durations)
def test_what_took_longer_is_in_no_lower_bucket(one: float, other: float) -> None:
    shorter, longer = sorted([one, other])
    assert tally.bucket_of(shorter) <= tally.bucket_of(longer)


@PROPERTY
@given(st.lists(durations, max_size=20), st.lists(durations, max_size=20))
def test_the_sum_of_two_histograms_is_that_of_all_their_durations(one: list[float], other: list[float]) -> None:
    counts = tally.counts_of(histogram(one) + histogram(other))
    assert sum(counts) == len(one) + len(other)
    for bucket, count in enumerate(counts):
        assert count == sum(tally.bucket_of(each) == bucket for each in one + other)


def test_half_of_two_is_the_first_and_nearly_all_is_the_last() -> None:
    counts = tally.counts_of(histogram([10, 1000]))
    low, high = tally.quantiles(counts, [0.5, 0.95])
    assert low == pytest.approx(10, rel=0.11)
    assert high == pytest.approx(1000, rel=0.11)


def test_a_bucket_has_room_for_four_billion() -> None:
    full = (2**32 - 1) * tally.one(100)
    assert sum(tally.counts_of(full + tally.one(10_000))) == 2**32


# -- What is counted --------------------------------------------------------------------------------


def test_tallies_are_added_up_number_by_number() -> None:
    numbers = range(1, len(Tally._fields) + 1)
    one, other = Tally(*numbers), Tally(*(10 * each for each in numbers))
    assert one.plus(other) == other.plus(one) == Tally(*(11 * each for each in numbers))
    assert Tally().plus(one) == one
    received = Tally(received=tally.one(2))
    assert list(tally.counts_of(received.plus(received).received))[tally.bucket_of(2)] == 2


def test_what_is_kept_from_nobody_is_not_counted_before_it_is_carried() -> None:
    assert tally.of_accepted([NOTIFICATION, replace(NOTIFICATION, send_at=SENT, release_at=SENT)]) == {}


def test_those_from_whom_it_is_kept_are_counted_by_the_reason() -> None:
    withheld = (Withheld(1), Withheld(2, "u2"), Withheld(3))
    own = replace(NOTIFICATION, channel="customer:9", release_at=SENT + timedelta(hours=3))
    copy = replace(own, copy_of="u", receivers=0)
    counted = tally.of_accepted([replace(NOTIFICATION, withheld=withheld), copy, own])
    assert counted == {Key(HOUR, "notice"): Tally(muted=2, held=2)}


def test_kinds_and_hours_are_counted_by_themselves() -> None:
    muted = replace(NOTIFICATION, withheld=(Withheld(1),))
    later = replace(muted, date_sent=SENT + timedelta(hours=1))
    counted = tally.of_accepted([muted, replace(muted, event="order.ready"), later])
    assert counted == {
        Key(HOUR, "notice"): Tally(muted=1),
        Key(HOUR, "order.ready"): Tally(muted=1),
        Key(HOUR + 1, "notice"): Tally(muted=1),
    }


def recorded(took_ms: int, due_at: datetime = SENT, receivers: int = 1, event: str = "notice") -> tally.Recorded:
    carried_at = due_at + timedelta(milliseconds=took_ms)
    return tally.Recorded(event, SENT, due_at, positions.from_ms(int(carried_at.timestamp() * 1000)) + 5, receivers)


def test_what_is_carried_is_counted_in_the_hour_in_which_it_was_accepted_from_when_it_was_due() -> None:
    due_at = SENT + timedelta(days=3)
    ((key, counted),) = tally.of_recorded([recorded(100, due_at, receivers=7)]).items()
    assert key == Key(HOUR, "notice")
    assert counted.receivers == 7
    assert tally.quantiles(tally.counts_of(counted.carried), [0.5]) == [pytest.approx(100, rel=0.11)]


def test_of_many_every_one_is_counted() -> None:
    many = [recorded(each % 7, receivers=each % 3, event=f"kind{each % 2}") for each in range(1000)]
    counted = tally.of_recorded(many)
    assert set(counted) == {Key(HOUR, "kind0"), Key(HOUR, "kind1")}
    assert [sum(tally.counts_of(each.carried)) for each in counted.values()] == [500, 500]
    assert sum(each.receivers for each in counted.values()) == sum(each % 3 for each in range(1000))


def test_clocks_that_disagree_make_no_time_negative() -> None:
    ((_, counted),) = tally.of_recorded([recorded(-400)]).items()
    assert list(tally.counts_of(counted.carried)) == [1]


def test_nothing_is_nothing() -> None:
    assert tally.of_recorded([]) == tally.of_accepted([]) == {}


def write(ledger: tally.Ledger, tallies: tally.Tallies, hour: int) -> tuple[list[Statement], tally.Ledger]:
    """The statements that add to a ledger (which are given no rows), and the ledger from then on."""
    begun = Begun(ledger.add(tallies, hour))
    statements: list[Statement] = []
    while begun.asked:
        statements += begun.asked
        begun.go_on([()] * len(begun.asked))
    return statements, begun.result


class TestLedger:
    """Tallies of a single writer."""

    @pytest.fixture(autouse=True)
    def of_sqlite(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.database.is_sqlite", lambda: True)

    def test_what_it_has_written_it_knows_without_asking(self) -> None:
        ledger = tally.Ledger()
        for muted in (1, 2, 4):
            [statement], ledger = write(ledger, {Key(HOUR, "notice"): Tally(muted=muted)}, HOUR)
            assert statement.sql.startswith("INSERT")
        assert statement.values[:3] == [HOUR, "notice", ledger.shard]
        assert statement.values[4] == 1 + 2 + 4

    def test_what_was_not_committed_is_not_known(self) -> None:
        [_], committed = write(tally.Ledger(), {Key(HOUR, "notice"): Tally(muted=1)}, HOUR)
        for _ in range(2):
            [statement], _ = write(committed, {Key(HOUR, "notice"): Tally(muted=2)}, HOUR)
            assert statement.values[2:5] == [committed.shard, 0, 1 + 2]

    def test_it_keeps_to_rows_of_its_own_until_it_can_not_know_what_they_hold(self) -> None:
        ledger = tally.Ledger()
        shards = []
        for hour in (HOUR, HOUR, HOUR + 1):
            [statement], ledger = write(ledger, {Key(hour, "notice"): Tally(muted=1)}, hour)
            shards.append(statement.values[2])
        [statement], ledger = write(tally.Ledger(), {Key(HOUR + 1, "notice"): Tally(muted=1)}, HOUR + 1)
        assert statement.values[4] == 1
        assert len({*shards, statement.values[2]}) == 3
        assert shards[0] == shards[1]

    def test_what_is_of_an_hour_before_is_asked_for(self) -> None:
        [first, *_], _ = write(tally.Ledger(), {Key(HOUR - 1, "notice"): Tally(muted=1)}, HOUR)
        assert first.sql.startswith("SELECT")

    def test_nothing_is_nothing(self) -> None:
        assert write(tally.Ledger(), {}, HOUR)[0] == []


TWO = """
import asyncio, sys
from app import database, tally
from app.steps import together

SHARDS = (1, 2)


def added(more):
    yield from together(*(tally.add({tally.Key(1, "notice"): more}, shard) for shard in SHARDS))


async def main():
    await database.connect(sys.argv[1])
    for _ in range(3):
        await database.perform(added, tally.Tally(receivers=1, carried=tally.one(5)))
    for row in await database.connection().execute_query_dict("SELECT * FROM tally"):
        print(tally.of_row(row) == tally.Tally(receivers=3, carried=3 * tally.one(5)))
    await database.disconnect()


asyncio.run(main())
"""


def test_what_is_added_beside_something_else_is_added(migrated_url: str) -> None:
    done = run_python("-c", TWO, migrated_url)
    assert done.stdout.splitlines() == ["True", "True"], done.stderr
