"""`GET /stream`: opens a connection and holds it.

A plain ASGI application, mounted beside Quart: a stream that is open for days keeps no request alive, and a storm
of reconnects does not pay for Quart's handling of each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import orjson

from app import asgi, channel, cors, database, server
from app import position as positions
from app.asgi import Receive, Scope, Send
from app.auth import Identity, Tokens
from app.deliver.connection import Connection
from app.deliver.delivery import Delivery
from app.deliver.frame import frame, numbered
from app.deliver.replay import History
from app.deliver.wire import AsgiWire, TransportWire
from app.errors import HistoryUnsettled, InvalidFields, MethodNotAllowed, Refusal, TopicNotAllowed
from app.settings import Settings

CountUnread = Callable[[Identity], Awaitable[int]]

METHODS = ("GET", "OPTIONS")
EARLIEST = "earliest"
# Under steady traffic a count may never be quite up to date; the next receipt tells the page a newer one.
COUNT_TRIES = 3
# The end of a stream over HTTP/2: all is sent by then, or is never taken, and Hypercorn would wait for ever for that.
FINISH_SECONDS = 0.1

_STREAM_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx buffers a response unless told not to
}
_ENCODED_HEADERS = asgi.encoded(_STREAM_HEADERS)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the URL and the headers of a stream ask for."""

    identity: Identity
    topics: frozenset[str]
    last_event_id: str
    counted: bool


