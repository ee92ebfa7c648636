"""What deliveries say about latency."""

from __future__ import annotations

from typing import Any

import pytest

pd = pytest.importorskip("pandas", reason="the extra `lab` is not installed")

from app.sdk.lab import latency  # noqa: E402


def deliveries(*rows: tuple[float, float | None, float]) -> Any:
    """One of each (committed_ms, carried_ms, received_ms), accepted one second after the other."""
    table = pd.DataFrame(rows, columns=["committed_ms", "carried_ms", "received_ms"], dtype="float64")
    return table.assign(accepted_at=pd.to_datetime(range(len(rows)), unit="s", utc=True))


def test_the_stages_add_up_to_the_whole_way() -> None:
    table = deliveries((5, 2, 10), (5, 2, 6), (5, None, 10))
    stages = latency.stages_ms(table)
    assert stages.sum(axis=1).tolist() == table["received_ms"].tolist()


def test_what_arrives_before_the_log_has_answered_has_no_last_stage() -> None:
    stages = latency.stages_ms(deliveries((5, 4, 8)))
    assert stages.loc[0].tolist() == [5, 3, 0]


def test_what_was_carried_later_than_the_answer_has_waited_to_be_carried() -> None:
    stages = latency.stages_ms(deliveries((5, None, 500)))
    assert stages.loc[0].tolist() == [5, 495, 0]


def test_the_slowest_are_told_apart_from_those_around_the_median() -> None:
    usual = [(1.0, 1.0, 10.0)] * 199
    times = latency.where_time_goes(deliveries(*usual, (90, 1, 100)))
    assert times.loc["the median"].tolist() == [1, 1, 8]
    assert times.loc["the slowest 1 in 100", "committed"] > 20


def test_a_single_delivery_is_the_median_and_the_slowest() -> None:
    times = latency.where_time_goes(deliveries((1, 1, 10)))
    assert times.loc["the slowest 1 in 100"].tolist() == [1, 1, 8]


@pytest.mark.parametrize(
    ("usual", "slow", "sentence"),
    [
        ([6, 1, 3], [70, 10, 20], "Writing to the database takes 60 % of the time, and 70 % where it is slowest"),
        (
            [6, 1, 3],
            [10, 80, 10],
            "Writing to the database takes 60 % of the time; where it is slowest, the log does: 80 %",
        ),
    ],
)
def test_one_sentence_says_which_stage_eats_the_budget(usual: list[int], slow: list[int], sentence: str) -> None:
    times = pd.DataFrame([usual, slow], index=["the median", "the slowest 1 in 100"], columns=list(latency.WORDS))
    assert latency.blame(times) == sentence


def test_over_time_counts_by_when_something_was_accepted() -> None:
    steps = latency.over_time(deliveries((1, 1, 10), (1, 1, 30), (1, 1, 20), (1, 1, 40)), 2)
    assert steps["seconds"].tolist() == [1, 3]
    assert steps["count"].tolist() == [2, 2]
    assert steps["p50_ms"].tolist() == [10, 20]
    assert steps["p99_ms"].tolist() == [30, 40]


def test_a_curve_ends_with_the_slowest_of_all() -> None:
    durations, shares = latency.curve([float(each) for each in range(1, 5001)])
    assert len(durations) == latency.CURVE_POINTS
    assert (durations[-1], shares[-1]) == (5000, 1)
    assert (durations[499], shares[499]) == (2500, 0.5)


def test_a_curve_of_few_has_each_of_them() -> None:
    assert latency.curve([1.0, 2.0]) == ([1.0, 2.0], [0.5, 1.0])
