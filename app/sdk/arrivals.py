"""What has arrived on a stream and was not taken yet. Read as it comes, so that each event has its own time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from app.sdk.errors import NotInTime, NotOpen
from app.sdk.events import Event, Synced
from app.sdk.stream import Stream

# About 20 MB. When nobody takes them no more are read; the service holds them, and replays what it can't hold.
WAITING_MAX = 10_000


class Arrivals:
    """The events of a stream, which a task of its own reads. For one that takes them at a time.

    Looking and taking are two steps: who is interrupted while they wait has taken nothing.

    Attributes:
        last_event_id: the position of the last event that was taken.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.last_event_id = stream.last_event_id
        self._waiting: deque[Event] = deque()
        self._wanted = 0  # so many, if somebody waits for more than there is room for
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._open = asyncio.Event()
        self._ended = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self, within: float) -> None:
        """Returns once the stream is live for the first time, or has brought as much as there is room for.

        Raises:
            NotInTime: it is not, within so many seconds.
            NotOpen: it was opened before.
            And what `Stream.events` does.
        """
        if self._reading is not None:
            raise NotOpen("was opened before: make another one")
        self._loop = asyncio.get_running_loop()
        self._reading = asyncio.create_task(self._read(), name="stream")
        try:
            async with asyncio.timeout(within):
                await self._open.wait()
            if self._ended:
                await self._reading
        except TimeoutError:
            await self.close()
            raise NotInTime("the stream to be live", within) from None
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        if self._reading is not None and not self._reading.done():
            self._reading.cancel()
            await asyncio.wait({self._reading})

    async def look(self, enough: Callable[[Event], bool], within: float | None = None) -> int:
        """Waits for an event that is enough; how many there are up to it. Nothing is taken.

        Raises:
            TimeoutError: it has not come within so many seconds.
            NotOpen: the stream is not open.
            And what `Stream.events` does, when all that came before has been looked at.
        """
        if self._reading is None:
            raise NotOpen("is not open: use `with`, or call open()")
        seen = 0
        async with asyncio.timeout(within):
            while True:
                while seen < len(self._waiting):
                    seen += 1
                    if enough(self._waiting[seen - 1]):
                        return seen
                await self._wait_for_more(seen)

    def taken(self, count: int | None = None) -> list[Event]:
        """Takes the first so many events that have arrived; None: all. From any thread."""
        events = [self._waiting.popleft() for _ in range(len(self._waiting) if count is None else count)]
        for event in events:
            self.last_event_id = getattr(event, "position", "") or self.last_event_id
        self._wanted = 0
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._room.set)
        return events

    async def _wait_for_more(self, seen: int) -> None:
        if self._ended:
            assert self._reading is not None
            if not self._reading.cancelled():
                await asyncio.shield(self._reading)
            raise NotOpen("is closed")
        self._wanted = seen + 1
        self._room.set()
        self._more.clear()
        await self._more.wait()

    async def _read(self) -> None:
        try:
            async for event in self._stream.events():
                self._waiting.append(event)
                self._more.set()
                if isinstance(event, Synced):
                    self._open.set()
                while len(self._waiting) >= max(WAITING_MAX, self._wanted):
                    self._open.set()  # nobody can take anything before
                    self._room.clear()
                    await self._room.wait()
        finally:
            self._ended = True
            self._open.set()
            self._more.set()
