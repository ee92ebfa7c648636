"""`GET /stream`: opens a connection and holds it.

A plain ASGI application, mounted beside Quart: a stream that is open for days keeps no request alive, and a storm
of reconnects does not pay for Quart's handling of each.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from app import channel, database
from app import position as positions
from app.auth import Identity, Tokens, find_token
from app.deliver.connection import Connection
from app.deliver.delivery import Delivery
from app.deliver.frame import frame, numbered
from app.deliver.replay import History
from app.deliver.wire import AsgiWire, Send, TransportWire, hypercorn_writer
from app.errors import InvalidFields, MethodNotAllowed, Refusal, TopicNotAllowed
from app.settings import Settings

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Scope = Mapping[str, Any]
CountUnread = Callable[[int], Awaitable[int]]

EARLIEST = "earliest"
# Under steady traffic a count may never be quite up to date; the next receipt tells the page a newer one.
COUNT_TRIES = 3

_HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx buffers a response unless told not to
)


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
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        try:
            if scope["method"] != "GET":
                raise MethodNotAllowed(scope["method"], ["GET"])
            token = find_token(headers.get(b"authorization"), headers.get(b"cookie"), query.get("token", [None])[0])
            identity = self._tokens.verify(token).require("customer")
            asked = self._asked_topics(identity, query.get("topic", []))
        except Refusal as refusal:
            await _refuse(send, refusal)
            return
        wait = self._delivery.refusal(identity)
        if wait is not None:
            await self._busy(send, wait)
            return
        last_id = headers.get(b"last-event-id") or query.get("last_event_id", [""])[0]
        self._delivery.interests.hold(identity.customer_id)
        try:
            await self._open(scope, receive, send, identity, asked, last_id, query.get("count") == ["1"])
        finally:
            self._delivery.interests.release(identity.customer_id)

    def _asked_topics(self, identity: Identity, topics: list[str]) -> frozenset[str]:
        limit = self._settings.topics_per_connection
        if len(topics) > limit:
            raise InvalidFields([{"loc": ["topic"], "msg": f"up to {limit} topics, not {len(topics)}"}])
        for topic in topics:
            if not channel.is_topic(topic):
                raise InvalidFields([{"loc": ["topic"], "msg": f"{topic[:100]!r} can't be the name of a topic"}])
            if not identity.covers(topic):
                raise TopicNotAllowed(topic, ["topic"])
        return frozenset(topics)

    async def _open(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        identity: Identity,
        asked: frozenset[str],
        last_id: str,
        counted: bool,
    ) -> None:
        try:
            topics = await self._delivery.interests.of(identity.customer_id)
        except Exception as error:
            if not database.is_unavailable(error):
                raise
            await self._busy(send, {"reason": "database_unavailable"})
            return
        # The limit is looked at again: others may have come while the topics were loaded. From here to `register`
        # there is no await.
        wait = self._delivery.refusal(identity)
        if wait is not None:
            await self._busy(send, wait)
            return
        writer = hypercorn_writer(send) if scope["http_version"] == "1.1" else None
        unsent_max = self._settings.unsent_max_bytes
        wire = AsgiWire(send, unsent_max) if writer is None else TransportWire(writer, unsent_max)
        connection = self._delivery.register(identity, topics, asked, wire)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            connection.write(self._delivery.retry(), self._clock())
            if isinstance(wire, AsgiWire):
                await self._hold_pumped(connection, wire, receive, last_id, counted)
            else:
                await self._hold(connection, receive, last_id, counted)
        finally:
            self._delivery.unregister(connection)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _hold_pumped(
        self, connection: Connection, wire: AsgiWire, receive: Receive, last_id: str, counted: bool
    ) -> None:
        pump = asyncio.create_task(wire.pump(), name="pump")
        try:
            await self._hold(connection, receive, last_id, counted)
            wire.finish()
            async with asyncio.timeout(self._settings.drain_seconds):
                await pump
        except TimeoutError:
            wire.abort()
        finally:
            pump.cancel()
            await asyncio.wait([pump])

    async def _hold(self, connection: Connection, receive: Receive, last_id: str, counted: bool) -> None:
        """Brings a connection up to date and keeps it until the browser leaves, its token expires or we end it."""
        expires_at = connection.identity.expires_at
        deadline = None if expires_at is None else self._clock() + expires_at - time.time()
        try:
            async with asyncio.timeout_at(deadline) as connection.deadline:
                await self._catch_up(connection, last_id, counted)
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            if expires_at is not None and expires_at <= time.time():
                farewell = self._delivery.farewell("expired", {"reason": "token_expired"})
                connection.write(farewell, self._clock())
        except ConnectionError:
            return
        except Exception as error:
            if not database.is_unavailable(error):
                raise
            farewell = self._delivery.farewell("busy", {"reason": "database_unavailable"})
            connection.write(farewell, self._clock())
        finally:
            connection.live = False

    async def _catch_up(self, connection: Connection, last_id: str, counted: bool) -> None:
        if last_id:
            await self._set_cursor(connection, last_id)
        replayed = await self._delivery.replay.catch_up(connection)
        unread: dict[str, int] = {}
        tries = COUNT_TRIES if counted else 0
        while tries:
            # Held back while it is counted, so that what comes meanwhile stands before `synced` and is counted too.
            connection.live, connection.cursor = False, self._delivery.window.newest
            unread["unread_count"] = await self._count_unread(connection.identity.customer_id)
            came_meanwhile = await self._delivery.replay.catch_up(connection)
            replayed += came_meanwhile
            tries = tries - 1 if came_meanwhile else 0
        # No await since the connection went live: nothing that is new can stand before this.
        synced = frame("synced", orjson.dumps({"replayed": replayed, **unread}))
        connection.write(numbered(self._delivery.window.newest, synced), self._clock())

    async def _set_cursor(self, connection: Connection, last_id: str) -> None:
        """Puts the cursor where the browser was; an id that is not one of ours is answered with a gap."""
        if last_id == EARLIEST:
            connection.cursor = await self._history.pruned_to()
            return
        position = positions.parse(last_id)
        if position is not None and await self._delivery.reached(position):
            connection.cursor = position
        else:
            self._delivery.replay.tell_gap(connection, "unknown", connection.cursor)

    async def _busy(self, send: Send, data: Mapping[str, object]) -> None:
        """EventSource gives up for good on any answer but 200, so the browser is asked to come back in one."""
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": self._delivery.farewell("busy", data), "more_body": False})


async def _refuse(send: Send, refusal: Refusal) -> None:
    body = orjson.dumps(refusal.problem())
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
