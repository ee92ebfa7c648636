"""Drafts: whatever a sender may write, it is taken whole or refused with the name of each bad field."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accept.draft import Batch, Draft, parse
from app.errors import InvalidFields, InvalidJSON
from tests.support.properties import PROPERTY

GOOD: dict[str, Any] = {"receiver_id": 42, "title_text": "Ready"}
TOMORROW = datetime.now(UTC) + timedelta(days=1)


def name_of(value: object) -> str:
    """A test's name: the same in every process that collects it, whatever the time."""
    return re.sub(r"[0-9]", "0", repr(value)[:40])


def encoded(value: object) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def draft(**fields: Any) -> Draft:
    parsed = parse(encoded(GOOD | fields))
    assert isinstance(parsed, Draft)
    return parsed


def problems(body: object) -> list[tuple[str, str]]:
    """Of a refused body: each bad field's place, and what is said of it."""
    with pytest.raises(InvalidFields) as refusal:
        parse(encoded(body))
    return [(".".join(map(str, error["loc"])), error["msg"]) for error in refusal.value.errors]


def places(body: object) -> list[str]:
    return [place for place, _ in problems(body)]


class TestOne:
    def test_a_title_and_a_receiver_are_enough(self) -> None:
        taken = draft()
        assert (taken.receiver_id, taken.title_text) == (42, "Ready")
        assert (taken.body_text, taken.event, taken.priority) == ("", "notice", "normal")
        absent = (taken.notes, taken.data, taken.send_at, taken.expires_at, taken.collapse_key)
        assert absent == (None,) * 5

    def test_everything_that_may_be_said_is_kept(self) -> None:
        later = TOMORROW + timedelta(days=1)
        taken = draft(
            title_text="T" * 200,
            body_text="B" * 4000,
            notes="N" * 4000,
            event="order.out_for_delivery",
            data={"order": {"id": 1001, "items": ["a", 2.5, None, True]}},
            priority="high",
            send_at=TOMORROW.isoformat(),
            expires_at=later.isoformat(),
            collapse_key="order:1001",
        )
        assert taken.data == b'{"order":{"id":1001,"items":["a",2.5,null,true]}}'
        assert (taken.send_at, taken.expires_at) == (TOMORROW, later)
        assert (len(taken.title_text), len(taken.body_text), len(taken.notes or "")) == (200, 4000, 4000)

    @pytest.mark.parametrize(
        ("receiver", "value"),
        [
            ("receiver_id", 0),
            ("receiver_id", 2**63 - 1),
            ("receiver_ids", [1]),
            ("receiver_ids", [7] * 1000),
            ("topic", "order:1001"),
            ("topic", "a" * 100),
        ],
    )
    def test_each_kind_of_receiver_will_do(self, receiver: str, value: object) -> None:
        parsed = parse(encoded({"title_text": "x", receiver: value}))
        assert getattr(parsed, receiver) == value

    @pytest.mark.parametrize("field", ["notes", "data", "send_at", "expires_at", "collapse_key", "topic"])
    def test_null_is_as_good_as_absent(self, field: str) -> None:
        assert draft(**{field: None}) == draft()

    @pytest.mark.parametrize(
        "text", ["\u2028", "\U0001f355 caf\u00e9", "a\r\nb", "\x01", "\\ud83c", '"', "data: x\n\n"]
    )
    def test_any_text_that_can_be_stored_is_a_text(self, text: str) -> None:
        taken = draft(title_text=f"x{text}", body_text=text, notes=text)
        assert (taken.title_text, taken.body_text, taken.notes) == (f"x{text}", text, text)

    def test_lengths_count_characters_not_bytes(self) -> None:
        assert draft(title_text="\U0001f355" * 200).title_text == "\U0001f355" * 200
        assert places(GOOD | {"title_text": "\U0001f355" * 201}) == ["title_text"]


