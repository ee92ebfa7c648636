"""A preview: what a dry run is answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from app.accept.preview import preview
from app.notification import Notification, Withheld
from tests.support.notifications import notification

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 1, 1, 18, tzinfo=UTC)
NOTIFICATION = notification(
    event="order.ready", body_text="Come", notes="n", data=b'{"a":[1]}', priority="high", date_sent=NOW
)
TOPICAL = replace(NOTIFICATION, channel="topic:news", receivers=7)


def shown(*composed: Notification) -> list[dict[str, Any]]:
    answer = orjson.loads(orjson.dumps(preview(composed)))
    assert answer["dry_run"] is True
    assert set(answer) == {"dry_run", "notifications"}
    found: list[dict[str, Any]] = answer["notifications"]
    return found


def test_all_that_its_receiver_would_read_is_shown_and_nothing_that_is_not_there_yet() -> None:
    assert shown(NOTIFICATION) == [
        {
            "receiver_id": 42,
            "event": "order.ready",
            "title_text": "Ready",
            "body_text": "Come",
            "notes": "n",
            "data": {"a": [1]},
            "priority": "high",
            "delivery": "now",
            "release_at": None,
            "receivers": 1,
        }
    ]


@pytest.mark.parametrize(
    ("changes", "delivery", "release_at"),
    [
        ({}, "now", None),
        ({"send_at": LATER, "release_at": LATER}, "scheduled", "2026-01-01T18:00:00.000000Z"),
        ({"release_at": LATER}, "held", "2026-01-01T18:00:00.000000Z"),
        ({"send_at": NOW, "release_at": LATER}, "held", "2026-01-01T18:00:00.000000Z"),
        ({"withheld": (Withheld(42),)}, "muted", None),
        ({"withheld": (Withheld(42),), "send_at": LATER, "release_at": LATER}, "muted", "2026-01-01T18:00:00.000000Z"),
    ],
)
def test_what_would_become_of_it_is_said(changes: dict[str, Any], delivery: str, release_at: str | None) -> None:
    (one,) = shown(replace(NOTIFICATION, **changes))
    assert (one["delivery"], one["release_at"]) == (delivery, release_at)


def test_a_topic_names_those_whom_it_would_not_reach_now_and_their_copies_are_not_shown() -> None:
    withheld = (Withheld(1), Withheld(2, "u2"), Withheld(3), Withheld(4, "u3"))
    copies = [replace(NOTIFICATION, uid=uid, copy_of="u1", release_at=LATER) for uid in ("u2", "u3")]
    (one,) = shown(replace(TOPICAL, withheld=withheld), *copies)
    assert (one["topic"], one["receivers"], one["delivery"]) == ("news", 7, "now")
    assert (one["muted_for"], one["held_for"]) == ([1, 3], [2, 4])
    assert "receiver_id" not in one


def test_a_topic_that_reaches_all_says_so() -> None:
    (one,) = shown(TOPICAL)
    assert (one["muted_for"], one["held_for"]) == ([], [])


def test_several_stand_in_their_order() -> None:
    assert [each.get("receiver_id", each.get("topic")) for each in shown(TOPICAL, NOTIFICATION)] == ["news", 42]


def test_one_without_data_and_notes_says_that_there_are_none() -> None:
    (one,) = shown(replace(NOTIFICATION, data=None, notes=None))
    assert (one["data"], one["notes"]) == (None, None)
