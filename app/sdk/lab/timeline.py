"""Plots of a watch: who saw what, when; and who was connected, away, and brought up to date again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from app.sdk.events import Notification, Retract
from app.sdk.lab import plot
from app.sdk.lab.steady import Request
from app.sdk.lab.watch import Screen, Watch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final = (plot.BLUE, plot.ORANGE, plot.GREEN, plot.PURPLE, plot.SKY, plot.VERMILION)
SECOND = timedelta(seconds=1)
ROW_INCHES: Final = 0.34  # of a plot's height
FRAME_INCHES: Final = 1.7  # what stands above and below the rows
# A request that is answered in less is a dot.
LONG_SECONDS = 0.5
_OF_A_ROW = 0.5  # how much of its height is drawn into

SENDER: Final = "the sender"
_WAY: Final = {"color": plot.MUTED, "linewidth": 2, "solid_capstyle": "butt", "zorder": 1}
_CENTRED: Final = {"textcoords": "offset points", "horizontalalignment": "center", "color": plot.SOFT, "fontsize": 8}


class Trouble(NamedTuple):
    """What went wrong, for whom, from when to when. `names` may have `SENDER`."""

    what: str
    names: Sequence[str]
    began_at: datetime
    ended_at: datetime


def height_inches(rows: int) -> float:
    """How high a plot of so many rows should be."""
    return FRAME_INCHES + ROW_INCHES * rows


# -- Who saw what -----------------------------------------------------------------------------------


def rows_of(watch: Watch) -> list[str]:
    """What was sent, in its order: a row each."""
    return list(dict.fromkeys(_names(watch).values()))


def draw_screens(axes: Axes, watch: Watch) -> None:
    """Draws a row for each thing that was sent: grey while it was on its way, a dot where somebody saw it, a cross
    where it was taken from their screen."""
    names = _names(watch)
    rows = rows_of(watch)
    began = _began(watch)
    for number, (name, screen) in enumerate(watch.screens.items()):
        offset = _offset(number, len(watch.screens))
        dots, ways, crosses = [], [], []
        for event in screen.events:
            if not isinstance(event, Notification | Retract) or event.uid not in names:
                continue
            place = (event.received_at - began) / SECOND, rows.index(names[event.uid]) + offset
            if isinstance(event, Retract):
                crosses.append(place)
                continue
            dots.append(place)
            ways.append([((event.date_sent - began) / SECOND, place[0]), (place[1], place[1])])
        for way in ways:
            axes.plot(*way, **_WAY)
        axes.scatter(*_columns(dots), s=34, color=COLOURS[number % len(COLOURS)], zorder=2, label=name)
        axes.scatter(*_columns(crosses), s=46, marker="x", linewidths=2, color=plot.TEXT, zorder=3)
    _mark_rows(axes, rows)
    handles, labels = axes.get_legend_handles_labels()
    handles += [axes.scatter([], [], s=46, marker="x", linewidths=2, color=plot.TEXT), *axes.plot([], [], **_WAY)]
    _legend(axes, handles, [*labels, "taken back", "on its way, or waiting for its moment"])


def _names(watch: Watch) -> dict[str, str]:
    """The row's name of each uid, in the order of sending."""
    found: dict[str, tuple[datetime, str]] = {}
    for screen in watch.screens.values():
        titles = {uid: each.title_text for uid, each in screen.first_shown.items()}
        for uid, each in screen.expected.items():
            found.setdefault(uid, (each.sent.date_sent, each.what or titles.get(uid, each.sent.event)))
        for uid, notification in screen.first_shown.items():
            found.setdefault(uid, (notification.date_sent, notification.title_text))
    return {uid: name for uid, (_, name) in sorted(found.items(), key=lambda each: each[1][0])}


# -- Who was connected ------------------------------------------------------------------------------


