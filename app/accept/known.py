"""What is known of those whom a request is for. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from app.preferences import Preferences


class Audience(NamedTuple):
    """Who is subscribed to a topic.

    Attributes:
        receivers: how many customers.
        holding_back: those of them whose preferences may keep something from being pushed.
    """

    receivers: int
    holding_back: tuple[tuple[int, Preferences], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of those whom a request names.

    Attributes:
        preferences: by customer.
        audiences: by topic.
    """

    preferences: Mapping[int, Preferences]
    audiences: Mapping[str, Audience]
