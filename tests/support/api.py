"""The HTTP interface of a running service, as its clients see it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import jwt

from tests.support.service import PATIENCE_SECONDS, Service
from tests.support.shared import Shared
from tests.support.sse import Parser, SentEvent


class Streamed(NamedTuple):
    """What came on a stream until it was left."""

    response: httpx.Response
    text: str
    events: list[SentEvent]

    def of(self, kind: str) -> list[Any]:
        """The data of the events of a kind."""
        return [json.loads(each.data) for each in self.events if each.event == kind]


class Api:
    """Requests to a service."""

    def __init__(self, service: Service, client: httpx.Client) -> None:
        self.service = service
        self.client = client

    @property
    def url(self) -> str:
        return self.service.url

    @property
    def sender(self) -> str:
        return self.service.token("sender:shop")

    @property
    def ops(self) -> str:
        return self.service.token("ops:analyst")

    def customer(self, number: int, topics: list[str] | None = None) -> str:
        return self.service.customer(number, topics)

    def signed(self, **claims: Any) -> str:
        """A token with any claims, signed with the service's secret."""
        return jwt.encode(claims, self.service.tokens._secret_key, "HS256")

    @staticmethod
    def moment(seconds: float) -> str:
        """A time so many seconds from now."""
        return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()

    def request(
        self, method: str, path: str, token: str | None, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.client.request(method, self.url + path, headers=bearer | dict(headers or {}), **options)

    def get(self, path: str, token: str | None = None) -> httpx.Response:
        return self.request("GET", path, token)

    def put(self, path: str, token: str | None, body: Any = None) -> httpx.Response:
        return self.request("PUT", path, token, json=body)

    def delete(self, path: str, token: str | None) -> httpx.Response:
        return self.request("DELETE", path, token)

    def post(self, path: str, body: Any, token: str | None, key: str | None = None) -> httpx.Response:
        return self.request("POST", path, token, json=body, headers={} if key is None else {"Idempotency-Key": key})

    def post_bytes(self, path: str, body: bytes | Iterator[bytes], token: str) -> httpx.Response:
        return self.request("POST", path, token, content=body)

    def send(self, body: Any, key: str | None = None) -> httpx.Response:
        return self.post("/notifications", body, self.sender, key)

    def stream(
        self,
        token: str | None,
        *,
        until: str,
        query: Mapping[str, Any] | Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Streamed:
        """Opens a stream and leaves it at the first event of a kind, or at its end."""
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        parser, text, events = Parser(), "", list[SentEvent]()
        params: Any = query
        with self.client.stream(
            "GET", f"{self.url}/stream", params=params, headers=bearer | dict(headers or {})
        ) as response:
            for piece in response.iter_bytes():
                text += piece.decode()
                events += parser.feed(piece)
                if any(each.event == until for each in events):
                    break
        return Streamed(response, text, events)


@contextmanager
def borrowed(shared: Shared, shape: Callable[..., Service]) -> Iterator[Api]:
    """A service that other tests use as well: with customers and topics of their own."""
    service = shared.take(shape)
    try:
        with httpx.Client(timeout=PATIENCE_SECONDS, verify=False, trust_env=False) as client:
            yield Api(service, client)
    finally:
        shared.give_back(service)


@contextmanager
def opened(service: Service) -> Iterator[Api]:
    """Starts a service for some tests, and ends it."""
    try:
        service.start()
        with httpx.Client(timeout=PATIENCE_SECONDS, verify=False, trust_env=False) as client:
            yield Api(service, client)
    finally:
        service.close()


def problem(response: httpx.Response, status: int, code: str) -> list[dict[str, Any]]:
    """Checks a problem document (RFC 9457); returns its errors."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document["code"] == code
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"]
    errors: list[dict[str, Any]] = document.get("errors", [])
    return errors