def draw_connections(
    axes: Axes, watch: Watch, requests: Sequence[Request] = (), troubles: Sequence[Trouble] = ()
) -> None:
    """Draws a row for each person: a bar while the app was connected, a dot for each notification.

    Args:
        requests: the sender's, which get a row at the top.
        troubles: what went wrong.
    """
    began = _began(watch)
    rows = [*([SENDER] if requests else []), *watch.screens]
    for each in troubles:
        _draw_trouble(axes, [rows.index(name) for name in each.names if name in rows], each, began)
    for name, screen in watch.screens.items():
        _draw_app(axes, rows.index(name), screen, began)
    _draw_requests(axes, requests, began)
    _mark_rows(axes, rows)
    handles, labels = axes.get_legend_handles_labels()
    known = dict(zip(labels, handles, strict=True))
    _legend(axes, list(known.values()), list(known))


def _draw_trouble(axes: Axes, rows: Sequence[int], trouble: Trouble, began: datetime) -> None:
    left, right = (trouble.began_at - began) / SECOND, (trouble.ended_at - began) / SECOND
    top, bottom = min(rows) - 0.46, max(rows) + 0.46
    axes.fill([left, right, right, left], [top, top, bottom, bottom], color=plot.BAD, alpha=0.12, linewidth=0, zorder=0)
    place = {"xy": (left, top), "xytext": (3, -8), "verticalalignment": "center"}
    axes.annotate(trouble.what, textcoords="offset points", color=plot.BAD, fontsize=8, **place)


def _draw_app(axes: Axes, row: int, screen: Screen, began: datetime) -> None:
    bars = [((each.first_at - began) / SECOND, (each.last_at - each.first_at) / SECOND) for each in screen.connections]
    axes.broken_barh(bars, (row - _OF_A_ROW / 2, _OF_A_ROW), color="#dfe3e6", zorder=1, label="connected")
    for replayed, colour, label in ((False, plot.BLUE, "seen at once"), (True, plot.ORANGE, "missed, and replayed")):
        dots = [((each.received_at - began) / SECOND, row) for each in screen.shown if each.replayed == replayed]
        axes.scatter(*_columns(dots), s=26 if replayed else 12, color=colour, zorder=2 + replayed, label=label)
    for each in screen.connections:
        if each.replayed:
            place = {"xy": ((each.first_at - began) / SECOND, row), "xytext": (-6, 0), "horizontalalignment": "right"}
            about = {"textcoords": "offset points", "verticalalignment": "center", "fontsize": 8}
            axes.annotate(f"{each.replayed} missed", color=plot.TEXT, **place, **about)


def _draw_requests(axes: Axes, requests: Sequence[Request], began: datetime) -> None:
    for each in requests:
        asked, answered = (each.asked_at - began) / SECOND, (each.answered_at - began) / SECOND
        if answered - asked > LONG_SECONDS:
            axes.plot([asked, answered], [0, 0], color=plot.SOFT, linewidth=2, solid_capstyle="butt")
            axes.annotate("repeats its request", ((asked + answered) / 2, 0), (0, -9), **_CENTRED)
    dots = [((each.answered_at - began) / SECOND, 0) for each in requests]
    axes.scatter(*_columns(dots), s=12, color=plot.SOFT, label="accepted")


# -- Both -------------------------------------------------------------------------------------------


def _began(watch: Watch) -> datetime:
    """When the first app was connected."""
    return min(each.first_at for screen in watch.screens.values() for each in screen.connections)


def _offset(number: int, count: int) -> float:
    """Where in a row the dots of one of so many people are."""
    return 0 if count == 1 else _OF_A_ROW * (number / (count - 1) - 0.5)


def _columns(places: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in places], [y for _, y in places]


def _mark_rows(axes: Axes, rows: Sequence[str]) -> None:
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    plot.elapsed(axes.xaxis)
    plot.grid(axes, "x")


def _legend(axes: Axes, handles: Sequence[object], labels: Sequence[str]) -> None:
    axes.figure.legend(handles, labels, loc="outside lower left", ncols=len(labels), handletextpad=0.3)
