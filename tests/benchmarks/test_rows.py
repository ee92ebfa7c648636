"""What the benchmarks measure, and what they make of it."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from app import channel, position
from benchmarks import cases, proc, stands
from benchmarks.rows import HISTORY, LINES, PEERS, ROWS, STACKS, Outcome, busy, outcomes, steps
from benchmarks.table import table


def one(outcome: list[Outcome]) -> Outcome:
    assert len(outcome) == 1
    return outcome[0]


def test_every_row_of_the_design_has_a_line_and_something_to_measure() -> None:
    assert {line.row for line in LINES} == set(ROWS)
    for row in ROWS:
        assert list(steps([row], STACKS))


def test_every_line_is_fed_by_what_is_measured_for_its_row() -> None:
    for line in LINES:
        family = line.figure.partition(".")[0]
        systems = {name for step in steps([line.row], STACKS) if step.family == family for name in step.cases}
        wanted = {stack + (HISTORY if line.reference == HISTORY else "") for stack in STACKS}
        assert systems >= wanted | ({line.reference} & set(PEERS)), line


def test_nothing_is_measured_twice() -> None:
    step = next(step for step in steps(ROWS, STACKS) if step.family == "audience")
    assert step.cases["embedded"] is cases.audience_and_flood
    assert step.cases["embedded" + HISTORY] is cases.audience
    assert len({step.family for step in steps(ROWS, STACKS)}) == len(list(steps(ROWS, STACKS)))


def test_a_stack_that_is_not_wanted_is_not_measured() -> None:
    names = {name for step in steps(ROWS, ["embedded"]) for name in step.cases}
    assert "embedded" in names
    assert not any(name.startswith("postgres") for name in names)


@pytest.mark.parametrize(("ours", "reached"), [(8.7, True), (8.8, False)])
def test_a_ratio_is_that_of_medians(ours: float, reached: bool) -> None:
    measured = {"embedded": {"crowd.cpu_us": [1.0, ours, 90.0]}, "floor": {"crowd.cpu_us": [7.0, 7.0, 70.0]}}
    outcome = one(outcomes(measured, [1]))
    assert outcome.ratios == {"embedded": ours / 7}
    assert outcome.reached == {"embedded": reached}


def test_a_rate_must_be_high_enough() -> None:
    measured = {"embedded": {"posts.posts": [2500.0]}, "postgres": {"posts.posts": [2499.0]}}
    outcome = one(outcomes(measured | {"quart_204": {"posts.posts": [3900.0]}}, [6]))
    assert outcome.reached == {"embedded": True, "postgres": False}


def test_without_its_reference_a_line_says_nothing_of_its_goal() -> None:
    outcome = one(outcomes({"embedded": {"crowd.cpu_us": [8.0]}}, [1]))
    assert outcome.values == {"embedded": 8.0}
    assert (outcome.ratios, outcome.reached) == ({}, {})


def test_batches_are_compared_with_single_posts_of_the_reference() -> None:
    measured = {"embedded": {"posts.batched": [15_000.0]}, "quart_204": {"posts.posts": [3900.0]}}
    outcome = one(outcomes(measured, [7]))
    assert outcome.reached == {"embedded": True}
    assert outcome.values["quart_204"] == 3900


def test_a_history_is_compared_with_the_same_stack_without_one() -> None:
    measured = {
        "embedded": {"audience.cpu_us": [10.0]},
        "embedded" + HISTORY: {"audience.cpu_us": [11.5]},
        "postgres": {"audience.cpu_us": [20.0]},
        "postgres" + HISTORY: {"audience.cpu_us": [19.0]},
    }
    outcome = one(outcomes(measured, [9]))
    assert outcome.values == {"embedded": 11.5, "postgres": 19.0}
    assert outcome.reached == {"embedded": False, "postgres": True}


@pytest.mark.parametrize(("floor_us", "goal_ms"), [(3.0, 5.0), (6.0, 5.0), (12.0, 10.0), (None, 5.0)])
def test_the_goal_of_latency_grows_with_a_slower_machine_only(floor_us: float | None, goal_ms: float) -> None:
    measured = {"embedded": {"latency.p50_ms": [4.0]}}
    if floor_us is not None:
        measured["floor"] = {"audience.cpu_us": [floor_us]}
    assert one(outcomes(measured, [8])).goal == goal_ms


def test_it_is_told_where_the_load_generator_was_the_limit() -> None:
    measured = {"embedded": {"audience.flood_listener_busy": [0.95], "audience.sender_busy": [0.5]}}
    assert busy(measured) == ["embedded, audience.flood_listener 95% of a processor"]


def test_the_table_shows_figure_ratio_goal_and_verdict() -> None:
    measured = {"embedded": {"crowd.cpu_us": [9.1]}, "floor": {"crowd.cpu_us": [7.0]}}
    heads, line = table(outcomes(measured, [1]), 1_000_000).splitlines()
    assert heads.split() == ["SQLite", "C", "loop", "ratio", "goal", "reached"]
    assert line.startswith("1  CPU per delivery")
    assert line.split()[-9:] == ["9.10", "7.00", "1.30", "≤", "1.25", "×", "C", "loop", "no"]


def test_the_cpu_of_this_process_is_what_proc_says() -> None:
    pid = os.getpid()
    begun, ends_at = time.process_time(), time.process_time() + 0.1
    before = proc.cpu_seconds([pid])
    while time.process_time() < ends_at:
        pass
    spent = time.process_time() - begun
    assert abs(proc.cpu_seconds([pid]) - before - spent) <= 0.03  # it is told in hundredths of a second
    assert pid in proc.family(pid)
    assert proc.resident_kb([pid]) > 1000


def test_a_history_fits_the_schema(tmp_path: Path) -> None:
    """On the tables that migrating makes; its positions are those of its times, and rise."""
    settings = {"DATA_DIR": str(tmp_path)}
    stands.run_app(["migrate"], settings)
    told: list[int] = []
    file = tmp_path / "getnotified.sqlite3"
    stands.fill_sqlite(file, 2000, told.append)
    assert told[-1] == 2000
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = connection.execute("SELECT position, date_sent, channel, receiver_id FROM notification ORDER BY uid")
        found = rows.fetchall()
        (pruned_to,) = connection.execute("SELECT pruned_to FROM marks").fetchone()
    assert len(found) == 2000
    positions = [each[0] for each in found]
    assert positions == sorted(set(positions))
    assert pruned_to < positions[0]
    assert positions[-1] < position.from_ms(int(time.time() * 1000))
    for place, date_sent, name, receiver in found:
        assert datetime.fromisoformat(date_sent).timestamp() * 1000 == pytest.approx(position.to_ms(place), abs=0.5)
        assert name == channel.of_customer(receiver)
