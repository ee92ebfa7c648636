"""`GET /stream`, as a browser's first bytes see it; what it promises over time is in `tests/journey`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.api import Api, opened, problem
from tests.support.browser import Browser, browsing, read_head, request_head
from tests.support.service import PATIENCE_SECONDS, Dev, eventually


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with opened(Dev(CONNECTIONS_PER_CUSTOMER="2", TOPICS_PER_CONNECTION="3")) as api:
        yield api


def test_a_stream_says_what_it_is_and_begins_with_a_random_retry(api: Api) -> None:
    retries: set[int] = set()
    for number in range(5):
        came = api.stream(api.customer(100 + number), until="synced")
        assert came.response.status_code == 200
        assert came.response.headers["Content-Type"].split(";")[0] == "text/event-stream"
        assert came.response.headers["Cache-Control"] == "no-store"
        assert came.response.headers["X-Accel-Buffering"] == "no"
        assert "Content-Length" not in came.response.headers
        retry = re.match(r"retry: ([0-9]+)\n\n", came.text)
        assert retry is not None
        assert 1000 <= int(retry[1]) <= 5000
        retries.add(int(retry[1]))
        (synced,) = came.events
        assert synced.id is not None
        assert came.of("synced")[0]["replayed"] == 0
        assert "unread_count" not in came.of("synced")[0]
    assert len(retries) > 1


def test_a_token_may_stand_in_the_header_the_query_or_the_cookie(api: Api) -> None:
    token = api.customer(110)
    assert api.stream(token, until="synced").of("synced")
    assert api.stream(None, query={"token": token}, until="synced").of("synced")
    assert api.stream(None, headers={"Cookie": f"other=1; getnotified={token}"}, until="synced").of("synced")


@pytest.mark.parametrize("others", ['json={"a": 1}', "a[b]=c", "ä=1", "=", "a b c"])
def test_cookies_of_others_do_not_hide_ours(api: Api, others: str) -> None:
    headers = {"Cookie": f"{others}; getnotified={api.customer(111)}".encode().decode("latin-1")}
    problem_or_stream = api.client.build_request("GET", f"{api.url}/inbox")
    problem_or_stream.headers["Cookie"] = headers["Cookie"]
    assert api.client.send(problem_or_stream).status_code == 200


def test_a_wrong_token_is_refused_and_the_browser_stays_away(api: Api) -> None:
    for token, status, code in (
        (None, 401, "token_missing"),
        ("nonsense", 401, "token_invalid"),
        (api.service.token("customer:1", days=-1), 401, "token_expired"),
        (api.sender, 403, "role_not_allowed"),
        (api.ops, 403, "role_not_allowed"),
        (api.signed(sub="customer:1", role="king"), 403, "role_unknown"),
    ):
        problem(api.get("/stream", token), status, code)
        if token is not None:
            problem(api.get(f"/stream?token={token}"), status, code)


def test_the_query_token_is_for_the_stream_alone(api: Api) -> None:
    problem(api.get(f"/inbox?token={api.customer(1)}"), 401, "token_missing")


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "PATCH"])
def test_another_method_is_refused_with_405(api: Api, method: str) -> None:
    response = api.request(method, "/stream", api.customer(1))
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    if method != "HEAD":
        problem(response, 405, "method_not_allowed")


def test_topics_are_limited_and_must_be_topics_that_the_token_covers(api: Api) -> None:
    token = api.customer(112, ["a*", "order:7"])
    came = api.stream(token, query=[("topic", "a1"), ("topic", "a2"), ("topic", "order:7")], until="synced")
    assert came.of("synced")
    for topics, status, code in (
        (["a1", "a2", "a3", "a4"], 422, "invalid_fields"),
        (["a b"], 422, "invalid_fields"),
        ([""], 422, "invalid_fields"),
        (["a\r\nid: 1"], 422, "invalid_fields"),
        (["b"], 403, "topic_not_allowed"),
    ):
        query = "&".join(f"topic={each}" for each in topics).replace("\r\n", "%0D%0A").replace(" ", "%20")
        errors = problem(api.get(f"/stream?{query}", token), status, code)
        assert [each["loc"] for each in errors] == [["topic"]]


def test_an_orders_topic_is_for_its_members_alone(api: Api) -> None:
    problem(api.get("/stream?topic=order:7", api.customer(113)), 403, "topic_not_allowed")


async def test_too_many_connections_of_a_customer_are_told_to_wait(api: Api) -> None:
    """With 200 and a time to come back: on anything else a browser gives up for good."""
    token = api.customer(120)
    first, second = Browser(api.url, token), Browser(api.url, token)
    async with browsing(first, second):
        third = await asyncio.to_thread(api.stream, token, until="busy")
        assert third.response.status_code == 200
        assert re.match(r"retry: [0-9]+\n\n", third.text)
        assert [(each.event, each.id) for each in third.events] == [("busy", None)]
        assert third.of("busy") == [{"reason": "connections_per_customer", "limit": 2}]
        other = await asyncio.to_thread(api.stream, api.customer(121), until="synced")
        assert other.of("synced")
        await second.close()
        async with Browser(api.url, token) as waiting:
            await waiting.until_synced()
        second.start()


async def test_a_connection_whose_browser_has_gone_counts_no_more(api: Api) -> None:
    for _ in range(10):
        async with browsing(Browser(api.url, api.customer(122)), Browser(api.url, api.customer(122))):
            pass

    async def none_open() -> bool:
        return bool((await asyncio.to_thread(api.get, "/stats", api.ops)).json()["connections"] == 0)

    await eventually(none_open, "no connection is left")


async def test_a_token_that_expires_while_connected_ends_the_stream_and_says_so(api: Api) -> None:
    token = api.service.token("customer:123", days=1.5 / 86400)
    browser = Browser(api.url, token)
    async with browser:
        await browser.until(lambda: browser.closed)
        assert [each.event.event for each in browser.arrivals] == ["synced", "expired"]
        assert browser.arrivals[-1].data == {"reason": "token_expired"}
        assert browser.status == 401, "coming back with the same token is refused for good"


async def test_a_client_of_http_1_0_gets_plain_bytes(api: Api) -> None:
    """nginx asks in HTTP/1.0 unless told otherwise: what it gets must not be chunked."""
    parts = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        headers = {"Authorization": f"Bearer {api.customer(124)}"}
        writer.write(request_head("GET", "/stream?topic=plain", headers, version="1.0"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            status, received = await read_head(reader)
            assert status == 200
            assert "transfer-encoding" not in received
            assert re.fullmatch(rb"retry: [0-9]+\n", await reader.readline())
            await reader.readuntil(b"event: synced\n")
            await asyncio.to_thread(api.send, {"topic": "plain", "title_text": "plain"})
            await reader.readuntil(b"event: notification\n")
            assert (await reader.readline()).startswith(b'data: {"uid":"')
            assert await reader.readline() == b"\n"
    finally:
        writer.close()
        await writer.wait_closed()


def test_the_count_comes_with_synced_when_asked_for(api: Api) -> None:
    api.send({"receiver_id": 125, "title_text": "x"})
    assert api.stream(api.customer(125), query={"count": "1"}, until="synced").of("synced")[0]["unread_count"] == 1
    assert "unread_count" not in api.stream(api.customer(125), query={"count": "0"}, until="synced").of("synced")[0]


@pytest.mark.parametrize("last_id", ["banana", "0x10-0", "1-1-1", " ", "💥"])
def test_a_malformed_last_id_is_a_gap_and_never_an_error(api: Api, last_id: str) -> None:
    came = api.stream(api.customer(126), query={"last_event_id": last_id}, until="synced")
    assert [each.event for each in came.events] == ["gap", "synced"]
    assert came.of("gap")[0]["reason"] == "unknown"


def test_an_empty_last_id_is_none(api: Api) -> None:
    came = api.stream(api.customer(127), query={"last_event_id": ""}, until="synced")
    assert [each.event for each in came.events] == ["synced"]
