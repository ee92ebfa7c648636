"""Answers over HTTP/1.1, read by us as h11 reads them."""

from __future__ import annotations

from itertools import pairwise

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdk.load.http import Answer, BadAnswer, parse_head
from tests.support.properties import PROPERTY

NAMES = st.from_regex(rb"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True)
VALUES = st.from_regex(rb"[!-~]([ -~\t]{0,20}[!-~])?", fullmatch=True)


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    """A stream cut at some places."""
    borders = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[begin:end] for begin, end in pairwise(borders)]


def chunked(bodies: list[bytes], extension: bytes = b"", trailer: bytes = b"") -> bytes:
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(body), extension, body) for body in bodies if body)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailer + b"\r\n"


@PROPERTY
@given(
    st.lists(st.binary(max_size=40), max_size=5),
    st.sampled_from([b"", b";a=b", b' ; a="b"']),
    st.sampled_from([b"", b"X: y\r\n", b"X: y\r\nZ: \r\n"]),
    st.lists(st.integers(0, 500), max_size=12),
)
def test_it_does_not_matter_where_chunks_are_cut(
    bodies: list[bytes], extension: bytes, trailer: bytes, cuts: list[int]
) -> None:
    answer = Answer()
    got = b"".join(answer.feed(piece) for piece in pieces(chunked(bodies, extension, trailer), cuts))
    assert got == b"".join(bodies)
    assert answer.done
    assert answer.ended()


@PROPERTY
@given(st.binary(max_size=60), st.lists(st.integers(0, 500), max_size=8))
def test_nor_where_a_body_of_known_length_is(body: bytes, cuts: list[int]) -> None:
    stream = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    answer = Answer()
    assert b"".join(answer.feed(piece) for piece in pieces(stream, cuts)) == body
    assert answer.done


@PROPERTY
@given(st.integers(200, 599), st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_a_head_says_what_h11_reads_in_it(status: int, fields: list[tuple[bytes, bytes]]) -> None:
    special = {b"connection", b"content-length", b"transfer-encoding"}
    fields = [field for field in fields if field[0].lower() not in special]
    raw = b"HTTP/1.1 %d Whatever\r\n" % status + b"".join(b"%b: %b\r\n" % field for field in fields)
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    client.receive_data(raw + b"\r\n")
    expected = client.next_event()
    assert isinstance(expected, h11.Response)
    head = parse_head(raw.removesuffix(b"\r\n"))
    assert head.status == expected.status_code
    joined: dict[str, str] = {}
    for name, value in expected.headers:
        key = name.decode()
        joined[key] = f"{joined[key]}, {value.decode('latin-1')}" if key in joined else value.decode("latin-1")
    assert head.fields == joined


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    answer = Answer()
    assert answer.feed(b"HTTP/1.1 200 OK\r\n\r\nab") + answer.feed(b"c") == b"abc"
    assert not answer.done
    assert answer.ended()


def test_a_connection_that_ends_in_the_middle_leaves_the_answer_incomplete() -> None:
    for stream in (b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab", chunked([b"abc"])[:-2]):
        answer = Answer()
        answer.feed(stream)
        assert not answer.ended()


def test_no_content_has_no_body() -> None:
    answer = Answer()
    answer.feed(b"HTTP/1.1 204 \r\n\r\n")
    assert answer.done


def test_what_comes_before_the_answer_is_passed_over() -> None:
    answer = Answer()
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    assert answer.feed(hints + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na") == b"a"
    assert answer.head is not None
    assert answer.head.status == 200


def test_it_knows_when_nothing_is_half_read() -> None:
    stream = chunked([b"abc"])
    end = stream.index(b"abc\r\n") + 5
    answer = Answer()
    at_rest = []
    for at in range(end):
        answer.feed(stream[at : at + 1])
        if answer.is_between:
            at_rest.append(at + 1)
    assert at_rest == [stream.index(b"3\r\n"), end]


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        (b"", True),
        (b"Connection: close\r\n", False),
        (b"Connection: x, Close\r\n", False),
        (b"Connection: x\r\n", True),
    ],
)
def test_a_connection_is_kept_unless_the_server_says_otherwise(fields: bytes, kept: bool) -> None:
    assert parse_head((b"HTTP/1.1 200 OK\r\n" + fields).removesuffix(b"\r\n")).keeps_alive is kept


def test_an_old_server_has_to_say_that_it_keeps_it() -> None:
    assert not parse_head(b"HTTP/1.0 200 OK").keeps_alive
    assert parse_head(b"HTTP/1.0 200 OK\r\nConnection: keep-alive").keeps_alive


@pytest.mark.parametrize(
    "stream",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nspace : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1_0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nmore",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 9_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,
    ],
)
def test_what_is_no_answer_is_refused(stream: bytes) -> None:
    with pytest.raises(BadAnswer):
        Answer().feed(stream)
