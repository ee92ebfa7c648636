"""Delivery: one web process's part of the journey, from the log's entries to its browsers."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

from app import channel, database
from app.auth import Identity
from app.deliver import frame
from app.deliver.connection import Connection
from app.deliver.event import Event, of_entry
from app.deliver.hub import Hub
from app.deliver.interests import Interests, Load
from app.deliver.replay import History, Replay
from app.deliver.window import Window
from app.deliver.wire import AsgiWire, Wire
from app.entry import Entry, Kind, SubscriptionChange
from app.settings import Settings

logger = logging.getLogger(__name__)

# Connections written to in one turn of the loop by what is not news (heartbeats, the end).
TURN = 500
# How long a position that this process has not reached is awaited: another process's tail was ahead of ours.
AHEAD_SECONDS = 2.0
REFRESH_SECONDS = 1.0


class Delivery:
    """Window, hub and replay of one web process.

    Args:
        settings: limits and times.
        history: what the window no longer has.
        load_interests: a customer's subscriptions, from the database.
    """

    def __init__(self, settings: Settings, history: History, load_interests: Load) -> None:
        self._settings = settings
        self._clock = asyncio.get_running_loop().time
        self.window = Window(settings.window_max_entries, settings.window_max_bytes)
        self.hub = Hub(settings.unsent_max_bytes, self._left_behind, self._clock)
        self.interests = Interests(load_interests)
        self.replay = Replay(self.window, history, settings.stalled_seconds, self._clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._awaited: dict[asyncio.Future[None], int] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self.started = False
        self.draining = False
        self.delivered = 0

    @property
    def connections_asgi(self) -> int:
        """Connections that are not written to past the server."""
        return sum(isinstance(each.wire, AsgiWire) for each in self.hub)

    # -- What the tail calls ------------------------------------------------------------------------

    def begin(self, entries: Sequence[Entry], newest: int) -> None:
        """Starts with the newest entries of the log, which reaches up to `newest`."""
        self.window.begin(entries[0].position - 1 if entries else newest)
        self.deliver(entries)
        self.started = True

    def deliver(self, entries: Sequence[Entry]) -> None:
        """Hands the next entries of the log to the connections. Does not wait."""
        events: list[Event] = []
        for entry in entries:
            if entry.kind is Kind.SUBSCRIPTION:
                self._publish(events)
                events = []
                self.window.advance(entry.position)
                self._apply(SubscriptionChange.of_entry(entry), entry.position)
            elif entry.kind in (Kind.CUSTOMER, Kind.UNKNOWN):
                self.window.advance(entry.position)
            else:
                event = of_entry(entry)
                self.window.append(event)
                events.append(event)
        self._publish(events)
        if self._awaited:
            self._resolve_awaited()

    def missed(self, position: int, next_position: int) -> None:
        """Entries between the two left the log unread: the window begins anew, connections ask the database."""
        self.hub.all_left_behind(position)
        self.window.begin(next_position - 1)

    def change_interest(self, change: SubscriptionChange) -> None:
        """Applies a change that the log could not take: other processes look it up when the log is back."""
        self._apply(change, self.window.newest)

    async def resumed(self) -> None:
        """The log can be read again: what was not carried meanwhile (changes of subscriptions) is looked up.

        While the database is away too, what was known holds, and it is tried again in the background.
        """
        refreshed = False
        with suppress(TimeoutError):
            async with asyncio.timeout(REFRESH_SECONDS):
                refreshed = await self._refresh_interests()
        if not refreshed:
            self._start(self._refresh_interests_until_done())

    # -- What a stream calls ------------------------------------------------------------------------

    def refusal(self, identity: Identity) -> Mapping[str, object] | None:
        """Why a new connection has to wait (the data of a `busy` event), or None."""
        if not self.started:
            return {"reason": "starting"}
        if self.draining:
            return {"reason": "draining"}
        if len(self.hub) >= self._settings.connections_per_process:
            return {"reason": "connections_per_process", "limit": self._settings.connections_per_process}
        of_customer = self._settings.connections_per_customer
        if of_customer and len(self.hub.of_customer(identity.customer_id)) >= of_customer:
            return {"reason": "connections_per_customer", "limit": of_customer}
        return None

    def retry(self, last_position: int | None = None) -> bytes:
        """A random time after which this browser should come back, and where it was."""
        return frame.retry(random.randint(self._settings.retry_min_ms, self._settings.retry_max_ms), last_position)

    def farewell(self, event: str, data: Mapping[str, object], last_position: int | None = None) -> bytes:
        """The last words of a connection: when to come back, and why it ends."""
        return self.retry(last_position) + frame.frame(event, orjson.dumps(data))

    def register(self, identity: Identity, topics: Mapping[str, int], asked: frozenset[str], wire: Wire) -> Connection:
        """Takes a connection in, with the newest position as its cursor."""
        channels = {channel.of_customer(identity.customer_id): 0}
        channels |= {channel.of_topic(topic): since for topic, since in topics.items() if identity.allows(topic)}
        channels |= {channel.of_topic(topic): 0 for topic in asked if identity.covers(topic)}
        connection = Connection(identity, channels, asked, wire, self.window.newest)
        self.hub.add(connection)
        self._empty.clear()
        return connection

    def unregister(self, connection: Connection) -> None:
        self.hub.remove(connection)
        if not len(self.hub):
            self._empty.set()

    async def reached(self, position: int) -> bool:
        """Whether this process has seen the log up to a position; waits a little for it."""
        if position > self.window.newest:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._awaited[future] = position
            try:
                await asyncio.wait([future], timeout=AHEAD_SECONDS)
            finally:
                del self._awaited[future]
        return position <= self.window.newest

    # -- Background ---------------------------------------------------------------------------------

    async def beat(self) -> None:
        """Sends heartbeats to the connections that hear nothing, and ends those whose token has expired, for ever.

        And those whose browser has gone without the server's noticing: it does not look while a second request waits
        behind the stream (RFC 9112 § 9.3.2).
        """
        seconds = self._settings.heartbeat_seconds
        while True:
            await asyncio.sleep(seconds / 15)
            await self._end(self.hub.expired(time.time()), "expired", "token_expired")
            for connection in self.hub.gone():
                connection.abort(self._clock())
            silent = self.hub.silent_since(self._clock() - seconds)
            for start in range(0, len(silent), TURN):
                now = self._clock()
                heartbeat = frame.numbered(self.window.newest, frame.frame("heartbeat"))
                for connection in silent[start : start + TURN]:
                    # Heartbeats for one who reads nothing would pile up; what is unsent tells as much when it comes.
                    if connection.live and not connection.wire.unsent_bytes():
                        connection.write(heartbeat, now)
                await asyncio.sleep(0)

    async def drain(self) -> None:
        """Ends every connection, each with its own time to come back. New ones are told to wait.

        Browsers that do not take their last words within `drain_seconds` are cut off.
        """
        self.draining = True
        await self._end(list(self.hub), "drain", "shutdown")
        try:
            async with asyncio.timeout(self._settings.drain_seconds):
                await self._empty.wait()
        except TimeoutError:
            for connection in self.hub:
                connection.abort(self._clock())

    # -- Inside -------------------------------------------------------------------------------------

    async def _end(self, connections: Sequence[Connection], event: str, reason: str) -> None:
        for start in range(0, len(connections), TURN):
            now = self._clock()
            for connection in connections[start : start + TURN]:
                if not connection.ended:
                    connection.end(self.farewell(event, {"reason": reason}), now)
            await asyncio.sleep(0)

    def _publish(self, events: Sequence[Event]) -> None:
        if events:
            self.delivered += self.hub.publish(events, events[-1].position)

    def _apply(self, change: SubscriptionChange, position: int) -> None:
        if change.subscribed:
            self.interests.change(change.customer_id, change.topic, position)
            self.hub.subscribe(change.customer_id, change.topic, position)
        else:
            self.interests.change(change.customer_id, change.topic, None)
            self.hub.unsubscribe(change.customer_id, change.topic)

    def _resolve_awaited(self) -> None:
        for future, position in self._awaited.items():
            if position <= self.window.newest and not future.done():
                future.set_result(None)

    def _left_behind(self, connection: Connection) -> None:
        self._start(self._catch_up(connection))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _catch_up(self, connection: Connection) -> None:
        try:
            await self.replay.catch_up(connection)
        except Exception as error:
            if connection.ended:  # its last words may be on their way still
                return
            # It must not stay open and deaf: cut off, the browser comes back and asks from its last id.
            if not isinstance(error, ConnectionError):
                logger.warning("A connection could not be caught up: %r", error, extra={"action": "catch_up_failed"})
            connection.abort(self._clock())

    async def _refresh_interests(self) -> bool:
        try:
            for customer_id, topics in (await self.interests.reload()).items():
                self.hub.set_topics(customer_id, topics)
        except Exception as error:
            # Asked again whatever it is: with those that are out of date a page would miss what it should see.
            bug = None if database.is_unavailable(error) else error
            level = logging.ERROR if bug else logging.WARNING
            said = {"action": "refresh_failed"}
            logger.log(level, "Subscriptions could not be looked up: %r", error, exc_info=bug, extra=said)
            return False
        return True

    async def _refresh_interests_until_done(self) -> None:
        done = False
        while not done:
            await asyncio.sleep(REFRESH_SECONDS)
            done = await self._refresh_interests()
