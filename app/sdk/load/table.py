"""A result as a table for a terminal. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.sdk.load.plan import Plan
from app.sdk.load.stage import SPANS, STAGES

_PATTERNS = {
    "steady": "evenly",
    "burst": "in bursts",
    "rush_hour": "in a rush hour",
    "order_day": "along a day of orders",
}
# What is counted of a result, by the names of its attributes.
COUNTS = ("lost", "duplicates", "out_of_order", "misdirected", "refused", "unanswered", "reconnects", "gaps")
_ALWAYS = {"lost", "duplicates", "out_of_order", "refused"}


def table(plan: Plan, summary: Mapping[str, Any]) -> str:
    """The plan, the counts, and the quantiles of every stage."""
    return "\n".join(
        [_planned(plan), *_counted(summary), "", *_latencies(summary["latency_ms"]), *_notes(plan, summary)]
    )


def _planned(plan: Plan) -> str:
    each = "one of them" if plan.audience == "customer" else "all of them"
    return (
        f"{plan.customers:,} customers; {plan.rate:g} notifications a second {_PATTERNS[plan.pattern]} for"
        f" {plan.seconds:g} s, each to {each}"
    )


def _counted(summary: Mapping[str, Any]) -> Iterator[str]:
    if summary["interrupted"]:
        yield "interrupted: this is what there was so far"
    yield (
        f"accepted {summary['accepted']:,} of {summary['planned']:,},"
        f" received {summary['received']:,} of {summary['expected']:,}"
    )
    shown = (name for name in COUNTS if name in _ALWAYS or summary[name])
    yield ", ".join(f"{name.replace('_', ' ')} {summary[name]:,}" for name in shown)
    yield from (f"  {count:,} x {reason}" for reason, count in summary["refusals"].items())


def _latencies(latency_ms: Mapping[str, Mapping[str, float | None]]) -> Iterator[str]:
    names = [" → ".join(SPANS[stage]) for stage in STAGES]
    width = max(map(len, names))
    columns = list(latency_ms["total"])
    yield f"{'ms':<{width}}" + "".join(f"{column:>10}" for column in columns)
    for stage, name in zip(STAGES, names, strict=True):
        yield f"{name:<{width}}" + "".join(f"{_shown(latency_ms[stage][column]):>10}" for column in columns)


def _notes(plan: Plan, summary: Mapping[str, Any]) -> Iterator[str]:
    notes: list[str] = []
    if summary["clock_is_corrected"]:
        notes.append(
            f"The service's clock is {summary['clock_offset_ms']:+,.1f} ms from this one's"
            f" (within {summary['clock_uncertainty_ms']:,.1f} ms); its times are corrected by that."
        )
    if not summary["generator_kept_up"]:
        notes.append(
            f"The generator could not keep up: {_shown(summary['generator_late_ms'])} ms late, and busy for"
            f" {summary['generator_busy']:.0%} of the time. What is above is as much its own latency as the service's:"
            " make less load, or make it from another machine."
        )
    if summary["waited"] > summary["requests"] / 100:
        notes.append(
            f"{summary['waited']:,} of {summary['requests']:,} requests were due while every one of the"
            f" {plan.sending:,} senders waited for an answer. That time counts as latency."
        )
    if notes:
        yield ""
        yield from notes


def _shown(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds:,.1f}"
