"""An event: an entry of the log as browsers see it. No I/O."""

from __future__ import annotations

from typing import NamedTuple

from app.deliver.frame import numbered
from app.entry import Entry


class Event(NamedTuple):
    """What browsers see of an entry, ready to be written to a connection.

    Attributes:
        position: its place in the log.
        channel: whose connections see it.
        wire: the SSE event with its `id:` line.
        expires_ms: Unix time after which it is not shown; 0: never.
        collapse_key: a newer event of the channel with the same key takes its place in replay; empty: none.
    """

    position: int
    channel: str
    wire: bytes
    expires_ms: int = 0
    collapse_key: str = ""


def of_entry(entry: Entry) -> Event:
    """The event of an entry that has its position."""
    wire = numbered(entry.position, entry.frame)
    return Event(entry.position, entry.channel, wire, entry.expires_ms, entry.collapse_key)
