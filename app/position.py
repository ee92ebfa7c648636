"""A position: an entry's place in the log, and the `id` of the event that a browser sees.

Redis writes it `<ms>-<seq>`; memory and the database hold the signed 64-bit integer `ms << 20 | seq`, whose
order is the order of the log.
"""

from __future__ import annotations

import re

SEQUENCE_BITS = 20
SEQUENCE_MAX = (1 << SEQUENCE_BITS) - 1
POSITION_MAX = (1 << 63) - 1

# At most 13 digits of milliseconds (the year 2286) and 7 of sequence: no number of a hostile length is parsed.
_TEXT = re.compile(r"([0-9]{1,13})-([0-9]{1,7})", re.ASCII)


def parse(text: str) -> int | None:
    """The position that `text` writes, or None if it writes none."""
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    sequence = int(match[2])
    position = int(match[1]) << SEQUENCE_BITS | sequence
    return position if sequence <= SEQUENCE_MAX and position <= POSITION_MAX else None


def show(position: int) -> str:
    """The position as Redis and browsers write it."""
    return f"{position >> SEQUENCE_BITS}-{position & SEQUENCE_MAX}"


def from_ms(epoch_ms: int) -> int:
    """The first position of a millisecond."""
    return epoch_ms << SEQUENCE_BITS


def to_ms(position: int) -> int:
    """The millisecond (Unix time, Redis's clock) of a position."""
    return position >> SEQUENCE_BITS
