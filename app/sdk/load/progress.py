"""Bars that show how far a run is, in a terminal and in a notebook."""

from __future__ import annotations

import os
from typing import Any, Self

from app.sdk.load.plan import Plan


class Bars:
    """Three: connected, sent, received. None if nobody wants to see them, or `TQDM_DISABLE` says so: what tqdm obeys of
    its own accord everywhere but in notebooks."""

    def __init__(self, plan: Plan, shown: bool) -> None:
        totals = {"connected": plan.customers, "sent": plan.notifications, "received": plan.deliveries}
        self._bars: dict[str, Any] = {}
        if shown and os.environ.get("TQDM_DISABLE", "") in {"", "0"}:
            from tqdm.auto import tqdm  # type: ignore[import-untyped]  # noqa: PLC0415  # looks for a notebook

            self._bars = {name: tqdm(total=total, desc=f"{name:>9}") for name, total in totals.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for bar in self._bars.values():
            bar.close()

    def show(self, **counts: int) -> None:
        """How many there are so far, by the name of the bar."""
        for name, count in counts.items():
            if name in self._bars:
                self._bars[name].update(count - self._bars[name].n)
