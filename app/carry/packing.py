"""Packing: an entry's form in Redis, and its id there."""

from __future__ import annotations

from typing import Any

import orjson

from app import position as positions
from app.entry import Entry, Kind


def pack(entry: Entry) -> bytes:
    """An entry as Redis holds it: a line of JSON, then the frame as it is."""
    head: tuple[object, ...] = (entry.channel, entry.kind, entry.uid, entry.expires_ms, entry.collapse_key)
    if entry.withheld or entry.retracts:
        head += (entry.withheld, entry.retracts)
    return orjson.dumps(head) + b"\n" + entry.frame


def _entry(redis_id: bytes, fields: dict[bytes, bytes]) -> Entry:
    head, _, frame = fields[b"e"].partition(b"\n")
    channel, kind, uid, expires_ms, collapse_key, *rest = orjson.loads(head)
    withheld, retracts, *_ = rest or ((), "")  # a later release may say more
    return Entry(
        channel, Kind(kind), frame, uid, expires_ms, collapse_key, tuple(withheld), retracts, position_of(redis_id)
    )


def unpacked(found: Any) -> list[Entry]:
    """The entries that XREAD or XREVRANGE found, in its order."""
    return [_entry(redis_id, fields) for redis_id, fields in found]


def position_of_one(found: Any) -> int:
    """The position of the only entry that was asked for; 0 if there is none."""
    return position_of(found[0][0]) if found else 0


def position_of(redis_id: bytes) -> int:
    """The position of the entry with an id."""
    milliseconds, _, sequence = redis_id.partition(b"-")
    return int(milliseconds) << positions.SEQUENCE_BITS | int(sequence)
