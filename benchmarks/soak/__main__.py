"""`python -m benchmarks.soak`: whether a service grows, or gets slower, while customers come and go."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil, isfinite
from pathlib import Path

import click

from app.run.collector import GROWTH_MIN_BYTES
from app.sdk.deployment import Deployment
from app.sdk.load import Plan
from app.sdk.local import LocalService
from app.sdk.verdict import Verdict
from benchmarks.soak.growth import Growth, growth
from benchmarks.soak.plot import Figure, draw
from benchmarks.soak.turn import LOAD_SECONDS, MB, TURN_SECONDS, Turn, take

MINUTES_MAX = 7 * 24 * 60.0
# Turns in which what is loaded late and what has a bound fills up: a fifth, or five, or half of a few.
WARM_UP_SHARE, WARM_UP_TURNS = 0.2, 5
# Small, so that the window is full when the warm-up is over. Those who stop reading are cut off within a turn.
SETTINGS = {"WINDOW_MAX_ENTRIES": "2000", "STALLED_SECONDS": "10", "LOG_LEVEL": "WARNING"}
STANDS_ON = ("DATABASE_URL", "REDIS_URL")

# What certainly grows by more is a leak: 10 KB for each of 20 visits a second would be 700 MB an hour. But garbage may
# gather up to a bound before it is collected (`app.run.collector`).
FIGURES = (
    Figure("memory_mb", "Memory at rest, MB", "MB", allowed=20.0, slack=GROWTH_MIN_BYTES / MB),
    Figure("tasks", "Tasks at rest", "tasks", allowed=10.0),
    Figure("descriptors", "Descriptors at rest", "descriptors", allowed=10.0),
    Figure("p99_ms", "p99 from being sent to the customer, ms", "ms", allowed=20.0),
)


def main() -> int:
    arguments = _parsed()
    turns: list[Turn] = []
    begun_at = time.monotonic()
    try:
        with _service() as service:
            _soak(service, arguments.minutes, turns, begun_at)
    except KeyboardInterrupt:
        click.echo("Ended early.", err=True)
    if not turns:
        click.echo("Nothing was measured.", err=True)
        return 2
    warm_up = max(ceil(len(turns) * WARM_UP_SHARE), min(WARM_UP_TURNS, len(turns) // 2)) if len(turns) > 1 else 0
    growths = growths_of(turns[warm_up:])
    verdict = judge(turns, growths, warm_up)
    minutes = (turns[-1].at - begun_at) / 60
    headline = f"{minutes:.0f} minutes, {sum(turn.visits for turn in turns):,} customers came and went"
    draw(turns, warm_up, growths, begun_at, headline, arguments.plot)
    click.echo(f"\n{headline}.\n{verdict!r}\n\nThe plot: {arguments.plot}")
    return 0 if verdict.met else 1


def growths_of(turns: Sequence[Turn]) -> dict[Figure, Growth]:
    seconds = [turn.at for turn in turns]
    return {each: growth(seconds, each.of(turns)) for each in FIGURES}


def judge(turns: Sequence[Turn], growths: dict[Figure, Growth], warm_up: int = 0) -> Verdict:
    """What is claimed of the service, and whether it holds. What nobody can tell yet counts as holding."""
    verdict = Verdict()
    for figure, grown in growths.items():
        counted = figure.of(turns[warm_up:])
        verdict.check(
            f"{figure.title}: it does not grow" + (" by more than garbage that waits" if figure.slack else ""),
            grown.at_least <= figure.allowed or max(counted) - counted[0] <= figure.slack,
            figure.shown(grown) if isfinite(grown.uncertainty) else "too few minutes to tell",
            "Look at the plot: does it grow by steps, or all the time? Let it run longer.",
            wanted=f"certainly not by more than {figure.allowed:g} {figure.unit} an hour"
            + (f", or by up to {figure.slack:.0f} in all" if figure.slack else ""),
        )
    wrong = sum(turn.wrong for turn in turns)
    verdict.check("Everything arrives, once and in order", not wrong, f"{wrong:,} wrong", "Run `check-latency`.")
    return verdict


def _soak(service: Deployment, minutes: float, turns: list[Turn], begun_at: float) -> None:
    ends_at = begun_at + minutes * 60
    while not turns or time.monotonic() + TURN_SECONDS / 2 < ends_at:
        begins_at = time.monotonic()
        # Every other one to a topic: each notification to all of fewer customers.
        number = len(turns)
        if number % 2:
            plan = Plan(customers=50, rate=20, seconds=LOAD_SECONDS, audience="topic", seed=number)
        else:
            plan = Plan(customers=300, rate=100, seconds=LOAD_SECONDS, seed=number)
        turn = take(service, plan, number)
        turns.append(turn)
        click.echo(
            f"[{(turn.at - begun_at) / 60:4.1f} of {minutes:g} min] {turn.memory_mb:.1f} MB, {turn.tasks:.0f} tasks, "
            f"{turn.descriptors:.0f} descriptors, p99 {turn.p99_ms:.1f} ms, {turn.visits:,} came and went"
            + (f", {turn.wrong:,} WRONG" if turn.wrong else ""),
            err=True,
        )
        if turn.interrupted:
            return
        time.sleep(max(0.0, min(begins_at + TURN_SECONDS, ends_at) - time.monotonic()))


@contextmanager
def _service() -> Iterator[LocalService]:
    """One of its own: SQLite and a Redis of its own, unless the environment names others."""
    folder = Path(tempfile.mkdtemp(prefix="gn-soak-", dir="/tmp"))  # short: a socket's path has at most 107 bytes
    try:
        service = LocalService(folder, SETTINGS | {name: os.environ[name] for name in STANDS_ON if name in os.environ})
        try:
            yield service
        finally:
            service.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.soak",
        description="Lets customers come and go at a service of its own for a while, and says whether its memory, tasks"
        " and descriptors grow or its p99 rises. Ctrl-C ends it early, with what there is.",
    )
    parser.add_argument("--minutes", type=_minutes, default=30.0, help="how long (default: 30)")
    parser.add_argument("--plot", type=Path, default=Path("var/soak.png"), help="where to (default: var/soak.png)")
    return parser.parse_args()


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= MINUTES_MAX:
        raise argparse.ArgumentTypeError(f"{text}: give more than 0 and up to {MINUTES_MAX:,.0f}")
    return minutes


if __name__ == "__main__":
    sys.exit(main())
