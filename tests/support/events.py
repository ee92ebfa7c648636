"""Events for tests of delivery, and what a browser would see of them."""

from __future__ import annotations

from collections.abc import Iterable

from app import position as positions
from app.deliver.event import Event
from app.deliver.frame import frame, numbered
from tests.support.sse import parse


def event(
    position: int,
    channel: str = "topic:a",
    size: int = 0,
    expires_ms: int = 0,
    collapse_key: str = "",
    withheld: Iterable[int] = (),
    retracts: str = "",
) -> Event:
    """An event whose data is `size` letters; its uid is `u` and its position."""
    wire = numbered(position, frame("notification", b"x" * size))
    return Event(position, channel, wire, expires_ms, collapse_key, frozenset(withheld), f"u{position}", retracts)


def ids(stream: bytes) -> list[int]:
    """The positions of the notifications in a stream, in the order in which a browser gets them."""
    found: list[int] = []
    for each in parse(stream):
        if each.event == "notification":
            assert each.id is not None
            position = positions.parse(each.id)
            assert position is not None
            found.append(position)
    return found
