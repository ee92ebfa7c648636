"""The outcome as a picture: a small plot for each line, all systems in it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # it writes a file, on machines without a screen, too

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from app.sdk.lab.plot import BLUE, GREEN, MUTED, SKY, TEXT, use_style
from benchmarks.rows import HISTORY, Outcome
from benchmarks.table import NAMES, shown

COLUMNS = 3
LOG_FROM = 8.0  # times that the greatest is the least, from which on the axis is logarithmic
UNITS = {"/s": "a second", "s": "seconds", "KB": "KB (1,024 bytes)"}
TITLE_CHARACTERS = 44
COLOURS = {"embedded": BLUE, "postgres": SKY}


def draw(outcomes: Sequence[Outcome], history_rows: int, path: Path) -> None:
    """Writes the picture. Lines about a history are shown as ratios, in one plot."""
    plain = [each for each in outcomes if each.line.reference != HISTORY]
    historic = [each for each in outcomes if each.line.reference == HISTORY]
    count = len(plain) + bool(historic)
    if not count:
        return
    use_style()
    lines = -(-count // COLUMNS)
    figure, grid = plt.subplots(lines, COLUMNS, figsize=(5 * COLUMNS, 2.7 * lines), squeeze=False, layout="constrained")
    for axes in grid.flat[count:]:
        axes.set_visible(False)
    for axes, outcome in zip(grid.flat, plain, strict=False):
        _draw_one(axes, outcome)
    if historic:
        _draw_history(grid.flat[count - 1], historic, history_rows)
    figure.suptitle(
        "getnotified (blue) beside others (grey), measured in turns on one machine. Green line: the goal",
        x=0.01, ha="left", color=TEXT, fontsize=13,
    )  # fmt: skip
    figure.savefig(path)
    plt.close(figure)


def _draw_one(axes: Axes, outcome: Outcome) -> None:
    line = outcome.line
    names = [name for name in NAMES if name in outcome.values]
    values = [outcome.values[name] for name in names]
    goal = _goal(outcome)
    _bars(axes, [NAMES[name] for name in names], values, [COLOURS.get(name, MUTED) for name in names])
    unit = f"{UNITS.get(line.unit, line.unit)}, {_better(outcome)}"
    if max(values) > LOG_FROM * min(values) > 0:
        unit += ", logarithmic"
        axes.set_xscale("log")
        axes.set_xlim(min(values) / 2, max(values) * 4)
    else:
        axes.set_xlim(0, max([*values, goal or 0]) * 1.25)
    if goal is not None:
        axes.axvline(goal, color=GREEN, linewidth=2)
    axes.set_title(_titled(line.what, unit))


def _draw_history(axes: Axes, outcomes: Sequence[Outcome], history_rows: int) -> None:
    parts = [(outcome, stack) for outcome in outcomes for stack in outcome.ratios]
    names = [f"{_short(outcome.line.what)}, {NAMES[stack]}" for outcome, stack in parts]
    # Of rates the inverse: so more is worse in all of them.
    costs = [each.ratios[stack] if each.line.is_most else 1 / each.ratios[stack] for each, stack in parts]
    _bars(axes, names, costs, [COLOURS[stack] for _, stack in parts])
    axes.axvline(1.1, color=GREEN, linewidth=2)
    axes.set_xlim(0, max([*costs, 1.1]) * 1.25)
    axes.set_title(_titled(f"Cost with {history_rows:,} rows of history", "times that without, less is better"))


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float], colours: Sequence[str]) -> None:
    bars = axes.barh(range(len(names)), values, color=colours, height=0.7)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}  # also where the goal's line runs through it
    axes.bar_label(bars, [shown(value) for value in values], padding=4, color=TEXT, bbox=box)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.xaxis.set_visible(False)  # every bar says how long it is
    axes.spines["bottom"].set_visible(False)


def _goal(outcome: Outcome) -> float | None:
    if outcome.line.is_absolute:
        return outcome.goal
    reference = outcome.values.get(outcome.line.reference)
    return None if reference is None else reference * outcome.goal


def _short(what: str) -> str:
    """`half within` of `With history: half within, as in row 8`."""
    return what.rpartition(": ")[2].partition(",")[0]


def _titled(what: str, unit: str) -> str:
    return "\n".join([*textwrap.wrap(what, TITLE_CHARACTERS), unit])


def _better(outcome: Outcome) -> str:
    return "less is better" if outcome.line.is_most else "more is better"
