"""What has arrived on a stream and was not taken yet. Read as it comes, so that each event has its own time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from app.sdk.errors import HistoryGone, NotInTime
from app.sdk.events import Event, Gap, Notification, Synced
from app.sdk.stream import Stream

Kind = TypeVar("Kind", bound=Event)

# About 20 MB. When nobody takes them no more are read; the service holds them, and replays what it can't hold.
WAITING_MAX = 10_000


class Arrivals:
    """The events of a stream, which a task of its own reads.

    Attributes:
        last_event_id: the position of the last event that was taken.

    Raises (from all that waits): what `Stream.events` does, once all that came before was taken.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._waiting: asyncio.Queue[Event | None] = asyncio.Queue()  # None: there will be no more
        self._room = asyncio.Semaphore(WAITING_MAX)
        self.last_event_id = stream.last_event_id
        self._live = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def open(self, within: float) -> None:
        """Returns once the stream is live for the first time.

        Raises:
            NotInTime: it is not, within so many seconds.
        """
        self._reading = asyncio.create_task(self._read(), name="stream")
        live = asyncio.create_task(self._live.wait())
        done, _ = await asyncio.wait({live, self._reading}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        live.cancel()
        if self._reading in done:
            await self._reading
        if not done:
            await self.close()
            raise NotInTime("the stream to be live", within)

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})

    async def next(self) -> Event:
        event = await self._waiting.get()
        if event is not None:
            return self._taken(event)
        self._waiting.put_nowait(None)  # for whoever asks again
        if self._reading is not None and not self._reading.cancelled():
            await self._reading
        raise RuntimeError("The receiver is closed.")

    async def next_notification(self) -> Notification:
        """Raises:
        HistoryGone: a gap comes before it.
        """
        while not isinstance(event := await self.next(), Notification):
            if isinstance(event, Gap):
                raise HistoryGone(event.reason, event.oldest)
        return event

    async def next_of(self, kind: type[Kind], within: float) -> Kind:
        """The next event of a kind; others before it are passed over.

        Raises:
            NotInTime: none has come.
        """
        try:
            async with asyncio.timeout(within):
                while not isinstance(event := await self.next(), kind):
                    pass
        except TimeoutError:
            raise NotInTime(f"an event of the kind {kind.__name__}", within) from None
        return event

    async def take(self, count: int, within: float) -> list[Notification]:
        """The next so many notifications.

        Raises:
            NotInTime, HistoryGone: with those that did come in `so_far`.
        """
        taken: list[Notification] = []
        try:
            async with asyncio.timeout(within):
                while len(taken) < count:
                    taken.append(await self.next_notification())
        except TimeoutError:
            raise NotInTime(f"notification {len(taken) + 1} of {count}", within, taken) from None
        except HistoryGone as gone:
            gone.so_far = taken
            raise
        return taken

    async def so_far(self) -> list[Event]:
        """All that has arrived and was not taken, at once."""
        events: list[Event] = []
        while not self._waiting.empty():
            event = self._waiting.get_nowait()
            if event is None:
                self._waiting.put_nowait(None)
                break
            events.append(self._taken(event))
        return events

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            yield await self.next()

    def _taken(self, event: Event) -> Event:
        self._room.release()
        self.last_event_id = getattr(event, "position", "") or self.last_event_id
        return event

    async def _read(self) -> None:
        try:
            async for event in self._stream.events():
                if isinstance(event, Synced):
                    self._live.set()
                await self._room.acquire()
                self._waiting.put_nowait(event)
        finally:
            self._waiting.put_nowait(None)
