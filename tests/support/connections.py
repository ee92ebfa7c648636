"""Connections without a network."""

from __future__ import annotations

from app import channel
from app.auth import Identity
from app.deliver.connection import Connection
from tests.support.wires import RecordingWire


class TestConnection(Connection):
    """A connection whose wire a test can look into."""

    __slots__ = ()
    __test__ = False
    wire: RecordingWire


def connection(
    customer_id: int = 1,
    topics: dict[str, int] | None = None,
    *,
    asked: frozenset[str] = frozenset(),
    covered: tuple[str, ...] | None = None,
    wire: RecordingWire | None = None,
    cursor: int = 0,
    live: bool = True,
) -> TestConnection:
    """A customer's connection.

    Args:
        topics: those subscribed to, each from which position on.
        asked: topics that its URL asks for.
        covered: the patterns of its token.
    """
    channels = {channel.of_customer(customer_id): 0}
    channels |= {channel.of_topic(topic): since for topic, since in (topics or {}).items()}
    channels |= {channel.of_topic(topic): 0 for topic in asked}
    identity = Identity(f"customer:{customer_id}", "customer", covered, None)
    made = TestConnection(identity, channels, asked, wire or RecordingWire(), cursor)
    made.live = live
    return made
