"""Tables of what the SDK gives, for pandas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def to_frame(results: Any) -> pd.DataFrame:
    """A row for each: notifications, events, what was sent; or the one row of a report, or a customer.

    Of a page of the inbox a row for each notification, of the hours' report a row for each hour.

    Moments become UTC timestamps, whether they are datetimes or a report's texts (`date_…`, `…_at`). What does not
    exist for one is missing there.
    """
    import pandas as pd  # noqa: PLC0415  # takes half a second: for those alone who want a table

    if isinstance(results, Mapping):
        results = results.get("notifications", results.get("by_hour", [results]))
    elif is_dataclass(results):
        results = [results]
    table = pd.DataFrame([_row(each) for each in results])
    for column in table.columns:
        if str(column).startswith("date_") or str(column).endswith("_at") or column == "hour":
            table[column] = pd.to_datetime(table[column], utc=True, format="ISO8601")
    return table


def _row(result: Any) -> Mapping[str, Any]:
    if is_dataclass(result):
        kind = {"kind": type(result).__name__}
        return kind | {field.name: getattr(result, field.name) for field in fields(result)}
    return dict(result)
