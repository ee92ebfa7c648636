"""A stream that stays open: it comes back after the last event seen, as a browser does (HTML § 9.2), and more.

It also notices a link that is silently dead, backs off by chance when nobody answers, and passes nothing on twice.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import httpx
from httpx_sse import EventSource, ServerSentEvent

from app.sdk.call import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    Conversation,
    checked_text,
    refusal,
    refused_as_expired,
)
from app.sdk.errors import NotReachable, TokenExpired
from app.sdk.events import Connected, Disconnected, Event, Farewell, Notification, Retract, Synced, parse

# One heartbeat may be late and one be lost on the way; one more missing is no accident.
SILENT_AFTER_HEARTBEATS = 2.5
HEARTBEAT_SECONDS = 15.0  # until `synced` tells
RETRY_SECONDS = 2.0  # until the service tells
RETRY_MIN_SECONDS, RETRY_MAX_SECONDS = 0.02, 30.0  # none may call in a loop, whatever is asked of them
# An event comes again only around a loss of the log.
REMEMBERED_UIDS = 10_000


class _Ended(Exception):
    """The connection is over.

    Args:
        retry_seconds: the least time until the next attempt, if the service has said one.
    """

    def __init__(self, reason: str, retry_seconds: float = 0) -> None:
        super().__init__(reason)
        self.retry_seconds = retry_seconds


class _Unreadable(Exception):
    """What came is none of the service's events, though it has the name of one."""


class Stream:
    """The events for one customer.

    Args:
        http: asks.
        conversation: with whom, and whose token.
        topics: to listen to as well, on this stream alone.
        last_event_id: where to go on; `earliest`: all that is kept; empty: from now on.

    Attributes:
        last_event_id: the position of the last event seen; empty before the first one.
        repeats: notifications that came again and were not passed on.
    """

    def __init__(
        self, http: httpx.AsyncClient, conversation: Conversation, topics: Sequence[str], last_event_id: str
    ) -> None:
        self.last_event_id = checked_text("last_event_id", last_event_id)
        self.repeats = 0
        self._http = http
        self._conversation = conversation
        self._topics = [topics] if isinstance(topics, str) else list(topics)
        self._heartbeat_seconds = HEARTBEAT_SECONDS
        self._retry_seconds = RETRY_SECONDS
        self._failures = 0
        self._synced = False
        self._was_live = False
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def events(self) -> AsyncIterator[Event]:
        """All events, for ever: when a connection ends the next one goes on where it was.

        Raises:
            Refused: the service says no for good, because of the token or of a topic.
            TokenExpired: and there is no newer one.
        """
        while True:
            try:
                async for event in self._connection():
                    yield event
            except _Ended as end:
                pause_seconds = max(self._pause(), end.retry_seconds)
                yield Disconnected(str(end), pause_seconds, datetime.now(UTC))
                await asyncio.sleep(pause_seconds)

    async def _connection(self) -> AsyncIterator[Event]:
        """The events of one connection; raises `_Ended` after the last one."""
        self._synced = False
        self._failures += 1
        farewell: Farewell | None = None
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(ANSWER_SECONDS):
                    response = await stack.enter_async_context(self._http.stream("GET", **self._request()))
                    await self._require_stream(response)
                yield Connected(datetime.now(UTC))
                async for sent in self._alive(EventSource(response)):
                    event = self._take(sent)
                    if isinstance(event, Farewell):
                        farewell = event
                    if event is not None:
                        yield event
        except (httpx.TransportError, _Unreadable) as error:
            raise _Ended(str(error) or type(error).__name__) from None
        except TimeoutError:
            raise _Ended("silent for too long") from None
        if farewell is not None and farewell.why == "expired" and not self._conversation.renew():
            raise TokenExpired
        raise _Ended("ended by the service" if farewell is None else f"{farewell.why}: {farewell.reason}")

    def _request(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._conversation.token}", "Accept": "text/event-stream"}
        if self.last_event_id:
            headers["Last-Event-ID"] = self.last_event_id
        return {
            "url": f"{self._conversation.url}/stream",
            "headers": headers,
            "params": [("count", "1"), *(("topic", topic) for topic in self._topics)],
            "timeout": httpx.Timeout(None, connect=CONNECT_SECONDS),
        }

    async def _require_stream(self, response: httpx.Response) -> None:
        if response.status_code >= 500 or response.status_code == 429:
            retry_after = response.headers.get("Retry-After", "")
            raise _Ended(f"answered {response.status_code}", float(retry_after) if retry_after.isdecimal() else 0)
        if response.status_code != 200:
            await response.aread()
            refused = refusal(response)
            if refused_as_expired(response) and self._conversation.renew():
                raise _Ended(refused.code)
            if self._was_live and not refused.code:  # of something in front of the service, while that restarts
                raise _Ended(f"answered {response.status_code}")
            raise refused
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            no_stream = NotReachable(self._conversation.url, "what answers at /stream is no event stream")
            raise _Ended(str(no_stream)) if self._was_live else no_stream

    async def _alive(self, source: EventSource) -> AsyncIterator[ServerSentEvent]:
        """The events as they come.

        Raises:
            TimeoutError: none has come for so long that the link must be dead.
        """
        loop = asyncio.get_running_loop()
        sent = source.aiter_sse()
        while True:
            try:
                async with asyncio.timeout_at(loop.time() + SILENT_AFTER_HEARTBEATS * self._heartbeat_seconds):
                    event = await anext(sent)
            except StopAsyncIteration:
                return
            yield event

    def _take(self, sent: ServerSentEvent) -> Event | None:
        if sent.retry is not None:
            self._retry_seconds = max(sent.retry / 1000, RETRY_MIN_SECONDS)
        try:
            event = parse(sent.event, sent.id, sent.data, datetime.now(UTC), replayed=not self._synced)
        except (ValueError, KeyError, TypeError) as error:
            raise _Unreadable(f"an event {sent.event} can't be read: {error!r}") from None
        if sent.id:
            self.last_event_id = sent.id
        if isinstance(event, Synced):
            self._synced = self._was_live = True
            self._failures = 0
            self._heartbeat_seconds = event.heartbeat_seconds or self._heartbeat_seconds
        if isinstance(event, Notification | Retract) and self._remembers(event):
            return None
        return event

    def _remembers(self, event: Notification | Retract) -> bool:
        """Whether a notification has come before. One that was taken back counts: it must not come again either."""
        if isinstance(event, Notification) and event.uid in self._seen:
            self.repeats += 1
            return True
        self._seen[event.uid] = None
        if len(self._seen) > REMEMBERED_UIDS:
            self._seen.popitem(last=False)
        return False

    def _pause(self) -> float:
        """As the service wishes; longer and by chance when attempt after attempt fails."""
        if self._failures <= 1:
            return self._retry_seconds
        # Up to 20: nobody needs to know how large two to the power of a thousand is.
        ceiling = max(self._retry_seconds, min(RETRY_MAX_SECONDS, self._retry_seconds * 2 ** min(self._failures, 20)))
        return random.uniform(self._retry_seconds, ceiling)
