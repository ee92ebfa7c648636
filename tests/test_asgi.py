"""Plain ASGI: whatever happens to a request, its client is answered, if it is still there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from app.asgi import Answer, Endpoint, Request, read_body
from app.errors import NotFound

WHOLE = {"type": "http.request", "body": b"{}", "more_body": False}
GONE = {"type": "http.disconnect"}


async def asked(error: Exception | None, *messages: dict[str, Any], method: str = "POST") -> Sequence[dict[str, Any]]:
    """What is sent to a client that sends these messages, when what answers it raises an error after them."""
    sent: list[dict[str, Any]] = []
    coming = iter(messages)

    async def handle(request: Request) -> Answer:
        body = await read_body(request.pieces(), 100)
        if error is not None:
            raise error
        return Answer(201, body)

    async def receive() -> dict[str, Any]:
        return next(coming)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/notifications", "headers": [], "query_string": b""}
    await Endpoint("POST", handle, ["https://shop.example"])(scope, receive, send)
    pieces = sent[1:]
    assert not pieces or [each["more_body"] for each in pieces] == [True] * (len(pieces) - 1) + [False]
    return [*sent[:1], {"body": b"".join(each["body"] for each in pieces)}] if sent else []


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound("x"), 404, "not_found"),
        (ConnectionResetError("the database has hung up"), 503, "database_unavailable"),
        (TimeoutError(), 503, "database_unavailable"),
        (KeyError("a bug"), 500, "internal_error"),
    ],
)
async def test_every_error_is_answered_with_its_problem(error: Exception, status: int, code: str) -> None:
    head, body = await asked(error, WHOLE)
    assert head["status"] == status
    assert (b"content-type", b"application/problem+json") in head["headers"]
    assert orjson.loads(body["body"])["code"] == code


async def test_a_client_that_leaves_before_its_request_is_whole_is_not_answered() -> None:
    assert await asked(None, {"type": "http.request", "body": b"{", "more_body": True}, GONE) == []


async def test_pieces_of_a_body_are_one() -> None:
    head, body = await asked(None, {"type": "http.request", "body": b"{", "more_body": True}, WHOLE)
    assert (head["status"], body["body"]) == (201, b"{{}")
    assert (b"content-length", b"3") in head["headers"]


async def test_another_method_is_told_which_there_are() -> None:
    head, body = await asked(None, WHOLE, method="GET")
    assert (head["status"], orjson.loads(body["body"])["code"]) == (405, "method_not_allowed")
    assert (b"allow", b"OPTIONS, POST") in head["headers"]


async def test_a_page_of_another_site_may_ask_first() -> None:
    head, body = await asked(None, method="OPTIONS")
    assert (head["status"], body["body"]) == (204, b"")
    assert not [name for name, _ in head["headers"] if name == b"content-length"]
