"""Parties: who takes part in an order. No I/O."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Parties(NamedTuple):
    """Who takes part in an order, as far as its events have named them; and when it ended (UTC)."""

    customer_id: int | None = None
    courier_id: int | None = None
    kitchen_id: int | None = None
    date_ended: datetime | None = None

    def joined(self, later: Parties) -> Parties:
        """With what a later event says. One that has ended stays so, and takes nobody in any more."""
        if self.date_ended is not None:
            return self
        return Parties(
            self.customer_id if later.customer_id is None else later.customer_id,
            self.courier_id if later.courier_id is None else later.courier_id,
            self.kitchen_id if later.kitchen_id is None else later.kitchen_id,
            later.date_ended,
        )

    @property
    def members(self) -> set[int]:
        """Who may hear the order's topic: nobody after its end."""
        if self.date_ended is not None:
            return set()
        return {each for each in self[:3] if each is not None}
