"""Events: an entry of the log as browsers see it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app import position as positions
from app.deliver.event import NOBODY, WRITE_MAX_BYTES, cut, of_entry
from app.deliver.frame import frame
from app.entry import Entry, Kind
from tests.support.events import event, ids
from tests.support.properties import PROPERTY
from tests.support.sse import SentEvent, parse


def test_an_event_is_its_entry_with_the_position_as_its_id() -> None:
    position = positions.from_ms(1_700_000_000_000) + 3
    entry = Entry("topic:a", Kind.RECEIPT, frame("receipt", b"{}"), "", 1234, "key", position=position)
    event = of_entry(entry)
    assert parse(event.wire) == [SentEvent("1700000000000-3", "receipt", "{}")]
    assert (event.position, event.channel, event.expires_ms, event.collapse_key) == (position, "topic:a", 1234, "key")


def test_it_says_from_whom_it_is_withheld_and_what_it_takes_back() -> None:
    entry = Entry("topic:a", Kind.NOTIFICATION, frame("notification", b"{}"), "u1", position=1)
    bare = of_entry(entry)
    assert (bare.uid, bare.withheld, bare.retracts) == ("u1", NOBODY, "")
    assert bare.withheld is NOBODY, "nearly all are withheld from nobody"
    full = of_entry(entry._replace(uid="u2", withheld=(42, 0), retracts="u1"))
    assert (full.uid, full.withheld, full.retracts) == ("u2", frozenset({0, 42}), "u1")


@PROPERTY
@given(st.lists(st.integers(0, 2 * WRITE_MAX_BYTES), min_size=1, max_size=8), st.integers(0, 3))
def test_writes_are_bounded_and_say_how_far_they_bring_a_connection(sizes: list[int], ahead: int) -> None:
    events = [event(position, size=size) for position, size in enumerate(sizes, start=1)]
    pieces = list(cut(events, len(events) + ahead))
    assert b"".join(piece for _, piece in pieces) == b"".join(each.wire for each in events)
    for reach, piece in pieces[:-1]:
        assert ids(piece)[-1] == reach
    assert pieces[-1][0] == len(events) + ahead
    assert all(len(piece) <= WRITE_MAX_BYTES or len(ids(piece)) == 1 for _, piece in pieces)
    # As few as can be: no two that stand together would fit into one.
    first = [ids(piece)[0] for _, piece in pieces]
    for number in range(len(pieces) - 1):
        assert len(pieces[number][1]) + len(events[first[number + 1] - 1].wire) > WRITE_MAX_BYTES
