"""How plots look in the notebooks, and the few things that several of them need.

A plot's title is the finding, in words. Below it, in grey, stands what is shown and in which unit, so axes need no
names. Lines are labelled where they end; a legend makes the eye travel.

    plot.use_style()  # once, where a notebook imports
    axes = plot.panel("Half of all notifications arrive within 4 ms", "Time from acceptance to the customer, by second")
    axes.plot(seconds, p50_ms, label="50 of 100")
    plot.durations(axes.yaxis)
    plot.threshold(axes, 50, "objective: 50 ms")
    plot.label_lines(axes)
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from math import ceil, floor, isfinite
from typing import TYPE_CHECKING, Any, Final

from matplotlib import dates, rcParams, ticker
from matplotlib import pyplot as plt

from app.sdk import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.container import BarContainer
    from matplotlib.lines import Line2D

# Okabe and Ito, "Color Universal Design" (2008): told apart by the colour-blind. Their yellow is too pale for lines.
BLUE: Final = "#0072b2"
ORANGE: Final = "#e69f00"
GREEN: Final = "#009e73"
VERMILION: Final = "#d55e00"
PURPLE: Final = "#cc79a7"
SKY: Final = "#56b4e9"
# Those that say something by themselves, the same in every notebook.
GOOD: Final = GREEN
BAD: Final = VERMILION
MUTED: Final = "#b8bec4"  # what is there for comparison
TEXT: Final = "#2b2f33"
SOFT: Final = "#6b7278"
# What a notification goes through, in its order.
STAGES: Final = {"committed": BLUE, "carried": ORANGE, "received": GREEN}

WIDTH_INCHES: Final = 9.0
DPI: Final = 100
_LABEL_POINTS = 10.0
_MARKS_MAX = 8  # of an axis
_S, _MIN, _H = 1000, 60_000, 3_600_000
_STEPS_MS = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500),
    *(1 * _S, 2 * _S, 5 * _S, 10 * _S, 30 * _S, 1 * _MIN, 2 * _MIN, 5 * _MIN, 10 * _MIN, 30 * _MIN),
    *(1 * _H, 2 * _H, 6 * _H, 12 * _H, 24 * _H, 48 * _H, 120 * _H, 240 * _H, 720 * _H),
)
_LINE_CHARACTERS = 80  # of a title, in its size

_STYLE = {
    "figure.figsize": (WIDTH_INCHES, 3.8),
    "figure.dpi": DPI,
    "figure.facecolor": "white",  # also where the notebook is dark
    "savefig.dpi": DPI,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": _LABEL_POINTS,
    "text.color": TEXT,
    "text.parse_math": False,  # a dollar is one of money
    "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY]),
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titlecolor": SOFT,
    "axes.titlepad": 10,
    "grid.color": "#e6e8ea",
    "grid.linewidth": 0.8,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "ytick.left": False,
    "lines.linewidth": 2.0,
    "legend.frameon": False,
}


def use_style() -> None:
    """Makes all plots of this process look so, and their images the same size whatever they show."""
    rcParams.update(_STYLE)
    try:
        from matplotlib_inline.config import InlineBackend  # noqa: PLC0415  # there is none outside Jupyter
    except ImportError:
        return
    # Jupyter crops images to what is drawn; and the version of matplotlib in them would change every one of them.
    InlineBackend.instance().print_figure_kwargs = {"bbox_inches": None, "metadata": {"Software": None}}


def panel(finding: str, detail: str, *, height_inches: float = 3.8) -> Axes:
    """One plot. `finding` says what it shows that matters, `detail` what is drawn and in which unit."""
    return panels(finding, [detail], height_inches=height_inches)[0]


def panels(
    finding: str, details: Sequence[str], *, height_inches: float = 3.8, share_x: bool = False, share_y: bool = False
) -> list[Axes]:
    """Several plots side by side below one finding, each with its detail."""
    figure, axes = plt.subplots(
        1,
        len(details),
        figsize=(WIDTH_INCHES, height_inches),
        layout="constrained",
        sharex=share_x,
        sharey=share_y,
        squeeze=False,
    )
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
    wrapped = textwrap.fill(finding, _LINE_CHARACTERS)
    figure.suptitle(wrapped, x=0.012, horizontalalignment="left", fontsize=13, fontweight="bold", color=TEXT)
    for each, detail in zip(axes[0], details, strict=True):
        each.set_title(textwrap.fill(detail, 110 // len(details)))
    return list(axes[0])


# -- Axes -------------------------------------------------------------------------------------------


def durations(axis: Axis, *, log: bool = False) -> None:
    """Marks an axis that is in milliseconds: `5 ms`, `2 s`. With `log`, each step multiplies."""
    if log:
        (axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale)("log")
        axis.set_minor_locator(ticker.NullLocator())
    axis.set_major_locator(_Durations(is_log=log))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: shown.duration(float(value)) if value else "0"))


class _Durations(ticker.Locator):  # type: ignore[misc]  # which is Any
    """Marks at durations that people say: 30 s and 1 min, not 50 s and 1.7 min."""

    def __init__(self, *, is_log: bool, unit_ms: float = 1) -> None:
        self._is_log = is_log
        self._steps = [step / unit_ms for step in _STEPS_MS]

    def __call__(self) -> list[float]:
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, low: float, high: float) -> list[float]:
        low, high = min(low, high), max(low, high)
        if self._is_log:
            inside = [step for step in self._steps if low <= step <= high]
            return inside[:: 1 + len(inside) // (2 * _MARKS_MAX)]
        step = next((step for step in self._steps if (high - low) / step <= _MARKS_MAX - 2), self._steps[-1])
        return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def counts(axis: Axis) -> None:
    """Marks an axis of whole numbers: `1,000`."""
    axis.set_major_locator(ticker.MaxNLocator(nbins=6, integer=True))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))


def shares(axis: Axis, *, whole: bool = True) -> None:
    """Marks an axis of shares (0 to 1): `50 %`; all of it, unless `whole` is False."""
    if whole:
        (axis.axes.set_xlim if axis.axis_name == "x" else axis.axes.set_ylim)(0, 1)
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{round(value * 100, 6):g} %"))


def clock(axis: Axis) -> None:
    """Marks an axis of times (UTC) with as much of them as is needed: hours, or days, or seconds."""
    locator = dates.AutoDateLocator(minticks=4, maxticks=9)
    formats = ["%Y", "%b", "%-d %b", "%H:%M", "%H:%M", "%H:%M:%S"]
    at_zero = ["", "%Y", "%b", "%-d %b", "%H:%M", "%H:%M"]
    formatter = dates.ConciseDateFormatter(locator, formats=formats, zero_formats=at_zero, show_offset=False)
    axis.set_major_locator(locator)
    axis.set_major_formatter(formatter)


def elapsed(axis: Axis) -> None:
    """Marks an axis of seconds since a beginning: `20 s`, `2 min`."""
    axis.set_major_locator(_Durations(is_log=False, unit_ms=1000))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: shown.duration(value * 1000) if value else "0"))


def grid(axes: Axes, which: str) -> None:
    """Draws the grid of `x`, `y` or `both` only: horizontal bars want `x`."""
    axes.grid(visible=False)
    axes.grid(visible=True, axis=which)
    axes.tick_params(axis="both", length=0)


# -- What is written into a plot --------------------------------------------------------------------


def threshold(axes: Axes, value: float, text: str, *, across: str = "y") -> None:
    """A dashed line at a limit, with its name on it. `across="x"`: a vertical one, for a limit of the x axis."""
    if across == "y":
        axes.axhline(value, color=BAD, linewidth=1.2, linestyle=(0, (5, 3)))
        place = {"xy": (0, value), "xycoords": ("axes fraction", "data"), "xytext": (3, 3)}
    else:
        axes.axvline(value, color=BAD, linewidth=1.2, linestyle=(0, (5, 3)))
        place = {"xy": (value, 0), "xycoords": ("data", "axes fraction"), "xytext": (4, 4)}
    axes.annotate(text, textcoords="offset points", color=BAD, fontsize=9, annotation_clip=False, **place)


def label_lines(axes: Axes) -> None:
    """Writes the label of each line beside its end, in its colour. To be called last: it needs the limits."""
    axes.autoscale_view()  # which matplotlib would do only when it draws
    lines = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
    ends = [(_end(axes, line), line) for line in lines]
    known = sorted(((height, line) for height, line in ends if height is not None), key=lambda each: each[0])
    heights = _apart([height for height, _ in known], _LABEL_POINTS * 1.5 / (axes.bbox.height / axes.figure.dpi * 72))
    for height, (_, line) in zip(heights, known, strict=True):
        axes.annotate(
            str(line.get_label()),
            xy=(1, height),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            verticalalignment="center",
            color=line.get_color(),
            annotation_clip=False,
        )


def label_bars(axes: Axes, bars: BarContainer, texts: Iterable[str], *, inside: bool = False) -> None:
    """Writes a text beside the end of each bar, or into its middle."""
    place = {"label_type": "center", "color": "white"} if inside else {"padding": 4, "color": SOFT}
    if not inside:
        axes.margins(**{"x" if bars.orientation == "horizontal" else "y": 0.12})
    axes.bar_label(bars, labels=list(texts), fontsize=9, **place)


def label_lines_inside(axes: Axes, heights: Sequence[float]) -> None:
    """Writes the label of each line beside the point at which it reaches its height (of the y axis): for lines that
    end together."""
    for line, height in zip(axes.get_lines(), heights, strict=False):
        reached = [(float(x), float(y)) for x, y in line.get_xydata() if y >= height]
        if reached:
            axes.annotate(
                str(line.get_label()),
                xy=reached[0],
                xytext=(-6, 0),
                textcoords="offset points",
                horizontalalignment="right",
                color=line.get_color(),
            )


def stack(
    axes: Axes,
    places: Sequence[Any],
    parts: Mapping[str, tuple[Any, str]],
    *,
    horizontal: bool = False,
    width: Any = 0.75,
) -> None:
    """Bars one on the other, named above in their order and colours.

    Args:
        places: one a bar.
        parts: by name, a number for each bar and a colour.
        horizontal: the places are names, which need room; the first one is at the bottom.
    """
    begin = [0.0] * len(places)
    for name, (sizes, colour) in parts.items():
        if horizontal:
            axes.barh(places, sizes, left=begin, height=width, color=colour, label=name)
        else:
            axes.bar(places, sizes, bottom=begin, width=width, color=colour, label=name)
        begin = [low + float(size) for low, size in zip(begin, sizes, strict=True)]
    axes.set_title(axes.get_title(loc="left"), pad=32)  # room for the names
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 1), ncols=len(parts), handlelength=0.8, handleheight=0.8, fontsize=9
    )


def note(axes: Axes, text: str, xy: tuple[float, float], offset: tuple[float, float] = (12, 12)) -> None:
    """Writes a text beside a point, with a thin line to it; `offset` is in points."""
    arrow = {"arrowstyle": "-", "color": SOFT, "linewidth": 0.8}
    axes.annotate(text, xy=xy, xytext=offset, textcoords="offset points", color=SOFT, fontsize=9, arrowprops=arrow)


def _end(axes: Axes, line: Line2D) -> float | None:
    """How high in the axes (0 to 1) a line ends; None: it has no point there."""
    points = [(x, y) for x, y in line.get_xydata() if isfinite(x) and isfinite(y)]
    if not points:
        return None
    height = axes.transAxes.inverted().transform(axes.transData.transform(points[-1]))[1]
    return min(1.0, max(0.0, float(height)))


def _apart(heights: Sequence[float], distance: float) -> list[float]:
    """The same heights, which rise, moved as little as keeps them a distance from each other and below the top."""
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + distance) if moved else height)
    limit = 1.0
    for index in reversed(range(len(moved))):
        moved[index] = min(moved[index], limit)
        limit = moved[index] - distance
    return moved
