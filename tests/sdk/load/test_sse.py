"""Event streams: read as the tests' own parser reads them, which was written from the standard."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import position as positions
from app.deliver.frame import frame, numbered, retry
from app.sdk.load.sse import Event, Events
from tests.support.properties import PROPERTY
from tests.support.sse import Parser

LINES = st.sampled_from(
    ["data: a", "data:b", "data", "data:  c", "event: notification", "event:x", "id: 1-0", "id:", "id: a\0b"]
) | st.sampled_from([": hello", "retry: 1500", "retry: 1s", "", "", "whatever: x", "data: é🍕"])
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])
STREAMS = st.lists(st.tuples(LINES, ENDS), max_size=14).map(lambda lines: "".join(map("".join, lines)).encode())


@PROPERTY
@given(st.booleans(), STREAMS, st.lists(st.integers(0, 200), max_size=8))
@example(False, b"data: a\r\n\r\ndata: b\r\n\r\n", [8, 9, 10, 11])
@example(True, b"data: a\n\n", [1, 2, 3])
def test_streams_are_read_as_the_standard_says_wherever_they_are_cut(
    marked: bool, stream: bytes, cuts: list[int]
) -> None:
    stream = b"\xef\xbb\xbf" * marked + stream
    borders = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    events, trusted = Events(), Parser()
    read = [event for begin, end in pairwise(borders) for event in events.feed(stream[begin:end])]
    expected = trusted.feed(stream)
    assert [(each.id, each.name, each.data) for each in read] == [
        (None if each.id is None else each.id.encode(), each.event.encode(), each.data.encode()) for each in expected
    ]
    assert events.last_id.decode() == trusted.last_event_id
    assert events.retry_ms == trusted.retry_ms


def test_the_services_own_events_are_read_in_one_go() -> None:
    events = Events()
    assert events.feed(retry(1_234)) == []
    assert events.retry_ms == 1_234
    position = positions.from_ms(1_700_000_000_000)
    written = b"".join(numbered(position + each, frame("notification", b'{"n":%d}' % each)) for each in range(3))
    assert events.feed(written) == [
        Event(b"1700000000000-%d" % each, b"notification", b'{"n":%d}' % each) for each in range(3)
    ]
    assert events.last_id == b"1700000000000-2"


@pytest.mark.parametrize(
    ("stream", "is_between"),
    [
        (b"", False),  # it may begin with a byte order mark
        (b"data: a\n\n", True),
        (b": hello\n", True),
        (b"data: a\n", False),
        (b"event: a\n", False),
        (b"id: a\n", False),
        (b"data: a\n\r", False),  # its line feed may follow
        (b"data: a\n\nd", False),
    ],
)
def test_it_knows_when_nothing_is_half_read(stream: bytes, is_between: bool) -> None:
    events = Events()
    events.feed(stream)
    assert events.is_between is is_between
