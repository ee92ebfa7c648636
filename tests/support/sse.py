"""An event stream as a browser reads it (HTML § 9.2.6), written from the standard and not from our frames."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

_LINE_END = re.compile(r"\r\n|\r|\n")
_DIGITS = frozenset("0123456789")


class SentEvent(NamedTuple):
    """One event that a browser dispatches.

    Attributes:
        id: what its own `id:` line says; None: it has none (the browser keeps `Parser.last_event_id`).
        event: its type; `message` if it has none.
        data: its `data:` lines, with line feeds between them.
    """

    id: str | None
    event: str
    data: str


class Parser:
    """Reads a stream piece by piece, cut anywhere.

    Attributes:
        last_event_id: what the browser would send as `Last-Event-ID`; empty: nothing.
        retry_ms: the reconnection time that the stream has set last, if it has.
    """

    def __init__(self) -> None:
        self.last_event_id = ""
        self.retry_ms: int | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._at_start = True
        self._after_cr = False
        self._line = ""
        self._data = ""
        self._event = ""
        self._id: str | None = None

    def feed(self, stream: bytes) -> list[SentEvent]:
        """The events that these bytes complete."""
        text = self._decoder.decode(stream)
        if self._at_start and text:
            self._at_start = False
            text = text.removeprefix("\ufeff")  # one leading byte order mark is not of the stream
        if not text:
            return []
        if self._after_cr:  # that CR has ended its line already, without waiting to see what follows it
            text = text.removeprefix("\n")
        self._after_cr = text.endswith("\r") if text else False
        *lines, self._line = _LINE_END.split(self._line + text)
        return [event for line in lines if (event := self._take_line(line)) is not None]

    def _take_line(self, line: str) -> SentEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")  # a comment has an empty name; a line without a colon, an empty value
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data += f"{value}\n"
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value and _DIGITS.issuperset(value):
            self.retry_ms = int(value)
        return None

    def _dispatch(self) -> SentEvent | None:
        event = SentEvent(self._id, self._event or "message", self._data.removesuffix("\n")) if self._data else None
        if self._id is not None:
            self.last_event_id = self._id  # also by a block without data, which is not dispatched
        self._data = self._event = ""
        self._id = None
        return event


def parse(stream: bytes) -> list[SentEvent]:
    """The events of a whole stream; one that it breaks off in the middle of is none."""
    return Parser().feed(stream)
