"""An event: an entry of the log as browsers see it. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.deliver.frame import numbered
from app.entry import Entry

# One write. A connection that is full is noticed after at most so much.
WRITE_MAX_BYTES = 64 * 1024

NOBODY: frozenset[int] = frozenset()


class Event(NamedTuple):
    """What browsers see of an entry, ready to be written to a connection.

    Attributes:
        position: its place in the log.
        channel: whose connections see it.
        wire: the SSE event with its `id:` line.
        expires_ms: Unix time after which it is not shown; 0: never.
        collapse_key: a newer event of the channel with the same key takes its place in replay; empty: none.
        withheld: customers to whom it is not pushed.
        uid: the notification's, by which it can be taken back.
        retracts: the uid of the notification that this event takes back; empty: none.
    """

    position: int
    channel: str
    wire: bytes
    expires_ms: int = 0
    collapse_key: str = ""
    withheld: frozenset[int] = NOBODY
    uid: str = ""
    retracts: str = ""


def of_entry(entry: Entry) -> Event:
    """The event of an entry that has its position."""
    wire = numbered(entry.position, entry.frame)
    withheld = frozenset(entry.withheld) if entry.withheld else NOBODY
    return Event(
        entry.position,
        entry.channel,
        wire,
        entry.expires_ms,
        entry.collapse_key,
        withheld,
        entry.uid,
        entry.retracts,
    )


def cut(events: Sequence[Event], reach: int) -> Iterator[tuple[int, bytes]]:
    """Events as writes of up to 64 KB (or one event), each with the position up to which it brings a connection.

    Args:
        reach: the position up to which all of them do.
    """
    piece: list[bytes] = []
    size = position = 0
    for event in events:
        if piece and size + len(event.wire) > WRITE_MAX_BYTES:
            yield position, b"".join(piece)
            piece, size = [], 0
        piece.append(event.wire)
        size += len(event.wire)
        position = event.position
    yield reach, b"".join(piece)
