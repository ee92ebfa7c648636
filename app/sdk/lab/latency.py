"""What a table of deliveries says about latency: which stage takes how long, and how it changes. No I/O.

The table is `LoadResult.to_frame()`: a row a delivery, with `committed_ms`, `carried_ms` and `received_ms`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Final

from app.sdk import shown
from app.sdk.load.stage import quantile

if TYPE_CHECKING:
    import pandas as pd

    from app.sdk.load.result import LoadResult

# What happens in a stage, as one would say it.
WORDS: Final[Mapping[str, str]] = {
    "committed": "writing to the database",
    "carried": "the log",
    "received": "the way to the customer",
}
# Those around the median: wide enough to say something, narrow enough to be alike.
MIDDLE: Final = (0.45, 0.55)
SLOW_SHARE: Final = 0.99
CURVE_POINTS: Final = 1_000


def stages_ms(deliveries: pd.DataFrame) -> pd.DataFrame:
    """How long each stage of each delivery took. They add up to the time from its acceptance to the customer.

    A customer may have it before the web process knows that the log has it: carrying ends then with the delivery. Where
    nobody knows when it was carried, because that was after the answer, carrying is what took long.
    """
    after_commit = deliveries["received_ms"] - deliveries["committed_ms"]
    carried = deliveries["carried_ms"].fillna(float("inf")).clip(upper=after_commit)
    return (
        deliveries[["committed_ms"]]
        .assign(carried_ms=carried, received_ms=after_commit - carried)
        .set_axis(list(WORDS), axis="columns")
    )


def table(result: LoadResult) -> pd.DataFrame:
    """How long each stage takes (ms): a row a stage, and one for all that counts."""
    import pandas as pd  # noqa: PLC0415  # takes half a second

    deliveries = result.to_frame()
    stages = stages_ms(deliveries)
    rows = {
        "due → accepted": deliveries["accepted_ms"],
        "accepted → committed": stages["committed"],
        "committed → carried": stages["carried"],
        "carried → received": stages["received"],
        "accepted → received": deliveries["received_ms"],
    }
    columns = {"half": 0.5, "95 of 100": 0.95, "99 of 100": SLOW_SHARE, "the slowest": 1.0}
    found = {name: [quantile(sorted(each), share) for each in rows.values()] for name, share in columns.items()}
    return pd.DataFrame(found, index=list(rows))


def where_time_goes(deliveries: pd.DataFrame) -> pd.DataFrame:
    """The mean time in each stage (ms): of deliveries of a usual length, and of the slowest 1 in 100. A row each."""
    stages, ranks = stages_ms(deliveries), deliveries["received_ms"].rank(pct=True, method="first")
    groups = {
        "the median": stages[ranks.between(*MIDDLE)],
        "the slowest 1 in 100": stages[ranks >= min(SLOW_SHARE, ranks.max())],
    }
    import pandas as pd  # noqa: PLC0415  # takes half a second

    return pd.DataFrame({name: group.mean() for name, group in groups.items()}).T.clip(lower=0)


def eater(of_each_stage: pd.Series) -> tuple[str, float]:
    """The stage that takes most time, in words, and its share of all (0 to 1)."""
    stage = str(of_each_stage.idxmax())
    return WORDS[stage], float(of_each_stage[stage] / of_each_stage.sum())


def blame(times: pd.DataFrame) -> str:
    """`where_time_goes` as a sentence without its full stop."""
    (usual, usual_share), (slow, slow_share) = (eater(times.loc[group]) for group in times.index)
    first = f"{_capital(usual)} takes {shown.share(round(usual_share, 2))} of the time"
    if usual == slow:
        return f"{first}, and {shown.share(round(slow_share, 2))} where it is slowest"
    return f"{first}; where it is slowest, {slow} does: {shown.share(round(slow_share, 2))}"


def over_time(deliveries: pd.DataFrame, step_seconds: float) -> pd.DataFrame:
    """For each step since the first was accepted, by when they were: `seconds` (its middle), `count`, `p50_ms`,
    `p99_ms`. Steps in which nothing was accepted are left out."""
    since = (deliveries["accepted_at"] - deliveries["accepted_at"].min()).dt.total_seconds()
    steps = deliveries["received_ms"].groupby((since // step_seconds).astype(int))
    return steps.agg(
        count="size",
        p50_ms=lambda each: quantile(sorted(each), 0.5),
        p99_ms=lambda each: quantile(sorted(each), SLOW_SHARE),
    ).assign(seconds=lambda table: (table.index + 0.5) * step_seconds)


def compared(results: Iterable[LoadResult]) -> pd.DataFrame:
    """`p50_ms` and `p99_ms`, by the number of connections."""
    import pandas as pd  # noqa: PLC0415  # takes half a second

    rows = [
        {
            "connections": each.plan.customers,
            "p50_ms": each.quantile_ms("received", 0.5),
            "p99_ms": each.quantile_ms("received", SLOW_SHARE),
        }
        for each in results
    ]
    return pd.DataFrame(rows).set_index("connections")


def curve(rising: Sequence[float]) -> tuple[list[float], list[float]]:
    """Durations, and the share (0 to 1) of all that does not exceed each: as many points as a plot can show."""
    count = len(rising)
    ranks = sorted({ceil(count * point / CURVE_POINTS) for point in range(1, CURVE_POINTS + 1)})
    return [rising[rank - 1] for rank in ranks], [rank / count for rank in ranks]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
