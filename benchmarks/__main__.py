"""`python -m benchmarks`: measures every row of DESIGN, section 7, and says which are reached."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import click

from benchmarks import plot, rows, stands, systems, table
from benchmarks.cases import Scale
from benchmarks.load.process import LoadFailed
from benchmarks.rows import HISTORY, ROWS, STACKS
from benchmarks.stands import DidNotStart, NotHere
from benchmarks.systems import Server

HERE = Path(__file__).parent
RESULTS, PLOT = HERE / "results.json", HERE / "results.svg"
HISTORY_ROWS = 1_000_000
FILES_SPARE = 200
PACKAGES = ("quart", "hypercorn", "redis", "tortoise-orm", "asyncpg")
NO_CENTRIFUGE = "centrifuge (Go) is no package that can be installed here, so row 3 is compared with nchan alone."

Start = Callable[[], AbstractContextManager[Server]]


class Benchmark:
    """A run: which systems there are, and what was measured of them.

    Args:
        tell: is called with a line about how far it is.
    """

    def __init__(self, arguments: argparse.Namespace, scale: Scale, tell: Callable[[str], None]) -> None:
        self._arguments = arguments
        self._scale = scale
        self._tell = tell
        self._starts: dict[str, Start] = {}
        self.notes: list[str] = []
        self.postgres = ""
        self.measured: dict[str, dict[str, list[float]]] = {}

    def prepare(self, stack: ExitStack) -> None:
        """Finds the systems that can be started here; what is missing becomes a note."""
        for peer in (systems.BARE, systems.NAIVE, systems.QUART_204):
            self._starts[peer.name] = peer.start
        for find in (systems.floor, systems.nchan):
            try:
                found = find()
            except NotHere as error:
                self.notes.append(f"Skipped: {error}.")
                continue
            self._starts[found.name] = found.start
        # Short: a socket's path has at most 107 bytes.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gn-bench-", dir="/tmp")))
        ours = systems.Ours(folder, self._scale.crowd)
        if "embedded" in self._arguments.stack:
            self._starts["embedded"] = ours.embedded
            fill = partial(self._tell_filled, "SQLite")
            self._starts["embedded" + HISTORY] = partial(ours.embedded_with_history, HISTORY_ROWS, fill)
        if "postgres" in self._arguments.stack:
            self._prepare_postgres(ours, stack)

    def _prepare_postgres(self, ours: systems.Ours, stack: ExitStack) -> None:
        try:
            postgres = stack.enter_context(stands.postgres())
        except (NotHere, DidNotStart) as error:
            self.notes.append(f"Skipped: {error}.")
            return
        stack.callback(ours.drop, postgres)
        self.postgres = postgres.describe()
        self._starts["postgres"] = partial(ours.production, postgres)
        fill = partial(self._tell_filled, "PostgreSQL")
        self._starts["postgres" + HISTORY] = partial(ours.production_with_history, postgres, HISTORY_ROWS, fill)

    def run(self) -> None:
        """Measures; what could not be measured becomes a note."""
        planned = [
            step._replace(cases={name: case for name, case in step.cases.items() if name in self._starts})
            for step in rows.steps(self._arguments.only, self._arguments.stack)
        ]
        total = sum(len(step.cases) for step in planned) * self._arguments.repeats
        done, begun_at = 0, time.monotonic()
        for step in planned:
            for repeat in range(self._arguments.repeats):
                for name, case in step.cases.items():
                    self._measure(step.family, name, case)
                    done += 1
                    seconds = time.monotonic() - begun_at
                    what = f"{step.family}, {name}, {repeat + 1} of {self._arguments.repeats}"
                    self._tell(f"[{done}/{total}, {seconds:.0f} s] {what}")

    def _measure(self, family: str, name: str, case: rows.Case) -> None:
        try:
            with self._starts[name]() as server:
                figures = case(server, self._scale)
        except (DidNotStart, LoadFailed) as error:
            self.notes.append(f"{name} could not be measured ({family}): {error}.")
            self._tell(self.notes[-1])
            return
        taken = self.measured.setdefault(name, {})
        for figure, value in figures.items():
            taken.setdefault(f"{family}.{figure}", []).append(value)

    def _tell_filled(self, database: str, count: int) -> None:
        if count:
            self._tell(f"A history for {database}: {count:,} of {HISTORY_ROWS:,} rows")


def machine() -> dict[str, Any]:
    """Where and with what it was measured."""
    cpu = next(
        (line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def main() -> int:
    arguments = _parsed()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    scale = Scale()
    if hard != resource.RLIM_INFINITY and hard < scale.crowd + FILES_SPARE:
        click.echo(
            f"{scale.crowd:,} connections need as many open files; here a process may have {hard:,} (ulimit -Hn)."
        )
        return 2
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, _end)
    if arguments.quick:
        scale = scale._replace(seconds=scale.seconds / 2, latency_seconds=scale.latency_seconds / 2)
    with ExitStack() as stack:
        benchmark = Benchmark(arguments, scale, _tell)
        benchmark.prepare(stack)
        benchmark.run()
    _report(benchmark, arguments, scale)
    return 0


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures how fast the service is, beside others on this machine, and writes"
        f" {RESULTS.name} and {PLOT.name} into {HERE.name}/. Nothing else should run meanwhile.",
    )
    parser.add_argument("--only", nargs="+", type=int, choices=ROWS, default=ROWS, metavar="ROW", help="rows, 1 to 9")
    parser.add_argument("--stack", nargs="+", choices=STACKS, default=STACKS, help="default: both")
    parser.add_argument("--repeats", type=int, help="times that each system is measured; medians count (default: 3)")
    parser.add_argument("--quick", action="store_true", help="once, and half as long: a first impression")
    arguments = parser.parse_args()
    arguments.repeats = arguments.repeats or (1 if arguments.quick else 3)
    return arguments


def _report(benchmark: Benchmark, arguments: argparse.Namespace, scale: Scale) -> None:
    outcomes = rows.outcomes(benchmark.measured, arguments.only)
    notes = [*benchmark.notes, *_remarks(benchmark, arguments.only)]
    where = machine() | {"postgres": benchmark.postgres}
    click.echo(
        f"\n{where['cpu']}, {where['cores']} cores, Python {where['python']}, PostgreSQL {benchmark.postgres or '-'}\n"
    )
    click.echo(table.table(outcomes, HISTORY_ROWS))
    click.echo("\n".join(["", *notes]))
    document = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": where,
        "repeats": arguments.repeats,
        "scale": scale._asdict(),
        "rows": [
            {
                "row": each.line.row,
                "what": each.line.what.format(rows=f"{HISTORY_ROWS:,}"),
                "unit": each.line.unit,
                "values": each.values,
                "ratios": each.ratios,
                "goal": table.goal_shown(each),
                "reached": each.reached,
            }
            for each in outcomes
        ],
        "measured": benchmark.measured,
        "notes": notes,
    }
    RESULTS.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    plot.draw(outcomes, HISTORY_ROWS, PLOT)
    click.echo(f"\nWritten: {RESULTS}, {PLOT}")


def _remarks(benchmark: Benchmark, wanted: Sequence[int]) -> list[str]:
    measured = benchmark.measured
    remarks = [f"The load generator was itself the limit: {each}." for each in rows.busy(measured)]
    if 3 in wanted:
        remarks.append(NO_CENTRIFUGE)
    remarks += [
        f"{table.NAMES[stack]}, beside the web process: {', '.join(beside)} of CPU per delivery (row {row})."
        for row, family in ((1, "crowd"), (2, "audience"))
        for stack in STACKS
        if row in wanted and (beside := rows.beside(measured, stack, family))
    ]
    if 8 in wanted:
        remarks.append(_speed(rows.floor_us(measured)))
    return remarks


def _speed(floor_us: float | None) -> str:
    if floor_us is None:
        return "Row 8: without the C loop it is not known how fast this machine is; its goal is that of the reference."
    return (
        f"Row 8: the C loop needs {floor_us:.1f} µs for a delivery here, {rows.REFERENCE_FLOOR_US:g} µs on the"
        f" reference: the goal is {max(floor_us / rows.REFERENCE_FLOOR_US, 1):.2f} times the reference's."
    )


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _end(*_: object) -> NoReturn:
    raise SystemExit(143)  # after all that was started has been ended


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
