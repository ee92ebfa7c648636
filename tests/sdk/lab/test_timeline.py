"""Plots of a watch: what is drawn where."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("matplotlib", reason="the extra `lab` is not installed")

import matplotlib

matplotlib.use("agg")

from matplotlib import pyplot as plt

from app.sdk import Connected, Deployment, Disconnected, Notification, Retract, Synced
from app.sdk.calls import Sent
from app.sdk.lab import plot, timeline
from app.sdk.lab.steady import Request
from app.sdk.lab.watch import Watch

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def notification(uid: str, sent_at: float, arrived_at: float, replayed: bool = False) -> Notification:
    about: dict[str, Any] = dict.fromkeys(("notes", "data", "topic", "expires_at", "collapse_key"))
    return Notification(
        position="1-0",
        uid=uid,
        event="notice",
        title_text=f"Title {uid}",
        body_text="",
        priority="normal",
        sender_id="sender:shop",
        receiver_id=1,
        date_sent=at(sent_at),
        received_at=at(arrived_at),
        replayed=replayed,
        **about,
    )


def sent(uid: str, seconds: float) -> Sent:
    return Sent(uid, "1-0", "order.placed", 1, None, at(seconds), None, None)


@pytest.fixture
def watch() -> Watch:
    watch = Watch(Deployment("http://127.0.0.1:1", "k" * 32), {"Anna": 1, "Boris": 2})
    watch.screens["Anna"].events += [
        Connected(at(0)),
        Synced("1-0", 0, None, at(0)),
        notification("a", 1, 1.5),
        Disconnected("", 0, at(2)),
        Connected(at(3)),
        notification("b", 2.5, 3, replayed=True),
        Synced("1-0", 1, None, at(3)),
        Retract("2-0", "a", at(4)),
    ]
    watch.screens["Boris"].events += [Connected(at(0.5)), Synced("1-0", 0, None, at(0.5))]
    watch.expect([sent("a", 1)], "Anna", what="an order")
    watch.expect([sent("c", 5)], "Boris")
    return watch


@pytest.fixture
def axes() -> Iterator[Any]:
    yield plot.panel("A finding", "Its detail")
    plt.close("all")


def texts(axes: Any) -> list[str]:
    return [each.get_text() for each in axes.texts]


def rows(axes: Any) -> list[str]:
    return [each.get_text() for each in axes.get_yticklabels()]


def dots(axes: Any, label: str) -> list[list[float]]:
    (found,) = [each for each in axes.collections if each.get_label() == label and len(each.get_offsets())]
    return [[round(value, 3) for value in place] for place in found.get_offsets().tolist()]


def test_what_was_sent_has_a_row_in_the_order_of_sending_also_if_nobody_saw_it(watch: Watch) -> None:
    assert timeline.rows_of(watch) == ["an order", "Title b", "order.placed"]


def test_a_dot_stands_where_somebody_saw_it(watch: Watch, axes: Any) -> None:
    timeline.draw_screens(axes, watch)
    assert rows(axes) == ["an order", "Title b", "order.placed"]
    assert dots(axes, "Anna") == [[1.5, -0.25], [3, 0.75]]
    (legend,) = axes.figure.legends
    labels = [each.get_text() for each in legend.get_texts()]
    assert labels == ["Anna", "Boris", "taken back", "on its way, or waiting for its moment"]


def test_what_was_missed_is_counted_where_it_came(watch: Watch, axes: Any) -> None:
    timeline.draw_connections(axes, watch)
    assert rows(axes) == ["Anna", "Boris"]
    assert dots(axes, "seen at once") == [[1.5, 0]]
    assert dots(axes, "missed, and replayed") == [[3, 0]]
    assert texts(axes) == ["1 missed"]


def test_troubles_and_requests_that_took_long_are_named(watch: Watch, axes: Any) -> None:
    requests = [
        Request([], "k", [sent("a", 1)], at(1), at(1.01)),
        Request([], "l", [sent("b", 2)], at(2), at(4)),
    ]
    trouble = timeline.Trouble("tunnel", ["Anna"], at(1.5), at(3))
    timeline.draw_connections(axes, watch, requests, [trouble])
    assert rows(axes) == [timeline.SENDER, "Anna", "Boris"]
    assert texts(axes) == ["tunnel", "1 missed", "repeats its request"]
    assert dots(axes, "accepted") == [[1.01, 0], [4, 0]]


def test_a_plot_grows_with_its_rows() -> None:
    assert timeline.height_inches(10) - timeline.height_inches(9) == pytest.approx(timeline.ROW_INCHES)
