"""The collector: full rounds come when memory has grown that open connections do not account for."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import pytest

from app.run.collector import CONNECTION_BYTES, GROWTH_MIN_BYTES, THRESHOLDS, Collector, resident_bytes

MB = 1024 * 1024


class Process:
    """Connections and memory as a test says."""

    def __init__(self, megabytes: int) -> None:
        self.open = 0
        self.bytes = megabytes * MB
        self.collector = Collector(lambda: self.open, lambda: self.bytes)


class Cycle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def garbage() -> weakref.ref[Cycle]:
    """What only a full round finds."""
    cycle = Cycle()
    gc.collect(1)  # so that it is among the oldest
    gc.collect(1)
    return weakref.ref(cycle)


def test_what_connections_account_for_brings_no_round(garbage: weakref.ref[Cycle]) -> None:
    process = Process(100)
    process.open = 10_000
    process.bytes += 10_000 * CONNECTION_BYTES + GROWTH_MIN_BYTES - 1
    assert not process.collector.look()
    assert garbage() is not None


def test_what_they_do_not_account_for_brings_one(garbage: weakref.ref[Cycle]) -> None:
    process = Process(100)
    process.open = 10_000
    process.bytes += 10_000 * CONNECTION_BYTES + GROWTH_MIN_BYTES
    assert process.collector.look()
    assert garbage() is None


def test_after_a_round_it_is_counted_from_there() -> None:
    process = Process(100)
    process.bytes += GROWTH_MIN_BYTES
    assert [process.collector.look(), process.collector.look()] == [True, False]
    process.bytes += GROWTH_MIN_BYTES
    assert process.collector.look()


def test_connections_that_have_gone_leave_garbage() -> None:
    process = Process(100)
    process.open = 10_000
    process.bytes += GROWTH_MIN_BYTES
    assert not process.collector.look()
    process.open = 0
    assert process.collector.look()


def test_a_large_process_grows_by_a_share() -> None:
    process = Process(1_000)
    process.bytes += 249 * MB
    assert not process.collector.look()
    process.bytes += MB
    assert process.collector.look()


def test_memory_is_read() -> None:
    before = resident_bytes()
    more = b"x" * (64 * MB)
    assert 48 * MB < resident_bytes() - before < 128 * MB
    assert len(more) == 64 * MB


def test_a_service_that_has_settled_does_no_full_round_by_itself() -> None:
    script = """
import gc
from app.run.collector import settle
settle()
frozen = gc.get_freeze_count()
kept = []
rounds = gc.get_stats()[2]["collections"]
for number in range(400_000):
    kept.append([number])
print(frozen > 10_000, gc.get_stats()[2]["collections"] - rounds, gc.get_threshold())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"True 0 {THRESHOLDS}"
