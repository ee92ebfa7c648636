"""What a soak measures, how it grows, and by how much it may."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from app.sdk.verdict import Verdict
from benchmarks.soak.growth import Growth, growth
from benchmarks.soak.turn import MB, Turn


class Figure:
    """One thing that is measured. Its claim holds if it certainly grows by less than a bound, not if nobody can tell.

    Args:
        name: of the attribute of a turn.
        title: what it is, with its unit.
        unit: of its growth.
        a_connection: the bound is so much for each connection that has gone, in the unit,
        an_hour: or so much an hour.
        noisy: it varies with more than what is left of connections. Then its claim holds unless it certainly grows by
            more, in both halves of the run: what others do on the machine makes a step, or passes.
    """

    def __init__(
        self, name: str, title: str, unit: str, a_connection: float = 0.0, an_hour: float = 0.0, noisy: bool = False
    ) -> None:
        self.name, self.title, self.unit = name, title, unit
        self._a_connection, self._an_hour, self._noisy = a_connection, an_hour, noisy

    def of(self, turns: Sequence[Turn]) -> list[float]:
        return [getattr(turn, self.name) for turn in turns]

    def growth(self, turns: Sequence[Turn]) -> Growth:
        return growth([turn.at for turn in turns], self.of(turns))

    def bound(self, visits_an_hour: float) -> float:
        """An hour."""
        return self._an_hour + self._a_connection * visits_an_hour

    def shown(self, grown: Growth) -> str:
        if not isfinite(grown.uncertainty):
            return "too short to tell"
        digits = 0 if abs(grown.an_hour) + grown.uncertainty >= 1000 else 1
        return f"{grown.an_hour:+,.{digits}f} ± {grown.uncertainty:,.{digits}f} {self.unit} an hour"

    def judge(self, verdict: Verdict, turns: Sequence[Turn], visits_an_hour: float) -> None:
        bound, grown = self.bound(visits_an_hour), self.growth(turns)
        half = len(turns) // 2
        parts = (turns[:half], turns[half:]) if self._noisy else (turns,)
        grows = all(self.growth(part).at_least > bound for part in parts)
        verdict.check(
            f"{self.title}: {'nothing shows that it grows' if self._noisy else 'it does not grow'}",
            not grows if self._noisy else grown.at_most < bound,
            self.shown(grown),
            "It grows: see the plot." if grows else "Nobody can tell yet: let it run longer.",
            wanted=("not certainly more" if self._noisy else "certainly less")
            + f" than {bound:,.0f} {self.unit} an hour"
            + (f", {self._a_connection:g} a connection" if self._a_connection else "")
            + (", in both halves" if self._noisy else ""),
        )


# What is resident follows what had to be held at once, and what is freed leaves holes: a leak is seen in the blocks
# within minutes, in the memory within half an hour, also if it is none of the interpreter's.
FIGURES = (
    Figure("memory_mb", "Memory, MB", "MB", a_connection=100 / MB, noisy=True),
    Figure("blocks", "Blocks of memory", "blocks", a_connection=0.5),
    Figure("tasks", "Tasks", "tasks", a_connection=0.001),
    Figure("descriptors", "Descriptors", "descriptors", a_connection=0.001),
    Figure("p99_ms", "p99 from being sent to the customer, ms", "ms", an_hour=20.0, noisy=True),
)
