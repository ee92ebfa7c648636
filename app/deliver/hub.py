"""The hub: which connections listen to which channel, and the fan-out to them. No I/O but what a wire does.

Fan-out is synchronous: a batch is encoded once for each set of channels, written to every connection that listens,
and no browser is waited for. A connection that does not keep up is left behind and caught up later (`replay`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from app import channel
from app.deliver.connection import Connection
from app.deliver.event import NOBODY, Event, cut
from app.deliver.wire import Wire

logger = logging.getLogger(__name__)


class Hub:
    """The connections of one web process.

    Args:
        unsent_max_bytes: a connection with more unsent than this is left behind.
        left_behind: is told of it; brings it up to date from its cursor.
        clock: the event loop's.
    """

    def __init__(
        self, unsent_max_bytes: int, left_behind: Callable[[Connection], None], clock: Callable[[], float]
    ) -> None:
        self._unsent_max_bytes = unsent_max_bytes
        self._left_behind = left_behind
        self._clock = clock
        self._listeners: dict[str, set[Connection]] = {}
        self._connections: dict[Connection, None] = {}

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._connections))

    def of_customer(self, customer_id: int) -> Collection[Connection]:
        return self._listeners.get(channel.of_customer(customer_id), ())

    def add(self, connection: Connection) -> None:
        """Takes a connection in. It hears of nothing before it is live."""
        self._connections[connection] = None
        for name in connection.channels:
            self._listeners.setdefault(name, set()).add(connection)

    def remove(self, connection: Connection) -> None:
        del self._connections[connection]
        for name in connection.channels:
            self._forget(name, connection)

    def subscribe(self, customer_id: int, topic: str, position: int) -> None:
        """From `position` on, the customer's connections listen to a topic too, as far as their tokens cover it."""
        name = channel.of_topic(topic)
        for connection in self.of_customer(customer_id):
            if name not in connection.channels and connection.identity.allows(topic):
                connection.channels[name] = position
                self._listeners.setdefault(name, set()).add(connection)

    def unsubscribe(self, customer_id: int, topic: str) -> None:
        """The customer's connections stop listening to a topic, but for those whose URL asks for it.

        Those too, if it was an order's that they heard as its members.
        """
        name = channel.of_topic(topic)
        for connection in self.of_customer(customer_id):
            is_asked_for = topic in connection.asked_topics and connection.identity.covers(topic)
            if not is_asked_for and connection.channels.pop(name, None) is not None:
                self._forget(name, connection)

    def set_topics(self, customer_id: int, topics: Mapping[str, int]) -> None:
        """The customer's subscriptions are these, whatever was known before."""
        listened = {channel.topic(name) for each in self.of_customer(customer_id) for name in each.channels}
        for topic in listened - topics.keys() - {None}:
            self.unsubscribe(customer_id, str(topic))
        for topic, position in topics.items():
            self.subscribe(customer_id, topic, position)

    def publish(self, events: Sequence[Event], position: int) -> int:
        """Writes a batch to every live connection that listens; returns how many events were written.

        Args:
            events: in the order of the log.
            position: up to which the batch reaches.
        """
        now, now_ms = self._clock(), time.time() * 1000
        heard: dict[str, list[Event]] = {}
        for event in events:
            if event.channel in self._listeners and not (event.expires_ms and event.expires_ms <= now_ms):
                heard.setdefault(event.channel, []).append(event)
        some_withheld = any(event.withheld for event in events)
        written = 0
        for names, connections in self._audiences(heard):
            batch = heard[names[0]] if len(names) == 1 else _merged(heard[name] for name in names)
            pieces = _Pieces(batch, position)
            withheld = NOBODY.union(*(event.withheld for event in batch)) if some_withheld else NOBODY
            hearing: Collection[Connection] = connections
            if withheld:
                hearing = [each for each in connections if each.identity.customer_id not in withheld]
                for connection in connections:
                    if connection.live and connection.identity.customer_id in withheld:
                        written += self._write_part(connection, batch, position, now)
            written += len(batch) * self._write(hearing, pieces, now)
        return written

    def all_left_behind(self, position: int) -> None:
        """Entries after `position` went by unseen: every live connection must be caught up."""
        for connection in self:
            if connection.live:
                self._leave_behind(connection, position)

    def silent_since(self, moment: float) -> list[Connection]:
        """The live connections that were not written to since then (the clock's seconds)."""
        return [each for each in self._connections if each.live and each.written_at <= moment]

    def gone(self) -> list[Connection]:
        """The connections whose browser is known to have gone, and that were not told to end yet."""
        return [each for each in self._connections if each.wire.closed and not each.ended]

    def expired(self, moment: float) -> list[Connection]:
        """The connections whose tokens are over at a time (Unix, seconds)."""
        return [
            each
            for each in self._connections
            if each.identity.expires_at is not None and each.identity.expires_at <= moment
        ]

    def _audiences(self, heard: Mapping[str, object]) -> Iterable[tuple[tuple[str, ...], Collection[Connection]]]:
        """The connections that hear something, by the channels on which they do."""
        if len(heard) == 1:
            (name,) = heard
            return [((name,), self._listeners[name])]
        names_of: dict[Connection, tuple[str, ...]] = {}
        for name in heard:
            for connection in self._listeners[name]:
                names_of[connection] = (*names_of.get(connection, ()), name)
        audiences: dict[tuple[str, ...], list[Connection]] = {}
        for connection, names in names_of.items():
            audiences.setdefault(names, []).append(connection)
        return audiences.items()

    def _write_part(self, connection: Connection, batch: Sequence[Event], position: int, now: float) -> int:
        """Writes what is not withheld from the connection's customer; returns how many events that were."""
        customer_id = connection.identity.customer_id
        pushed = [event for event in batch if customer_id not in event.withheld]
        if pushed:
            self._write([connection], _Pieces(pushed, position), now)
        return len(pushed)

    def _write(self, connections: Iterable[Connection], pieces: _Pieces, now: float) -> int:
        """Writes a batch to those that are live; returns how many they are. Here most of the time is spent."""
        written = 0
        wire_type: type[Wire] | None = None
        for connection in connections:
            if not connection.live:
                continue
            written += 1
            connection.written_at = now
            wire = connection.wire
            if type(wire) is not wire_type:
                wire_type = type(wire)
                framed_pieces = pieces.framed_for(wire)
            for position, framed, size in framed_pieces:
                try:
                    taken = wire.offer(framed)
                except Exception:  # it has no room, or is broken: `write` says which
                    taken = 0
                if taken != size and not self._write_rest(connection, framed[taken:], position, now):
                    break
        return written

    def _write_rest(self, connection: Connection, framed: bytes, position: int, now: float) -> bool:
        """Writes what the network did not take at once; False if nothing may follow."""
        try:
            connection.wire.write(framed)
        except Exception as error:  # whatever is wrong with one connection, the others are to hear
            logger.warning("A connection can't be written to: %r", error, extra={"action": "write_failed"})
            connection.abort(now)
            return False
        if connection.wire.unsent_bytes() > self._unsent_max_bytes:
            self._leave_behind(connection, position)
            return False
        return True

    def _forget(self, name: str, connection: Connection) -> None:
        listeners = self._listeners[name]
        listeners.discard(connection)
        if not listeners:
            del self._listeners[name]

    def _leave_behind(self, connection: Connection, position: int) -> None:
        connection.live = False
        connection.cursor = position
        self._left_behind(connection)


class _Pieces:
    """A batch cut into writes, each with the position that it reaches and its size, encoded once for a kind of wire."""

    __slots__ = ("_batch", "_framed", "_position")

    def __init__(self, batch: Sequence[Event], position: int) -> None:
        self._batch = batch
        self._position = position
        self._framed: dict[type[Wire], list[tuple[int, bytes, int]]] = {}

    def framed_for(self, wire: Wire) -> list[tuple[int, bytes, int]]:
        kind = type(wire)
        pieces = self._framed.get(kind)
        if pieces is None:
            pieces = self._framed[kind] = [
                (reach, framed := wire.framed(events), len(framed))
                for reach, events in cut(self._batch, self._position)
            ]
        return pieces


def _merged(batches: Iterable[list[Event]]) -> list[Event]:
    return sorted((event for batch in batches for event in batch), key=lambda event: event.position)
