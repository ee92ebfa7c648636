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
from math import ceil
from pathlib import Path

import click

from app.sdk.load import Plan
from app.sdk.verdict import Verdict
from benchmarks.soak.figure import FIGURES
from benchmarks.soak.growth import SECONDS_AN_HOUR
from benchmarks.soak.plot import draw
from benchmarks.soak.service import SoakedService
from benchmarks.soak.turn import LOAD_SECONDS, TURN_SECONDS, Turn, take

MINUTES_MAX = 7 * 24 * 60.0
# Turns in which what is loaded late and what has a bound fills up: a fifth, or twelve, or half of a few.
WARM_UP_SHARE, WARM_UP_TURNS = 0.2, 12
STANDS_ON = ("DATABASE_URL", "REDIS_URL")


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
    warm_up = max(ceil((len(turns) - 1) * WARM_UP_SHARE), min(WARM_UP_TURNS, len(turns) // 2))
    verdict = judge(turns, warm_up)
    visits = sum(turn.visits for turn in turns)
    headline = f"{(turns[-1].at - begun_at) / 60:.0f} minutes, {visits:,} connections came and went"
    draw(turns, warm_up, begun_at, visits_an_hour(turns), f"{headline}. {verdict.sentence}", arguments.plot)
    click.echo(f"\n{headline}.\n{verdict!r}\n\nThe plot: {arguments.plot}")
    return 0 if verdict.met else 1


def judge(turns: Sequence[Turn], warm_up: int) -> Verdict:
    """What is claimed of the service, and whether it holds.

    Args:
        warm_up: turns at the beginning whose growth does not count.
    """
    verdict = Verdict()
    for figure in FIGURES:
        figure.judge(verdict, turns[warm_up:], visits_an_hour(turns))
    wrong = sum(turn.wrong for turn in turns)
    verdict.check("Everything arrives, once and in order", not wrong, f"{wrong:,} wrong", "Run `check-latency`.")
    return verdict


def visits_an_hour(turns: Sequence[Turn]) -> float:
    seconds = turns[-1].at - turns[0].at
    return sum(turn.visits for turn in turns[1:]) / seconds * SECONDS_AN_HOUR if seconds else 0.0


def _soak(service: SoakedService, minutes: float, turns: list[Turn], begun_at: float) -> None:
    ends_at = begun_at + minutes * 60
    while not turns or time.monotonic() + TURN_SECONDS / 2 < ends_at:
        begins_at = time.monotonic()
        # Every other one to a topic: each notification to all of fewer customers.
        number = len(turns)
        if number % 2:
            plan = Plan(customers=50, rate=20, seconds=LOAD_SECONDS, audience="topic", seed=number)
        else:
            plan = Plan(customers=100, rate=50, seconds=LOAD_SECONDS, seed=number)
        turn = take(service, plan, number)
        turns.append(turn)
        click.echo(
            f"[{(turn.at - begun_at) / 60:4.1f} of {minutes:g} min] {turn.memory_mb:.1f} MB, {turn.blocks:,} blocks, "
            f"{turn.tasks:.0f} tasks, {turn.descriptors:.0f} descriptors, p99 {turn.p99_ms:.1f} ms, "
            f"{turn.visits:,} came and went" + (f", {turn.wrong:,} WRONG" if turn.wrong else ""),
            err=True,
        )
        if turn.interrupted:
            return
        time.sleep(max(0.0, min(begins_at + TURN_SECONDS, ends_at) - time.monotonic()))


@contextmanager
def _service() -> Iterator[SoakedService]:
    """One of its own: SQLite and a Redis of its own, unless the environment names others."""
    folder = Path(tempfile.mkdtemp(prefix="gn-soak-", dir="/tmp"))  # short: a socket's path has at most 107 bytes
    try:
        service = SoakedService(folder, {name: os.environ[name] for name in STANDS_ON if name in os.environ})
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
