"""A verdict: what holds, what does not, and what is to be done."""

from __future__ import annotations

from math import nan

import pytest

from app.sdk import shown
from app.sdk.verdict import Verdict


def a_verdict(p99_ms: float | None = 12.3, lost: int = 0) -> Verdict:
    verdict = Verdict()
    verdict.at_most("99 of 100 arrive soon enough", p99_ms, 50, "Start another web process.")
    verdict.check("None is <lost>", lost == 0, f"{lost} lost", "Read the log of the relay.")
    return verdict


def test_all_is_well_when_every_claim_holds() -> None:
    verdict = a_verdict()
    assert verdict.met
    assert repr(verdict) == (
        "✔ All is well: 2 of 2 hold.\n"
        "✔ 99 of 100 arrive soon enough (wanted: at most 50 ms); found: 12 ms\n"
        "✔ None is <lost>; found: 0 lost"
    )


def test_what_does_not_hold_says_what_to_do() -> None:
    verdict = a_verdict(lost=3)
    assert not verdict.met
    assert repr(verdict).splitlines() == [
        "✘ Something is to be done: 1 of 2 does not hold.",
        "✔ 99 of 100 arrive soon enough (wanted: at most 50 ms); found: 12 ms",
        "✘ None is <lost>; found: 3 lost",
        "  → Read the log of the relay.",
    ]


@pytest.mark.parametrize("nothing", [None, nan])
def test_what_was_not_measured_does_not_hold(nothing: float | None) -> None:
    verdict = a_verdict(nothing)
    verdict.at_least("Enough is read", nothing, 0.5, "Measure it.", shown=shown.share)
    assert [each.holds for each in verdict.checks] == [False, True, False]
    assert "found: none" in repr(verdict)


def test_limits_themselves_are_allowed() -> None:
    verdict = a_verdict(50)
    verdict.at_least("Enough is read", 0.5, 0.5, "Send less.", shown=shown.share)
    assert verdict.met


def test_nothing_checked_is_nothing_met() -> None:
    assert not Verdict().met
    assert repr(Verdict()) == "✘ Nothing was checked."


def test_the_table_says_the_same_and_trusts_no_text() -> None:
    table = a_verdict(70)._repr_html_()
    assert "None is &lt;lost&gt;" in table
    assert table.count("✘") == 2  # the sentence's and the claim's
    assert "Start another web process." in table
    assert "Read the log of the relay." not in table  # it holds
    assert '<td class="found"' in table  # by which nbval knows what may differ


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "none"), (nan, "none"), (0, "0 ms"), (0.04, "0.04 ms"), (0.8, "0.8 ms"), (12.3, "12 ms"),
        (999.7, "1 s"), (1500, "1.5 s"), (59_990, "1 min"), (90_000, "1.5 min"), (5e6, "1.4 h"), (3e8, "3.5 days"),
    ],
)  # fmt: skip
def test_a_duration_is_in_the_unit_that_fits(milliseconds: float | None, text: str) -> None:
    assert shown.duration(milliseconds) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (None, "none"), (0, "0 %"), (1, "100 %"), (0.5, "50 %"), (0.985, "98.5 %"), (0.99999, "99.999 %"),
        (0.9999999, "more than 99.999 %"), (1e-7, "less than 0.001 %"),
    ],
)  # fmt: skip
def test_almost_all_is_not_all(part: float | None, text: str) -> None:
    assert shown.share(part) == text


@pytest.mark.parametrize(
    ("number", "text"), [(None, "none"), (0, "0"), (2.5, "2.5"), (1250, "1,250"), (1e6, "1,000,000")]
)
def test_a_count_has_its_thousands_apart(number: float | None, text: str) -> None:
    assert shown.count(number) == text
