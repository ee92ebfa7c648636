"""HTTP/1.1 answers read piece by piece, cut anywhere (RFC 9112). No I/O.

A client library costs 400 µs a request; thousands of connections on the machine that is measured can't pay that.
"""

from __future__ import annotations

import re
from typing import NamedTuple

HEAD_MAX_BYTES = 64 * 1024
LINE_MAX_BYTES = 8 * 1024  # of a chunk's size with its extensions, or of a trailer

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)


class BadAnswer(Exception):
    """What came is no HTTP/1.1; the connection is of no use any more."""


class Head(NamedTuple):
    """The head of an answer.

    Attributes:
        fields: by their names in small letters; of those that came repeatedly the values with commas between.
        keeps_alive: whether the connection takes another request after it.
    """

    status: int
    fields: dict[str, str]
    keeps_alive: bool


class Answer:
    """An answer to a GET or POST as it comes in.

    Attributes:
        head: None until it is complete.
        done: the body has come to its end.
    """

    __slots__ = ("_after_data", "_chunked", "_in_trailer", "_kept", "_left", "done", "head")

    def __init__(self) -> None:
        self.head: Head | None = None
        self.done = False
        self._kept = b""
        self._chunked = False
        self._left = 0  # bytes of the chunk or the body; below 0: until the connection ends
        self._after_data = False
        self._in_trailer = False

    @property
    def is_between(self) -> bool:
        """Whether what was fed so far ends where a chunk ends."""
        return self._chunked and not (self._kept or self._left or self._after_data or self._in_trailer)

    def feed(self, data: bytes) -> bytes:
        """What these bytes bring of the body.

        Raises:
            BadAnswer: they are no HTTP/1.1 answer.
        """
        if self._kept:
            data = self._kept + data
            self._kept = b""
        while self.head is None:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._keep(data, HEAD_MAX_BYTES)
                return b""
            head = parse_head(data[:end])
            data = data[end + 4 :]
            if head.status >= 200:  # before it there may be others, such as 103 (RFC 9110 § 15.2)
                self._begin(head)
        if self._chunked:
            return self._dechunked(data)
        if self._left < 0:
            return data
        body = data[: self._left]
        if len(data) > self._left:
            raise BadAnswer("more came than was announced")
        self._left -= len(body)
        self.done = self._left == 0
        return body

    def ended(self) -> bool:
        """The connection has ended; whether the answer is complete."""
        if self.head is not None and self._left < 0 and not self._chunked:
            self.done = True
        return self.done

    def _begin(self, head: Head) -> None:
        """How the body ends: RFC 9112 § 6.3."""
        self.head = head
        coding = head.fields.get("transfer-encoding")
        length = head.fields.get("content-length")
        if head.status in {204, 304}:
            self.done = True
        elif coding is not None:
            if coding.lower() != "chunked":
                raise BadAnswer(f"the transfer coding {coding[:100]!r} was not asked for")
            self._chunked = True
        elif length is None:
            self._left = -1
        elif not (length.isascii() and length.isdigit() and len(length) < 19):
            raise BadAnswer(f"{length[:100]!r} is no length")
        else:
            self._left = int(length)
            self.done = self._left == 0

    def _dechunked(self, data: bytes) -> bytes:
        pieces: list[bytes] = []
        at = 0
        while not self.done:
            if self._left:
                piece = data[at : at + self._left]
                if not piece:
                    break
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                self._after_data = True
                continue
            end = data.find(b"\r\n", at)
            if end < 0:
                self._keep(data[at:], LINE_MAX_BYTES)
                break
            self._take_line(data[at:end])
            at = end + 2
        if self.done and at < len(data):
            raise BadAnswer("more came after the last chunk")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _take_line(self, line: bytes) -> None:
        if self._after_data:
            if line:
                raise BadAnswer("a chunk is longer than it says")
            self._after_data = False
        elif self._in_trailer:
            self.done = not line
        else:
            match = _SIZE.fullmatch(line)
            if match is None:
                raise BadAnswer(f"{line[:100]!r} is no size of a chunk")
            self._left = int(match[1], 16)
            self._in_trailer = self._left == 0

    def _keep(self, data: bytes, most: int) -> None:
        if len(data) > most:
            raise BadAnswer(f"a line or a head is over {most} bytes")
        self._kept = data


def parse_head(raw: bytes) -> Head:
    """The head of an answer, without the empty line at its end.

    Raises:
        BadAnswer: it is none.
    """
    first, *lines = raw.split(b"\r\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise BadAnswer(f"{first[:100]!r} is no status line")
    fields: dict[str, str] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise BadAnswer(f"{line[:100]!r} is no header field")
        name, value = field[1].decode().lower(), field[2].decode("latin-1")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    options = {option.strip() for option in fields.get("connection", "").lower().split(",")}
    keeps_alive = "close" not in options and (status[1] == b"1" or "keep-alive" in options)
    return Head(int(status[2]), fields, keeps_alive)
