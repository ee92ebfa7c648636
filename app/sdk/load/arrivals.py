"""What arrives at the virtual customers of one process. No I/O."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import NamedTuple

import orjson

from app import position as positions
from app.sdk.load.script import MARK
from app.sdk.load.sse import Event


class Batch(NamedTuple):
    """What some events of a stream say. The same for all connections that get the same bytes.

    Attributes:
        numbers: the run's notifications, by the numbers that `Arrivals` gives them.
        first: the position of the first of them; 0: there is none.
        highest: the highest position of all events; 0: none has one.
        falls: how many of the notifications are not above all events before them in the batch.
        last_id: of the last event that has one.
        names: of the events that are no notifications.
    """

    numbers: tuple[int, ...]
    first: int
    highest: int
    falls: int
    last_id: bytes
    names: tuple[bytes, ...]


class Arrivals:
    """Writes down what arrives, in as little memory as may be.

    Args:
        run: whose notifications count; those of others are not looked at.
    """

    def __init__(self, run: str) -> None:
        self._run = run
        self._numbers: dict[str, int] = {}
        self.which = array("I")
        self.who = array("I")
        self.when = array("d")

    @property
    def uids(self) -> list[str]:
        return list(self._numbers)

    def batch(self, events: Iterable[Event]) -> Batch:
        """What events say."""
        numbers: list[int] = []
        names: list[bytes] = []
        first = highest = falls = 0
        last_id = b""
        for event in events:
            position = 0
            if event.id is not None:
                last_id = event.id
                position = positions.parse(event.id.decode("latin-1")) or 0
            number = self._number(event.data) if event.name == b"notification" else None
            if number is not None:
                numbers.append(number)
                falls += position <= highest and bool(highest)
                first = first or position
            elif event.name != b"notification":
                names.append(event.name)
            highest = max(highest, position)
        return Batch(tuple(numbers), first, highest, falls, last_id, tuple(names))

    def add(self, customer: int, numbers: tuple[int, ...], now: float) -> None:
        """Writes down that notifications have arrived at a customer."""
        for number in numbers:
            self.which.append(number)
            self.who.append(customer)
            self.when.append(now)

    def _number(self, data: bytes) -> int | None:
        try:
            notification = orjson.loads(data)
            if notification["data"][MARK] != self._run:
                return None
            uid = notification["uid"]
        except (ValueError, KeyError, TypeError):  # somebody else's, with no data, or with other data
            return None
        return self._numbers.setdefault(uid, len(self._numbers))
