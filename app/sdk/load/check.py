"""`python -m app check-latency`: whether a deployment meets its objective, for a terminal or a monitor."""

from __future__ import annotations

import logging
import sys
from typing import Any

import click
import orjson

from app.sdk.deployment import Deployment
from app.sdk.errors import BadParameter, SdkError
from app.sdk.load.plan import Plan
from app.sdk.load.result import LoadResult
from app.sdk.load.run import run
from app.sdk.load.stage import SPANS, Stage
from app.sdk.shown import duration
from app.sdk.verdict import Verdict

MET, MISSED, NOT_CHECKED, INTERRUPTED = 0, 1, 2, 130

# One after the other they make up the whole way.
_STEPS: tuple[Stage, ...] = ("accepted", "committed", "carried", "delivered")


def main(url: str | None, p50_ms: float | None, p99_ms: float, as_json: bool, progress: bool, **plan: Any) -> int:
    """Makes the load, prints what became of it, and says whether the objective is met.

    Args:
        url: of the deployment; None: `Deployment.from_environment` knows.
        p50_ms, p99_ms: within which half of the deliveries, and 99 of 100, are to arrive; counted from the moment in
            which the notification was to be sent.
        plan: of `Plan`.

    Returns:
        The exit code: 0: met; 1: missed, or something was lost, or came twice or out of order; 2: it could not be
        checked; 130: somebody has ended it (as shells have it for Ctrl-C).
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for every request helps nobody here
    try:
        for name, limit in (("p50_ms", p50_ms), ("p99_ms", p99_ms)):
            if limit is not None and not limit > 0:
                raise BadParameter(name, limit, "be above 0")
        wanted = Plan(**plan)
        # A log of a monitor needs no bars.
        result = run(Deployment.from_environment(url), wanted, progress=progress and sys.stderr.isatty())
    except SdkError as error:
        click.echo(str(error), err=True)
        return NOT_CHECKED
    except KeyboardInterrupt:
        return INTERRUPTED
    verdict = judge(result, p50_ms, p99_ms)
    if as_json:
        wanted_ms = {"p50_ms": p50_ms, "p99_ms": p99_ms, "met": verdict.met and not result.interrupted}
        click.echo(orjson.dumps(result.summary() | {"objective": wanted_ms}, option=orjson.OPT_INDENT_2))
    else:
        sys.stderr.flush()  # the bars come before the table
        click.echo(f"{result.table()}\n\n{verdict!r}")
    if result.interrupted:
        return INTERRUPTED
    return MET if verdict.met else MISSED


def judge(result: LoadResult, p50_ms: float | None, p99_ms: float) -> Verdict:
    """What is claimed of a deployment, and whether it holds."""
    verdict = Verdict()
    advice = _advice(result)
    if p50_ms is not None:
        verdict.at_most("Half of the deliveries arrive in time", result.quantile_ms("total", 0.5), p50_ms, advice)
    verdict.at_most("99 of 100 deliveries arrive in time", result.quantile_ms("total", 0.99), p99_ms, advice)
    found = f"lost {result.lost:,}, twice {result.duplicates:,}, out of order {result.out_of_order:,}"
    if result.misdirected:
        found += f", to somebody else {result.misdirected:,}"
    wrong = result.lost or result.duplicates or result.out_of_order or result.misdirected
    verdict.check("Everything arrives, once and in order", not wrong, found, "Read the logs of the service.")
    if result.refused or result.unanswered:
        found = f"refused {result.refused:,}, unanswered {result.unanswered:,}"
        verdict.check("Everything is accepted", False, found, "The reasons stand above, and in the service's logs.")
    return verdict


def _advice(result: LoadResult) -> str:
    if not result.kept_up:
        return "The generator is too slow for this load: make it from another machine, or less of it."
    slowest = max(_STEPS, key=lambda stage: result.quantile_ms(stage, 0.99))
    begin, end = SPANS[slowest]
    return f"Most of it passes between {begin} and {end}: p99 {duration(result.quantile_ms(slowest, 0.99))}."