class Stream:
    """The ASGI application of `/stream`.

    Args:
        settings: limits and times.
        tokens: who is asking.
        delivery: where connections are registered.
        history: how far back the database reaches.
        count_unread: how many notifications a customer has not read.
    """

    def __init__(
        self, settings: Settings, tokens: Tokens, delivery: Delivery, history: History, count_unread: CountUnread
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        self._delivery = delivery
        self._history = history
        self._count_unread = count_unread
        self._clock = asyncio.get_running_loop().time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shared: Mapping[str, str] = {}
        try:
            request = asgi.Request(scope, receive)
            shared = cors.headers(request.headers.get(b"origin"), self._settings.cors_origins, request.method)
            if request.method == "OPTIONS":
                await asgi.respond(send, asgi.preflight(METHODS), shared)
                return
            asked = self._asked(request)
            # Read, and not needed by a stream that is open for days; the server keeps the scope.
            del request
            scope["headers"] = ()
            busy = await self._hold(scope["http_version"], receive, send, asked, shared)
        except Refusal as refusal:
            await asgi.respond(send, asgi.problem(refusal), shared)
            return
        if busy is not None:
            # EventSource gives up for good on any answer but 200, so the browser is asked in one to come back.
            farewell = self._delivery.farewell("busy", busy, positions.parse(asked.last_event_id))
            await asgi.respond(send, asgi.Answer(200, farewell, _STREAM_HEADERS), shared)

    def _asked(self, request: asgi.Request) -> _Asked:
        if request.method != "GET":
            raise MethodNotAllowed(request.method, METHODS)
        query = request.query
        identity = request.identify(self._tokens, query.get("token", [None])[0]).require("customer")
        return _Asked(
            identity,
            self._topics(identity, query.get("topic", [])),
            request.headers.get(b"last-event-id") or query.get("last_event_id", [""])[0],
            query.get("count") == ["1"],
        )

    def _topics(self, identity: Identity, topics: list[str]) -> frozenset[str]:
        limit = self._settings.topics_per_connection
        if len(topics) > limit:
            raise InvalidFields([{"loc": ["topic"], "msg": f"up to {limit} topics, not {len(topics)}"}])
        for topic in topics:
            if not channel.is_topic(topic):
                raise InvalidFields([{"loc": ["topic"], "msg": f"{topic[:100]!r} can't be the name of a topic"}])
            # Whether they are a member of an order is known later, with what they are subscribed to.
            if not (identity.covers(topic) or (channel.order_id(topic) and identity.allows(topic))):
                raise TopicNotAllowed(topic, ["topic"])
        return frozenset(topics)

    async def _hold(
        self, http_version: str, receive: Receive, send: Send, asked: _Asked, shared: Mapping[str, str]
    ) -> Mapping[str, object] | None:
        """Holds a connection until it ends; or returns at once why it can't be opened now.

        Raises:
            TopicNotAllowed: it asks for the topic of an order of which the customer is no member.
        """
        customer_id = asked.identity.customer_id
        self._delivery.interests.hold(customer_id)
        try:
            opened = await self._open(http_version, send, asked)
            if not isinstance(opened, Connection):
                return opened
            try:
                # Registered first: what is carried from the moment in which `onopen` fires is not missed.
                headers = _ENCODED_HEADERS + asgi.encoded(shared) if shared else _ENCODED_HEADERS
                wire = opened.wire
                if isinstance(wire, TransportWire):
                    wire.gather()  # head, replay and `synced`, where all of it is known at once
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                opened.write(self._delivery.retry(positions.parse(asked.last_event_id)), self._clock())
                if isinstance(wire, AsgiWire):
                    await self._serve_pumped(opened, wire, receive, asked)
                else:
                    await self._serve(opened, receive, asked)
                if isinstance(wire, TransportWire):
                    wire.release()
                with suppress(TimeoutError):
                    async with asyncio.timeout(FINISH_SECONDS if isinstance(opened.wire, AsgiWire) else None):
                        await send({"type": "http.response.body", "body": b"", "more_body": False})
            finally:
                self._delivery.unregister(opened)
        finally:
            self._delivery.interests.release(customer_id)
        return None

    async def _open(self, http_version: str, send: Send, asked: _Asked) -> Connection | Mapping[str, object]:
        """A connection that is registered; or why it can't be opened now."""
        busy = self._delivery.refusal(asked.identity)
        if busy is not None:
            return busy
        try:
            topics = await self._delivery.interests.of(asked.identity.customer_id)
        except Exception as error:
            if not database.is_unavailable(error):
                raise
            return {"reason": "database_unavailable"}
        for topic in asked.topics - topics.keys():
            if not asked.identity.covers(topic):
                raise TopicNotAllowed(topic, ["topic"])
        # Asked again: others may have come. From here to `register` there is no await, nobody can take the last place.
        busy = self._delivery.refusal(asked.identity)
        if busy is not None:
            return busy
        writer = server.http11_writer(send) if http_version == "1.1" else None
        unsent_max = self._settings.unsent_max_bytes
        wire = AsgiWire(send, unsent_max) if writer is None else TransportWire(writer, unsent_max)
        return self._delivery.register(asked.identity, topics, asked.topics, wire)

    async def _serve_pumped(self, connection: Connection, wire: AsgiWire, receive: Receive, asked: _Asked) -> None:
        pump = asyncio.create_task(wire.pump(), name="pump")
        try:
            await self._serve(connection, receive, asked)
            wire.finish()
            await asyncio.wait([pump], timeout=self._settings.drain_seconds)
        finally:
            wire.abort()
            pump.cancel()
            await asyncio.wait([pump])

    async def _serve(self, connection: Connection, receive: Receive, asked: _Asked) -> None:
        """Brings a connection up to date and keeps it until the browser leaves or we end it."""
        try:
            async with asyncio.timeout(None) as connection.deadline:
                if connection.ended:  # while its first bytes were sent
                    return
                await self._catch_up(connection, asked)
                while (await receive())["type"] != "http.disconnect":
                    pass
        except ConnectionError:
            return
        except Exception as error:
            if connection.ended:  # by us; the deadline has run out with that
                return
            if not (isinstance(error, HistoryUnsettled) or database.is_unavailable(error)):
                raise
            reason = "history_unsettled" if isinstance(error, HistoryUnsettled) else "database_unavailable"
            connection.write(self._delivery.farewell("busy", {"reason": reason}), self._clock())
        finally:
            connection.live, connection.ended = False, True

    async def _catch_up(self, connection: Connection, asked: _Asked) -> None:
        if asked.last_event_id:
            await self._set_cursor(connection, asked.last_event_id)
        replayed = await self._delivery.replay.catch_up(connection)
        data: dict[str, float] = {}
        tries = COUNT_TRIES if asked.counted else 0
        while tries:
            # Held back while it is counted, so that what comes meanwhile stands before `synced` and is counted too.
            connection.live, connection.cursor = False, self._delivery.window.newest
            data["unread_count"] = await self._count_unread(connection.identity)
            came_meanwhile = await self._delivery.replay.catch_up(connection)
            replayed += came_meanwhile
            tries = tries - 1 if came_meanwhile else 0
        # No await since the connection went live: nothing that is new can stand before this.
        data |= {"replayed": replayed, "heartbeat_seconds": self._settings.heartbeat_seconds}
        synced = frame("synced", orjson.dumps(data))
        connection.write(numbered(self._delivery.window.newest, synced), self._clock())

    async def _set_cursor(self, connection: Connection, last_event_id: str) -> None:
        """Puts the cursor where the browser was; an id that is not one of ours is answered with a gap."""
        if last_event_id == EARLIEST:
            connection.cursor = await self._history.pruned_to()
            return
        position = positions.parse(last_event_id)
        if position is not None and await self._delivery.reached(position):
            connection.cursor = position
        else:
            self._delivery.replay.tell_gap(connection, "unknown", connection.cursor)
