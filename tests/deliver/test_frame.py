"""Frames: whatever a sender writes, a browser reads back exactly that, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import position as positions
from app.deliver import frame
from app.entry import Kind
from tests.support.notifications import notification
from tests.support.properties import PROPERTY
from tests.support.sse import Parser, SentEvent

NOTIFICATION = notification()
POSITION = positions.from_ms(1_700_000_000_000) + 7
ID = "1700000000000-7"

# Pieces with which text might break out of its line, or out of its event.
HOSTILE = ["\r", "\n", "\r\n", "\0", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1e", "\ufeff", ":", " ", '"', "\\"]
HOSTILE += ["\ndata:", "\nid: 9-9", "\n\nevent: gap\ndata: {}\n\n", "retry: 1\n", "id:", "\U0001f355"]
texts = (
    st.lists(st.sampled_from(HOSTILE) | st.text(max_size=3), max_size=6)
    .map("".join)
    .filter(lambda text: not any("\ud800" <= character <= "\udfff" for character in text))
)


def read(stream: bytes) -> tuple[list[SentEvent], Parser]:
    """What a browser makes of a stream into which a frame was put, and how that leaves it."""
    parser = Parser()
    events = parser.feed(b"id: before\nretry: 4321\ndata: before\n\n" + stream + b"data: after\n\n")
    assert events[0].data == "before"
    assert events[-1] == SentEvent(None, "message", "after"), "what follows was swallowed"
    return events[1:-1], parser


@PROPERTY
@given(title=texts, body=texts, notes=st.none() | texts, event=texts, key=st.none() | texts, value=texts, name=texts)
@example(title="\n\n", body="\r", notes="\0", event="\n\nid: 1", key="\ndata:", value="\u2028", name="\r\n")
def test_no_text_breaks_out_of_its_event(
    title: str, body: str, notes: str | None, event: str, key: str | None, value: str, name: str
) -> None:
    notification = replace(
        NOTIFICATION,
        title_text=title,
        body_text=body,
        notes=notes,
        event=event,
        collapse_key=key,
        data=orjson.dumps({name: value}),
    )
    events, parser = read(frame.numbered(POSITION, frame.notification_entry(notification).frame))
    (only,) = events
    assert (only.id, only.event) == (ID, "notification")
    assert (parser.last_event_id, parser.retry_ms) == (ID, 4321)
    seen: dict[str, Any] = json.loads(only.data)
    assert (seen["title_text"], seen["body_text"], seen["notes"], seen["event"]) == (title, body, notes, event)
    assert seen["data"] == {name: value}
    assert seen.get("collapse_key") == key


@PROPERTY
@given(st.dictionaries(texts, texts, max_size=3))
def test_no_receipt_breaks_out_of_its_event(data: dict[str, str]) -> None:
    entry = frame.receipt_entry("customer:42", data)
    (only,), _ = read(frame.numbered(POSITION, entry.frame))
    assert (only.id, only.event, json.loads(only.data)) == (ID, "receipt", data)
    assert (entry.channel, entry.kind, entry.uid) == ("customer:42", Kind.RECEIPT, "")


def test_without_a_number_the_browser_keeps_the_id_that_it_saw_last() -> None:
    (only,), parser = read(frame.frame("drain", b'{"reason":"shutdown"}'))
    assert only == SentEvent(None, "drain", '{"reason":"shutdown"}')
    assert parser.last_event_id == "before"


def test_an_event_without_data_reaches_the_page_and_moves_its_cursor() -> None:
    (only,), parser = read(frame.numbered(POSITION, frame.frame("heartbeat")))
    assert only == SentEvent(ID, "heartbeat", "")
    assert parser.last_event_id == ID


def test_retry_sets_the_time_and_dispatches_nothing() -> None:
    events, parser = read(frame.retry(1500))
    assert events == []
    assert (parser.retry_ms, parser.last_event_id) == (1500, "before")


def test_a_browser_that_is_cut_off_before_the_first_id_keeps_the_one_that_it_came_with() -> None:
    events, parser = read(frame.retry(1500, POSITION))
    assert events == []
    assert (parser.retry_ms, parser.last_event_id) == (1500, ID)


def test_the_number_is_all_that_a_web_process_adds() -> None:
    entry = frame.notification_entry(NOTIFICATION)
    assert frame.numbered(POSITION, entry.frame) == f"id: {ID}\n".encode() + entry.frame


def test_the_entry_says_what_the_log_and_the_window_need() -> None:
    expires_at = datetime(2026, 2, 1, 0, 0, 0, 999_999, tzinfo=UTC)
    entry = frame.notification_entry(replace(NOTIFICATION, expires_at=expires_at, collapse_key="k"))
    assert (entry.channel, entry.kind, entry.uid) == ("customer:42", Kind.NOTIFICATION, NOTIFICATION.uid)
    assert (entry.expires_ms, entry.collapse_key) == (int(expires_at.timestamp() * 1000), "k")
    plain = frame.notification_entry(NOTIFICATION)
    assert (plain.expires_ms, plain.collapse_key, plain.position) == (0, "", 0)


@pytest.mark.parametrize("character", ["\r", "\n", "\u2028", "\u2029"])
def test_a_frame_is_two_lines_and_a_blank_one_whatever_it_says(character: str) -> None:
    entry = frame.notification_entry(replace(NOTIFICATION, title_text=character))
    assert entry.frame.count(b"\n") == 3
    assert b"\r" not in entry.frame
