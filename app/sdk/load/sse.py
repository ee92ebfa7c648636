"""An event stream as bytes, cut anywhere (HTML § 9.2.6). No I/O."""

from __future__ import annotations

import re
from typing import NamedTuple

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"
_DIGITS = re.compile(rb"[0-9]{1,9}")
# What the service writes for an event, so that most need no look at each line.
_USUAL = re.compile(rb"(?:id: ([^\0\n]*)\n)?event: ([^\n]+)\ndata: ([^\n]*)")


class Event(NamedTuple):
    """One event.

    Attributes:
        id: what its own `id:` says; None: it has none.
        name: `message` if it has none.
    """

    id: bytes | None
    name: bytes
    data: bytes


class Events:
    """Reads a stream piece by piece.

    Attributes:
        last_id: what a browser would send as `Last-Event-ID`; empty: nothing.
        retry_ms: the time to wait before it connects again that the stream has set last; None: none yet.
    """

    __slots__ = ("_after_cr", "_data", "_fresh", "_id", "_line", "_name", "last_id", "retry_ms")

    def __init__(self, last_id: bytes = b"", retry_ms: int | None = None) -> None:
        self.last_id = last_id
        self.retry_ms = retry_ms
        self._fresh = True
        self._after_cr = False
        self._line = b""
        self._data: list[bytes] = []
        self._name = b""
        self._id: bytes | None = None

    @property
    def is_between(self) -> bool:
        """Whether what was fed so far ends where an event ends."""
        waits = self._line or self._data or self._name or self._after_cr or self._fresh
        return not waits and self._id is None

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        if self.is_between and data.endswith(b"\n\n") and b"\r" not in data:
            return self._blocks(data)
        return self._lines(data)

    def _blocks(self, data: bytes) -> list[Event]:
        """The same for whole events with usual line ends, faster."""
        found: list[Event] = []
        for block in data[:-2].split(b"\n\n"):
            usual = _USUAL.fullmatch(block)
            if usual is not None:
                self.last_id = self.last_id if usual[1] is None else usual[1]
                found.append(Event(usual[1], usual[2], usual[3]))
            else:
                found += [event for line in (*block.split(b"\n"), b"") if (event := self._take(line)) is not None]
        return found

    def _lines(self, data: bytes) -> list[Event]:
        if self._fresh:
            data = self._line + data
            self._line = b""
            if len(data) < len(_BOM) and _BOM.startswith(data):  # it may become one
                self._line = data
                return []
            self._fresh = False
            data = data.removeprefix(_BOM)
        if not data:
            return []
        if self._after_cr:  # that CR has ended its line already, without waiting to see what follows it
            data = data.removeprefix(b"\n")
        self._after_cr = data.endswith(b"\r")
        *lines, self._line = _LINE_END.split(self._line + data)
        return [event for line in lines if (event := self._take(line)) is not None]

    def _take(self, line: bytes) -> Event | None:
        if not line:
            return self._dispatched()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            self._name = value
        elif name == b"data":
            self._data.append(value)
        elif name == b"id" and b"\0" not in value:
            self._id = value
        elif name == b"retry" and _DIGITS.fullmatch(value):
            self.retry_ms = int(value)
        return None

    def _dispatched(self) -> Event | None:
        event = Event(self._id, self._name or b"message", b"\n".join(self._data)) if self._data else None
        if self._id is not None:
            self.last_id = self._id  # also by a block without data, which is not dispatched
        self._data, self._name, self._id = [], b"", None
        return event
