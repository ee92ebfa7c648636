"""A receiver: a customer, as an app of theirs sees the service. Its stream stays open while it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Self, TypeVar

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from app.sdk import calls
from app.sdk.arrivals import Arrivals
from app.sdk.call import PATIENCE_SECONDS
from app.sdk.client import NO_LIMITS, AsyncClient, Client, awaited, blocking, trusted
from app.sdk.errors import NotOpen
from app.sdk.events import Event, Notification
from app.sdk.stream import Stream
from app.sdk.wish import Kind, NextOf, Notifications, Wish

T = TypeVar("T")

ANYTHING: NextOf[Event] = NextOf(object)  # type: ignore[arg-type]  # every event is one
OPEN_SECONDS = 10.0
WITHIN_SECONDS = 10.0


class AsyncReceiver(AsyncClient):
    """A customer's stream, live once `async with` has been entered; and what else a customer can ask.

    Args:
        url, token: see `Conversation`; the token is a customer's.
        topics: to listen to as well, on this stream alone.
        last_event_id: where to go on; `earliest`: all that is kept; empty: from now on.
        renew: gives a new token when the service says that the old one has expired.
        patience_seconds: how long requests are repeated while nobody answers. The stream is tried for ever.

    Iterating gives notifications as they come, and never ends by itself.

    Raises (when iterated):
        HistoryGone: some of what was missed can't be replayed; iterating again goes on.
        TokenExpired, Refused: the stream is over.
    """

    inbox = awaited(calls.inbox)
    mark_received = awaited(calls.mark_received)
    mark_read = awaited(calls.mark_read)
    subscriptions = awaited(calls.subscriptions)
    subscribe = awaited(calls.subscribe)
    unsubscribe = awaited(calls.unsubscribe)
    preferences = awaited(calls.preferences)
    set_preferences = awaited(calls.set_preferences)

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        topics: Sequence[str] = (),
        last_event_id: str = "",
        renew: Callable[[], str] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        super().__init__(url, token, renew=renew, patience_seconds=patience_seconds)
        self._stream = Stream(self._http, self._conversation, topics, last_event_id)
        self._arrivals = Arrivals(self._stream)

    @property
    def last_event_id(self) -> str:
        """The position of the last event that was taken: where to go on. What has arrived since comes again there."""
        return self._arrivals.last_event_id

    @property
    def repeats(self) -> int:
        """Notifications that came again and were not passed on."""
        return self._stream.repeats

    async def open(self, within: float = OPEN_SECONDS) -> None:
        """Connects; returns once all that was missed has been replayed.

        Raises:
            NotReachable, OtherVersion, Refused, NotInTime: see `app.sdk.errors`.
        """
        await self.greet()
        await self._arrivals.open(within)

    async def next_of(self, kind: type[Kind], within: float = WITHIN_SECONDS) -> Kind:
        """The next event of a kind (`Retract`); others before it are passed over."""
        return await self._get(NextOf(kind), within)

    async def take(self, count: int = 1, within: float = WITHIN_SECONDS) -> list[Notification]:
        """The next so many notifications; `NotInTime` if they do not come in so many seconds."""
        return await self._get(Notifications(count), within) if count else []

    async def arrived(self) -> list[Event]:
        """All that has arrived and was not taken yet, without waiting."""
        return self._arrivals.taken()

    async def events(self) -> AsyncIterator[Event]:
        """All events as they come, also those about the connection."""
        while True:
            yield await self._get(ANYTHING, None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Notification:
        return (await self._get(Notifications(1), None))[0]

    async def close(self) -> None:
        await self._arrivals.close()
        await super().close()

    async def _get(self, wish: Wish[T], within: float | None) -> T:
        try:
            count = await self._arrivals.look(wish.is_met, within)
        except TimeoutError:
            raise wish.in_vain(self._arrivals.taken() if wish.takes_part else [], within or 0) from None
        return wish.result(self._arrivals.taken(count))

    async def __aenter__(self) -> Self:
        try:
            await self.open()
        except BaseException:
            await self.close()
            raise
        return self


class Receiver(Client):
    """The same for a program without a loop, and for a notebook, which has one running: a thread reads the stream, so
    each event has the time at which it arrived, whenever it is looked at."""

    inbox = blocking(calls.inbox)
    mark_received = blocking(calls.mark_received)
    mark_read = blocking(calls.mark_read)
    subscriptions = blocking(calls.subscriptions)
    subscribe = blocking(calls.subscribe)
    unsubscribe = blocking(calls.unsubscribe)
    preferences = blocking(calls.preferences)
    set_preferences = blocking(calls.set_preferences)

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        topics: Sequence[str] = (),
        last_event_id: str = "",
        renew: Callable[[], str] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        super().__init__(url, token, renew=renew, patience_seconds=patience_seconds)
        self._streaming = httpx.AsyncClient(limits=NO_LIMITS, verify=trusted(), trust_env=False)
        self._stream = Stream(self._streaming, self._conversation, topics, last_event_id)
        self._arrivals = Arrivals(self._stream)
        self._thread = ExitStack()
        self._portal: BlockingPortal | None = None

    @property
    def last_event_id(self) -> str:
        """The position of the last event that was taken: where to go on. What has arrived since comes again there."""
        return self._arrivals.last_event_id

    @property
    def repeats(self) -> int:
        """Notifications that came again and were not passed on."""
        return self._stream.repeats

    def open(self, within: float = OPEN_SECONDS) -> None:
        """Connects; returns once all that was missed has been replayed. `with` does it.

        Raises:
            NotReachable, OtherVersion, Refused, NotInTime: see `app.sdk.errors`.
        """
        if self._portal is not None:
            raise NotOpen("is open already")
        self.greet()
        self._portal = self._thread.enter_context(start_blocking_portal())
        self._wait(lambda: self._arrivals.open(within))

    def next_of(self, kind: type[Kind], within: float = WITHIN_SECONDS) -> Kind:
        """The next event of a kind (`Retract`); others before it are passed over."""
        return self._get(NextOf(kind), within)

    def take(self, count: int = 1, within: float = WITHIN_SECONDS) -> list[Notification]:
        """The next so many notifications; `NotInTime` if they do not come in so many seconds."""
        return self._get(Notifications(count), within) if count else []

    def arrived(self) -> list[Event]:
        """All that has arrived and was not taken yet, without waiting."""
        return self._arrivals.taken()

    def events(self) -> Iterator[Event]:
        """All events as they come, also those about the connection."""
        while True:
            yield self._get(ANYTHING, None)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Notification:
        return self._get(Notifications(1), None)[0]

    def close(self) -> None:
        if self._portal is not None:
            self._wait(self._arrivals.close)
            self._wait(self._streaming.aclose)
            self._portal = None
        self._thread.close()
        super().close()

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def _get(self, wish: Wish[T], within: float | None) -> T:
        try:
            count = self._wait(lambda: self._arrivals.look(wish.is_met, within))
        except TimeoutError:
            raise wish.in_vain(self._arrivals.taken() if wish.takes_part else [], within or 0) from None
        return wish.result(self._arrivals.taken(count))

    def _wait(self, work: Callable[[], Awaitable[T]]) -> T:
        if self._portal is None:
            raise NotOpen("is not open: use `with`, or call open()")
        future = self._portal.start_task_soon(work)
        try:
            return future.result()
        except BaseException:  # Ctrl-C while it waits
            future.cancel()
            raise
