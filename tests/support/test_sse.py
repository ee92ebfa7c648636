"""The parser that other tests trust, on the standard's own examples (HTML § 9.2.6)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.sse import Parser, SentEvent, parse


def test_the_lines_of_an_event_are_joined() -> None:
    assert parse(b"data: YHOO\ndata: +2\ndata: 10\n\n") == [SentEvent(None, "message", "YHOO\n+2\n10")]


def test_an_id_stays_until_another_one_comes_and_an_empty_one_clears_it() -> None:
    parser = Parser()
    events = parser.feed(b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n")
    assert events == [SentEvent("1", "message", "first event"), SentEvent("", "message", "second event")]
    assert parser.last_event_id == ""
    assert parser.feed(b"data:  third event\n\n") == [SentEvent(None, "message", " third event")]


def test_empty_data_is_dispatched_and_no_data_is_not() -> None:
    assert [event.data for event in parse(b"data\n\ndata\ndata\n\ndata:")] == ["", "\n"]
    parser = Parser()
    assert parser.feed(b"event: x\nid: 7\n\n") == []
    assert parser.last_event_id == "7"


def test_one_space_after_the_colon_is_dropped() -> None:
    assert parse(b"data:test\n\ndata: test\n\n") == [SentEvent(None, "message", "test")] * 2


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_lines_end_in_each_of_three_ways(end: bytes) -> None:
    stream = b"event: x" + end + b"data: a" + end + end
    whole = Parser()
    assert whole.feed(stream + b"data: b" + end + end) == [SentEvent(None, "x", "a"), SentEvent(None, "message", "b")]


def test_an_id_with_nul_and_a_retry_that_is_no_number_are_ignored() -> None:
    parser = Parser()
    assert parser.feed(b"id: a\0b\nretry: 1s\ndata: x\n\n") == [SentEvent(None, "message", "x")]
    assert parser.last_event_id == ""
    assert parser.retry_ms is None
    parser.feed(b"retry: 1500\n\n")
    assert parser.retry_ms == 1500


def test_a_byte_order_mark_is_dropped_once_and_only_at_the_start() -> None:
    assert [event.data for event in parse("\ufeffdata: a\n\n\ufeffdata: b\n\n".encode())] == ["a"]


@settings(derandomize=True, database=None, deadline=None, max_examples=50)
@given(
    st.text(alphabet="\r\n:d\u00e9\U0001f600", max_size=8).map(
        lambda text: f"data: {text}\n\ndata: x\r\n\r\n".encode()
    ),
    st.data(),
)
def test_it_does_not_matter_where_the_stream_is_cut(stream: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(stream)))
    parser = Parser()
    assert parser.feed(stream[:cut]) + parser.feed(stream[cut:]) == parse(stream)
