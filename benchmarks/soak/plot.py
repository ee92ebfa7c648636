"""A soak as a picture: memory, tasks, descriptors and latency over time, each with its growth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # it writes a file, on machines without a screen, too

from matplotlib import pyplot as plt

from app.sdk.lab.plot import BLUE, MUTED, SOFT, TEXT, elapsed, use_style
from benchmarks.soak.growth import SECONDS_AN_HOUR, Growth
from benchmarks.soak.turn import Turn


class Figure:
    """One thing that is measured.

    Args:
        name: of the attribute of a turn.
        title: what it is, with its unit.
        unit: for its growth.
        allowed: the most by which it may certainly grow in an hour.
        slack: a rise that means nothing, in all.
    """

    def __init__(self, name: str, title: str, unit: str, allowed: float, slack: float = 0.0) -> None:
        self.name, self.title, self.unit, self.allowed, self.slack = name, title, unit, allowed, slack

    def of(self, turns: Sequence[Turn]) -> list[float]:
        return [getattr(turn, self.name) for turn in turns]

    def shown(self, grown: Growth) -> str:
        return f"{grown.an_hour:+.1f} ± {grown.uncertainty:.1f} {self.unit} an hour"


def draw(
    turns: Sequence[Turn], warm_up: int, growths: Mapping[Figure, Growth], begun_at: float, headline: str, path: Path
) -> None:
    """Writes the picture.

    Args:
        turns: all; the first `warm_up` of them are grey and do not count.
        begun_at: when the soak began (`time.monotonic`).
    """
    use_style()
    figure, grid = plt.subplots(2, 2, figsize=(12, 7), layout="constrained", sharex=True)
    seconds = [turn.at - begun_at for turn in turns]
    for axes, (each, grown) in zip(grid.flat, growths.items(), strict=True):
        values = each.of(turns)
        axes.plot(seconds[: warm_up + 1], values[: warm_up + 1], "o-", color=MUTED)
        counted, times = values[warm_up:], seconds[warm_up:]
        axes.plot(times, counted, "o-", color=BLUE)
        if len(counted) > 2:
            mid, mean = sum(times) / len(times), sum(counted) / len(counted)
            line = [mean + (at - mid) * grown.an_hour / SECONDS_AN_HOUR for at in times]
            axes.plot(times, line, color=SOFT, linewidth=1, linestyle="--")
        axes.set_ylim(0, max(values) * 1.2)
        axes.set_title(f"{each.title}: {each.shown(grown)}")
    for axes in grid[-1]:
        elapsed(axes.xaxis)
    figure.suptitle(headline, x=0.01, horizontalalignment="left", color=TEXT, fontsize=13)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)
