"""A verdict: what was claimed, whether it holds, and what to do where it does not.

A notebook ends with one:

    verdict = Verdict()
    verdict.at_most("99 of 100 notifications arrive soon enough", p99_ms, 50, "Start another web process.")
    verdict.check("None is lost", lost == 0, f"{lost} lost", "Read the log of the relay.")
    verdict
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import NamedTuple

from app.sdk.shown import NOTHING, duration

HOLDS = "✔"
FAILS = "✘"

_TITLES = ("", "Claim", "Wanted", "Found", "What to do")
_CELL = "text-align: left; vertical-align: top; padding: 0.3em 0.9em 0.3em 0"
# Bluish green and vermilion, that look different to the colour-blind too; legible on white and on black.
_COLOURS = {HOLDS: "#009e73", FAILS: "#d55e00"}


class Check(NamedTuple):
    """One claim.

    Attributes:
        claim: what should be so, as a sentence without its full stop.
        holds: whether it is.
        found: what was measured, with its unit.
        wanted: the threshold, with its unit; empty where the claim says it.
        advice: what to do if it does not hold.
    """

    claim: str
    holds: bool
    found: str
    wanted: str
    advice: str

    @property
    def mark(self) -> str:
        return HOLDS if self.holds else FAILS


class Verdict:
    """Claims that were checked, one after the other. Shown as a table in a notebook, as lines elsewhere."""

    def __init__(self) -> None:
        self.checks: list[Check] = []

    def check(self, claim: str, holds: bool, found: str, advice: str, *, wanted: str = "") -> None:
        """Adds a claim whose truth the caller knows."""
        self.checks.append(Check(claim, bool(holds), found, wanted, advice))

    def at_most(
        self,
        claim: str,
        found: float | None,
        limit: float,
        advice: str,
        *,
        shown: Callable[[float | None], str] = duration,
    ) -> None:
        """Adds the claim that a number is not above a limit. What was not measured (None, NaN) does not hold.

        Args:
            shown: writes both with their unit; milliseconds unless said otherwise.
        """
        holds = found is not None and found <= limit  # NaN is neither below nor above
        self.check(claim, holds, shown(found), advice, wanted=f"at most {shown(limit)}")

    def at_least(
        self,
        claim: str,
        found: float | None,
        limit: float,
        advice: str,
        *,
        shown: Callable[[float | None], str] = duration,
    ) -> None:
        """Adds the claim that a number is not below a limit. What was not measured (None, NaN) does not hold."""
        holds = found is not None and found >= limit
        self.check(claim, holds, shown(found), advice, wanted=f"at least {shown(limit)}")

    @property
    def met(self) -> bool:
        """Whether all claims hold, and there are any."""
        return bool(self.checks) and all(each.holds for each in self.checks)

    @property
    def sentence(self) -> str:
        """All of it in one sentence."""
        count = len(self.checks)
        failed = sum(not each.holds for each in self.checks)
        if not count:
            return f"{FAILS} Nothing was checked."
        if not failed:
            return f"{HOLDS} All is well: {count} of {count} hold."
        return f"{FAILS} Something is to be done: {failed} of {count} {'does' if failed == 1 else 'do'} not hold."

    def __repr__(self) -> str:
        return "\n".join([self.sentence, *(line for each in self.checks for line in _lines(each))])

    def _repr_html_(self) -> str:
        mark, sentence = self.sentence.split(" ", 1)
        rows = "\n".join(_row(each) for each in self.checks)
        titles = "".join(
            f'<th style="{_CELL}">{title}</th>' for title in ("", "Claim", "Wanted", "Found", "What to do")
        )
        return (
            f'<p style="font-size: 1.25em; font-weight: bold">{_coloured(mark)} {escape(sentence)}</p>\n'
            f"<table>\n<tr>{titles}</tr>\n{rows}\n</table>"
        )


def _lines(check: Check) -> list[str]:
    wanted = f" (wanted: {check.wanted})" if check.wanted else ""
    lines = [f"{check.mark} {check.claim}{wanted}; found: {check.found or NOTHING}"]
    return lines if check.holds else [*lines, f"  → {check.advice}"]


def _row(check: Check) -> str:
    found = f'<td class="found" style="{_CELL}">{escape(check.found or NOTHING)}</td>'
    claim, wanted, advice = (
        f'<td style="{_CELL}">{escape(text)}</td>'
        for text in (check.claim, check.wanted, "" if check.holds else check.advice)
    )
    return f'<tr><td style="{_CELL}">{_coloured(check.mark)}</td>{claim}{wanted}{found}{advice}</tr>'


def _coloured(mark: str) -> str:
    return f'<span style="color: {_COLOURS[mark]}; font-weight: bold">{mark}</span>'