class TestBadFields:
    @pytest.mark.parametrize(
        ("fields", "place"),
        [
            ({"receiver_id": -1}, "receiver_id"),
            ({"receiver_id": 2**63}, "receiver_id"),
            ({"receiver_id": 10**100}, "receiver_id"),
            ({"receiver_id": "42"}, "receiver_id"),
            ({"receiver_id": 42.0}, "receiver_id"),
            ({"receiver_id": 42.5}, "receiver_id"),
            ({"receiver_id": True}, "receiver_id"),
            ({"receiver_id": [42]}, "receiver_id"),
            ({"title_text": None}, "title_text"),
            ({"title_text": ""}, "title_text"),
            ({"title_text": " \t\n\u00a0"}, "title_text"),
            ({"title_text": "x" * 201}, "title_text"),
            ({"title_text": "x\0"}, "title_text"),
            ({"title_text": 5}, "title_text"),
            ({"body_text": "x" * 4001}, "body_text"),
            ({"body_text": None}, "body_text"),
            ({"body_text": "\0"}, "body_text"),
            ({"notes": "x" * 4001}, "notes"),
            ({"notes": "\0"}, "notes"),
            ({"notes": {}}, "notes"),
            ({"event": ""}, "event"),
            ({"event": "Order"}, "event"),
            ({"event": "order."}, "event"),
            ({"event": "order..x"}, "event"),
            ({"event": "a\n"}, "event"),
            ({"event": "a\ndata: x"}, "event"),
            ({"event": "a" * 101}, "event"),
            ({"data": []}, "data"),
            ({"data": "{}"}, "data"),
            ({"data": 5}, "data"),
            ({"data": {"a": 2**64}}, "data"),
            ({"data": {"a": -(2**63) - 1}}, "data"),
            ({"data": {"a": "x" * 16384}}, "data"),
            ({"priority": "urgent"}, "priority"),
            ({"priority": "HIGH"}, "priority"),
            ({"priority": 1}, "priority"),
            ({"send_at": "tomorrow"}, "send_at"),
            ({"send_at": "2026-01-01"}, "send_at"),
            ({"send_at": "2026-01-01T00:00:00"}, "send_at"),  # no time zone
            ({"send_at": "2026-13-01T00:00:00Z"}, "send_at"),
            ({"send_at": 1900000000}, "send_at"),
            ({"send_at": (TOMORROW + timedelta(days=400)).isoformat()}, "send_at"),
            ({"send_at": "9999-12-31T23:59:59-01:00"}, "send_at"),
            ({"expires_at": "2099-01-01T00:00:00"}, "expires_at"),
            ({"send_at": TOMORROW.isoformat(), "expires_at": TOMORROW.isoformat()}, "expires_at"),
            ({"collapse_key": ""}, "collapse_key"),
            ({"collapse_key": "x" * 101}, "collapse_key"),
            ({"collapse_key": "\0"}, "collapse_key"),
            ({"collapse_key": 5}, "collapse_key"),
            ({"title": "x"}, "title"),
            ({"uid": "x"}, "uid"),
            ({"sender_id": "sender:other"}, "sender_id"),
            ({"position": "1-0"}, "position"),
            ({"__proto__": 1}, "__proto__"),
            ({"": 1}, ""),
        ],
        ids=name_of,
    )
    def test_a_bad_field_is_named(self, fields: dict[str, Any], place: str) -> None:
        assert places(GOOD | fields) == [place]

    def test_all_bad_fields_are_named_at_once(self) -> None:
        bad = {"receiver_id": 42, "title_text": "", "priority": "urgent", "colour": "red"}
        assert places(bad) == ["title_text", "priority", "colour"]

    def test_what_is_missing_is_named(self) -> None:
        assert places({"receiver_id": 42}) == ["title_text"]
        assert places({}) == ["title_text"]

    @pytest.mark.parametrize(
        ("topic", "field"),
        [("", "topic"), ("a b", "topic"), ("a\n", "topic"), ("\u00e9", "topic"), ("a" * 101, "topic"), (5, "topic")],
    )
    def test_a_topic_that_can_not_be_one_is_named(self, topic: object, field: str) -> None:
        assert places({"title_text": "x", "topic": topic}) == [field]

    @pytest.mark.parametrize(
        ("receivers", "place"),
        [
            ([], "receiver_ids"),
            ([1] * 1001, "receiver_ids"),
            (42, "receiver_ids"),
            ([1, -1], "receiver_ids.1"),
            ([1, "2"], "receiver_ids.1"),
            ([1, None], "receiver_ids.1"),
        ],
        ids=name_of,
    )
    def test_a_bad_one_of_several_receivers_is_named(self, receivers: object, place: str) -> None:
        assert places({"title_text": "x", "receiver_ids": receivers}) == [place]

    def test_data_over_the_limit_says_how_large_it_is(self) -> None:
        assert draft(data={"a": "x" * (16384 - 8)}).data is not None
        ((_, message),) = problems(GOOD | {"data": {"a": "x" * (16384 - 7)}})
        assert message == "must be up to 16384 bytes of compact JSON, not 16385"

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({}, "none"),
            ({"receiver_id": 1, "topic": "a"}, "receiver_id and topic"),
            ({"receiver_id": 1, "receiver_ids": [2]}, "receiver_id and receiver_ids"),
            ({"receiver_id": 1, "receiver_ids": [2], "topic": "a"}, "receiver_id and receiver_ids and topic"),
        ],
    )
    def test_exactly_one_kind_of_receiver_is_asked_for(self, given: dict[str, Any], named: str) -> None:
        ((place, message),) = problems({"title_text": "x"} | given)
        assert message == f"give exactly one of receiver_id, receiver_ids and topic, not {named}"
        assert place in {"receiver_id", "receiver_ids", "topic"}

    def test_what_was_sent_is_not_repeated(self) -> None:
        assert "secret" not in str(problems(GOOD | {"notes": ["secret"], "data": "secret", "send_at": "secret"}))

    def test_a_time_that_utc_has_not_is_named(self) -> None:
        assert places(GOOD | {"expires_at": "9999-12-31T23:59:59-01:00"}) == ["expires_at"]

    def test_a_time_is_written_as_rfc_3339_says(self) -> None:
        assert places(GOOD | {"expires_at": "1900000000000"}) == ["expires_at"]

    @pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
    def test_a_number_that_json_has_not_is_not_changed_in_silence(self, number: bytes) -> None:
        with pytest.raises((InvalidFields, InvalidJSON)):
            parse(b'{"receiver_id": 1, "title_text": "x", "data": {"a": %b}}' % number)


