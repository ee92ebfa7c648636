"""The outcome as a table for a terminal. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.rows import HISTORY, Outcome

NAMES = {
    "embedded": "SQLite",
    "postgres": "PostgreSQL",
    "floor": "C loop",
    "nchan": "nchan",
    "naive": "naive Quart",
    "bare": "bare ASGI",
    "quart_204": "Quart 204",
}


def table(outcomes: Sequence[Outcome], history_rows: int) -> str:
    """Rows by systems; then the ratio to the reference, the goal, and whether each stack reaches it."""
    systems = [name for name in NAMES if any(name in outcome.values for outcome in outcomes)]
    stacks = [name for name in systems if any(name in outcome.reached for outcome in outcomes)]
    heads = ["", "", "", *(NAMES[name] for name in systems), "ratio", "goal", "reached"]
    lines = [heads, *(_cells(outcome, systems, stacks, history_rows) for outcome in outcomes)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(_joined(line, widths).rstrip() for line in lines)


def shown(value: float) -> str:
    """A figure with as many digits as it is good for."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def goal_shown(outcome: Outcome) -> str:
    """The goal in words."""
    line = outcome.line
    sign = "≤" if line.is_most else "≥"
    if line.is_absolute:
        return f"{sign} {outcome.goal:.3g} {line.unit}"
    reference = "without" if line.reference == HISTORY else NAMES[line.reference]
    return f"{sign} {outcome.goal:.3g} × {reference}"


def _cells(outcome: Outcome, systems: Sequence[str], stacks: Sequence[str], history_rows: int) -> list[str]:
    line = outcome.line
    return [
        str(line.row),
        line.what.format(rows=f"{history_rows:,}"),
        line.unit,
        *(shown(outcome.values[name]) if name in outcome.values else "" for name in systems),
        _each(f"{outcome.ratios[stack]:.2f}" if stack in outcome.ratios else "-" for stack in stacks),
        goal_shown(outcome),
        _each({True: "yes", False: "no", None: "-"}[outcome.reached.get(stack)] for stack in stacks),
    ]


def _each(texts: Iterator[str]) -> str:
    joined = " | ".join(texts)
    return joined if set(joined) - set("-| ") else ""


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    left = {1, 2, len(cells) - 2, len(cells) - 1}
    padded = (
        f"{cell:<{width}}" if column in left else f"{cell:>{width}}"
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded)
