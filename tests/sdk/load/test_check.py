"""`check-latency`: the verdict, and what is refused before anything is asked. Runs are in test_run.py."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from app.sdk.load import check
from app.sdk.load.clock import UNKNOWN
from app.sdk.load.plan import Plan
from app.sdk.load.result import Deliveries, Generator, LoadResult, Notification

PLAN = Plan(customers=2, rate=100, seconds=1)


def result(milliseconds: float = 10.0, late_ms: float = 0.0, **changes: Any) -> LoadResult:
    """100 notifications that took so long, most of it between acceptance and commit."""
    made = [
        Notification(f"uid-{number}", number, number + 0.001, number + 0.008, number + 0.009, number + 0.01, 1, 1)
        for number in range(100)
    ]
    counts: dict[str, Any] = dict.fromkeys(
        ("lost", "duplicates", "out_of_order", "misdirected", "refused", "unanswered", "reconnects", "gaps"), 0
    )
    return LoadResult(
        plan=PLAN,
        run="abc",
        notifications=made,
        deliveries=Deliveries(
            array("I", range(100)),
            array("I", [0]) * 100,
            array("d", [number + milliseconds / 1000 for number in range(100)]),
        ),
        refusals={},
        clock=UNKNOWN,
        generator=Generator(late_ms, 0.1, 0, 100, 0.0, 0.0),
        interrupted=False,
        **{**counts, **changes},
    )


def test_in_time_and_complete_is_met() -> None:
    assert check.judge(result(), None, 10.1).met
    assert check.judge(result(reconnects=3), 10.1, 50).met


@pytest.mark.parametrize("wrong", ["lost", "duplicates", "out_of_order", "misdirected", "refused", "unanswered"])
def test_in_time_is_not_enough(wrong: str) -> None:
    assert not check.judge(result(**{wrong: 1}), None, 50).met


def test_too_late_is_missed_and_the_stage_that_takes_longest_is_named() -> None:
    verdict = check.judge(result(), None, 9.9)
    assert not verdict.met
    assert "→ Most of it passes between accepted and committed: p99 7 ms." in repr(verdict)


def test_the_half_has_an_objective_of_its_own() -> None:
    assert not check.judge(result(), 9.9, 50).met


def test_a_generator_that_is_too_slow_is_the_first_thing_to_mend() -> None:
    assert "→ The generator is too slow for this load" in repr(check.judge(result(late_ms=30), None, 9.9))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"p99_ms": 0}, "p99_ms=0 must be above 0."),
        ({"p50_ms": -1.0}, "p50_ms=-1.0 must be above 0."),
        ({"rate": 0}, "rate=0 must be a number above 0 "),
        ({"url": "nowhere"}, "url='nowhere' must be an address "),
        ({"url": "http://127.0.0.1:1"}, "No getnotified answers at http://127.0.0.1:1 (nobody listens there)."),
    ],
)
def test_what_can_not_be_checked_is_one_sentence_and_exit_code_2(
    arguments: dict[str, object],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET_KEY", "a key of thirty-two bytes or more")
    given: dict[str, Any] = {
        "url": None,
        "p50_ms": None,
        "p99_ms": 50.0,
        "as_json": False,
        "progress": False,
        "customers": 5,
    }
    assert check.main(**{**given, **arguments}) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(sentence)
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""
