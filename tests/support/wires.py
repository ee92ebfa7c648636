"""A wire without a network: it keeps what it is given, and a test takes it away as a browser would."""

from __future__ import annotations

import asyncio
from typing import ClassVar


class RecordingWire:
    """Takes everything that is written. What it is given counts as unsent only while `stuck`.

    Attributes:
        encoded: all batches that were framed for wires of this class; give a test a class of its own to count them.
        writes: the pieces that were written, without their framing.
    """

    encoded: ClassVar[list[bytes]] = []

    def __init_subclass__(cls) -> None:
        cls.encoded = []

    def __init__(self, stuck: bool = False) -> None:
        self.writes: list[bytes] = []
        self._unsent_bytes = 0
        self.closed = False
        self.aborted = False
        self._stuck = stuck
        self._room = asyncio.Event()
        if not stuck:
            self._room.set()

    @classmethod
    def framed(cls, events: bytes) -> bytes:
        cls.encoded.append(events)
        return b"[%b]" % events

    def offer(self, _: bytes) -> int:
        return 0

    def write(self, framed: bytes) -> None:
        assert (framed[:1], framed[-1:]) == (b"[", b"]"), "written without framing"
        self.writes.append(framed[1:-1])
        if self._stuck:
            self._unsent_bytes += len(framed)

    def unsent_bytes(self) -> int:
        return self._unsent_bytes

    @property
    def stream(self) -> bytes:
        return b"".join(self.writes)

    def stick(self) -> None:
        """The browser stops reading."""
        self._stuck = True
        self._room.clear()

    def flow(self) -> None:
        """The browser reads what is unsent, and goes on."""
        self._stuck = False
        self._unsent_bytes = 0
        self._room.set()

    def leave(self) -> None:
        """The browser goes."""
        self.closed = True
        self._room.set()

    async def drained(self) -> None:
        await self._room.wait()
        if self.closed:
            raise ConnectionResetError("The browser has gone")

    def abort(self) -> None:
        self.aborted = True
        self.leave()


def wire_class() -> type[RecordingWire]:
    """A class of wires that counts for itself what was framed."""

    class Wire(RecordingWire):
        pass

    return Wire
