"""A soak as a picture: what was measured over time, each with its growth and with what would be a leak."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # it writes a file, on machines without a screen, too

from matplotlib import pyplot as plt

from app.sdk.lab.plot import BAD, BLUE, MUTED, SOFT, TEXT, counts, durations, elapsed, use_style
from benchmarks.soak.figure import FIGURES
from benchmarks.soak.growth import SECONDS_AN_HOUR, windows
from benchmarks.soak.turn import Turn


def draw(
    turns: Sequence[Turn], warm_up: int, begun_at: float, visits_an_hour: float, headline: str, path: Path
) -> None:
    """Writes the picture.

    Args:
        turns: all; the first `warm_up` of them do not count.
        begun_at: when the soak began (`time.monotonic`).
    """
    use_style()
    figure, grid = plt.subplots(2, 3, figsize=(15, 8), layout="constrained", sharex=True)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
    seconds = [turn.at - begun_at for turn in turns]
    counted, times = turns[warm_up:], windows(seconds[warm_up:])
    for axes, each in zip(grid.flat, FIGURES, strict=False):
        axes.plot(seconds, each.of(turns), "o", color=MUTED, markersize=3)
        medians = windows(each.of(counted))
        axes.plot(times, medians, "o-", color=BLUE)
        axes.set_title(f"{each.title}\n{each.shown(each.growth(counted))}")
        if medians:
            rise = each.bound(visits_an_hour) / SECONDS_AN_HOUR
            bound = [medians[0] + rise * (at - times[0]) for at in times]
            axes.plot(times, bound, color=BAD, linewidth=1.2, linestyle=(0, (5, 3)))
        counts(axes.yaxis)
    durations(grid.flat[4].yaxis, log=True)
    last = grid.flat[5]
    last.plot(seconds, [turn.garbage / max(1, turn.visits) for turn in turns], "o", color=MUTED, markersize=3)
    last.set_ylim(bottom=0)
    last.set_title("Garbage in cycles, blocks a connection\ncollected after each turn")
    for axes in grid[-1]:
        elapsed(axes.xaxis)
    figure.suptitle(headline, x=0.012, horizontalalignment="left", color=TEXT, fontsize=13, fontweight="bold")
    figure.supxlabel(
        "Grey: each turn, at rest. Blue: medians of windows, after the warm-up. Dashed: what it must not rise to.",
        x=0.012,
        horizontalalignment="left",
        color=SOFT,
        fontsize=9,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)