class TestNotJSON:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b" ",
            b"{",
            b'{"title_text": "x"',
            b"{'title_text': 'x'}",
            b"\xff\xfe",
            b'{"receiver_id": 1, "title_text": "\xed\xa0\x80"}',
            b'{"receiver_id": 1, "title_text": "\\ud800"}',
            b'{"receiver_id": 1, "title_text": "\\udc00x"}',
            b'{"receiver_id": 1, "title_text": "\xc3"}',
            b'{"receiver_id": 1, "title_text": "a\nb"}',
            b'{"receiver_id": 01, "title_text": "x"}',
            b'{"receiver_id": 1, "title_text": "x",}',
            b'{"receiver_id": 1, "title_text": "x"} {}',
            b'{"receiver_id": ' + b"1" * 5000 + b', "title_text": "x"}',
            b'{"receiver_id": 1, "title_text": "x", "data": {"a": ' + b"9" * 100_000 + b"}}",
            b'{"receiver_id": 1, "title_text": "x", "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            b'{"receiver_id": 1, "title_text": "x", "data": ' + b'{"a":' * 100_000,
        ],
        ids=lambda body: repr(body[-40:]),
    )
    def test_it_is_refused_as_such(self, body: bytes) -> None:
        with pytest.raises(InvalidJSON):
            parse(body)

    @pytest.mark.parametrize("body", [b"null", b"5", b'"x"', b"[]", b"[{}]", b"true"])
    def test_json_that_is_no_object_is_refused_as_a_whole(self, body: bytes) -> None:
        assert problems(body) == [("", "Input should be an object")]


class TestBatch:
    def test_all_of_a_batch_are_taken_in_their_order(self) -> None:
        parsed = parse(encoded({"notifications": [GOOD | {"title_text": str(number)} for number in range(1000)]}))
        assert isinstance(parsed, Batch)
        assert [each.title_text for each in parsed.notifications] == [str(number) for number in range(1000)]

    def test_a_batch_of_one_is_a_batch(self) -> None:
        assert isinstance(parse(encoded({"notifications": [GOOD]})), Batch)

    @pytest.mark.parametrize("drafts", [[], [GOOD] * 1001, None, GOOD, "x", 5], ids=name_of)
    def test_a_batch_has_one_to_a_thousand(self, drafts: object) -> None:
        assert places({"notifications": drafts}) == ["notifications"]

    def test_a_bad_one_is_named_by_its_number(self) -> None:
        batch = [GOOD, GOOD | {"title_text": ""}, "x", {"title_text": "x"}, GOOD | {"receiver_ids": [1, -1]}]
        assert places({"notifications": batch}) == [
            "notifications.1.title_text",
            "notifications.2",
            "notifications.3.receiver_id",
            "notifications.4.receiver_ids.1",
        ]

    def test_a_batch_has_no_fields_of_its_own(self) -> None:
        assert places({"notifications": [GOOD], "title_text": "for all"}) == ["title_text"]
        assert "notifications.0.notifications" in places({"notifications": [{"notifications": []}]})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
field_names = st.sampled_from([*Draft.model_fields, "notifications", "other"])


@PROPERTY
@given(st.dictionaries(field_names, json_values) | json_values)
def test_whatever_is_sent_is_taken_or_refused_and_nothing_breaks(body: object) -> None:
    try:
        parse(encoded(body))
    except (InvalidFields, InvalidJSON) as refusal:
        json.dumps(refusal.problem())


@PROPERTY
@given(st.binary(max_size=60))
def test_whatever_bytes_are_sent_nothing_breaks(body: bytes) -> None:
    with pytest.raises((InvalidFields, InvalidJSON)):
        parse(body)
