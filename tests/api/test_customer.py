"""Inbox, receipts, subscriptions and session, as a customer's page sees them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from typing import Any

import pytest

from tests.support.api import Api, borrowed, problem
from tests.support.service import Dev, Production
from tests.support.shared import Shared

UID = "018f0000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module", params=[Dev, Production], ids=["SQLite", "PostgreSQL"])
def api(request: pytest.FixtureRequest, shared: Shared) -> Iterator[Api]:
    with borrowed(shared, request.param) as api:
        yield api


# -- Inbox ------------------------------------------------------------------------------------------


def test_an_empty_inbox(api: Api) -> None:
    response = api.get("/inbox", api.customer(999))
    assert response.json() == {"notifications": [], "unread_count": 0, "next": None}


def test_the_inbox_shows_all_of_a_notification(api: Api) -> None:
    (sent,) = api.send({"receiver_id": 70, "title_text": "Hello", "data": {"a": [1]}}).json()["notifications"]
    (shown,) = api.get("/inbox", api.customer(70)).json()["notifications"]
    assert shown.pop("date_sent").endswith("Z")
    assert shown == {
        "uid": sent["uid"],
        "event": "notice",
        "title_text": "Hello",
        "body_text": "",
        "notes": None,
        "data": {"a": [1]},
        "priority": "normal",
        "sender_id": "sender:shop",
        "receiver_id": 70,
        "position": sent["position"],
        "muted": False,
        "date_received": None,
        "date_read": None,
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("before=banana", "before"),
        ("before=1-1048576", "before"),
        ("unread=perhaps", "unread"),
        ("unknown=1", "unknown"),
    ],
)
def test_a_bad_query_names_its_field(api: Api, query: str, field: str) -> None:
    errors = problem(api.get(f"/inbox?{query}", api.customer(1)), 422, "invalid_fields")
    assert [each["loc"] for each in errors] == [[field]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/inbox"),
        ("POST", "/receipts"),
        ("GET", "/subscriptions"),
        ("GET", "/subscriptions/t"),
        ("PUT", "/subscriptions/t"),
        ("DELETE", "/subscriptions/t"),
    ],
)
def test_what_is_a_customers_is_for_customers(api: Api, method: str, path: str) -> None:
    body = {"read": [UID]} if method == "POST" else None
    for token in (api.sender, api.ops):
        problem(api.request(method, path, token, json=body), 403, "role_not_allowed")
    problem(api.request(method, path, None, json=body), 401, "token_missing")


# -- Receipts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({}, ["read"]),
        ({"read": []}, ["read"]),
        ({"read": ["x"]}, ["read", 0]),
        ({"received": [UID, 1]}, ["received", 1]),
        ({"read": UID}, ["read"]),
        ({"read": [UID] * 1001}, ["read"]),
        ({"read_up_to": "banana"}, ["read_up_to"]),
        ({"read_up_to": 1}, ["read_up_to"]),
        ({"seen": [UID]}, ["seen"]),
    ],
)
def test_a_bad_receipt_names_its_field(api: Api, body: dict[str, Any], loc: list[Any]) -> None:
    errors = problem(api.post("/receipts", body, api.customer(1)), 422, "invalid_fields")
    assert loc in [each["loc"] for each in errors]


def test_receipts_that_are_not_json_are_refused(api: Api) -> None:
    problem(api.post_bytes("/receipts", b"{", api.customer(1)), 400, "invalid_json")


def test_a_receipt_of_a_customer_whom_nobody_has_told_of_is_written(api: Api) -> None:
    (sent,) = api.send({"topic": "t", "title_text": "x"}).json()["notifications"]
    response = api.post("/receipts", {"read": [sent["uid"].upper()]}, api.customer(998))
    assert response.json() == {"unread_count": 0, "unknown": []}


def test_a_receipt_before_anything_was_sent_up_to_it_reads_nothing(api: Api) -> None:
    api.send({"receiver_id": 997, "title_text": "x"})
    assert api.post("/receipts", {"read_up_to": "1-0"}, api.customer(997)).json() == {"unread_count": 1, "unknown": []}
    response = api.post("/receipts", {"read_up_to": "8796093022207-1048575"}, api.customer(997))  # the highest of all
    assert (response.status_code, response.json()["unread_count"]) == (200, 0)


def test_a_thousand_receipts_at_once(api: Api) -> None:
    sent = api.send({"notifications": [{"receiver_id": 996, "title_text": "x"}] * 1000}).json()["notifications"]
    response = api.post("/receipts", {"read": [each["uid"] for each in sent]}, api.customer(996))
    assert response.json() == {"unread_count": 0, "unknown": []}


def test_receipts_for_the_same_notification_at_the_same_time(api: Api) -> None:
    sent = api.send({"notifications": [{"receiver_id": 995, "title_text": "x"}] * 50}).json()["notifications"]
    uids = [each["uid"] for each in sent]
    bodies = [{"read": uids}, {"received": uids[::-1]}, {"read": uids[::-1]}, {"read_up_to": sent[-1]["position"]}] * 3
    with ThreadPoolExecutor(len(bodies)) as pool:
        statuses = [
            each.status_code for each in pool.map(lambda body: api.post("/receipts", body, api.customer(995)), bodies)
        ]
    assert set(statuses) == {200}
    assert api.get("/inbox", api.customer(995)).json()["unread_count"] == 0


# -- Subscriptions ----------------------------------------------------------------------------------


def test_subscriptions_are_made_listed_shown_and_ended(api: Api) -> None:
    token = api.customer(50)
    problem(api.get("/subscriptions/order.created", token), 404, "not_found")
    made = api.put("/subscriptions/order.created", token)
    assert made.status_code == 201
    assert made.json()["topic"] == "order.created"
    assert api.put("/subscriptions/order.created", token).status_code == 200
    assert api.get("/subscriptions", token).json() == {"subscriptions": [made.json()]}
    assert api.get("/subscriptions/order.created", token).json() == made.json()
    for _ in range(2):
        assert api.delete("/subscriptions/order.created", token).status_code == 204
    assert api.get("/subscriptions", token).json() == {"subscriptions": []}


@pytest.mark.parametrize("topic", ["a%20b", "%00", "%C3%BC", "t" * 101, ".t", "a%0Ab"])
def test_what_can_not_be_a_topic_is_refused_and_never_a_bug(api: Api, topic: str) -> None:
    errors = problem(api.put(f"/subscriptions/{topic}", api.customer(51)), 422, "invalid_fields")
    assert [each["loc"] for each in errors] == [["topic"]]
    assert api.get(f"/subscriptions/{topic}", api.customer(51)).status_code in (404, 422)
    assert api.delete(f"/subscriptions/{topic}", api.customer(51)).status_code in (204, 404, 422)


def test_a_topic_outside_the_token_is_refused(api: Api) -> None:
    problem(api.put("/subscriptions/news", api.customer(52, ["order.*"])), 403, "topic_not_allowed")
    problem(api.put("/subscriptions/order:7", api.customer(52)), 403, "topic_not_allowed")
    assert api.put("/subscriptions/order:7", api.customer(52, ["order:7"])).status_code == 201


def test_a_customer_has_a_hundred_subscriptions_at_the_most(api: Api) -> None:
    token = api.customer(53)
    assert {api.put(f"/subscriptions/t{each}", token).status_code for each in range(100)} == {201}
    problem(api.put("/subscriptions/one-more", token), 422, "invalid_fields")
    assert api.put("/subscriptions/t5", token).status_code == 200
    came = api.stream(token, query={"last_event_id": "earliest"}, until="synced")
    assert came.of("synced")
    assert api.get("/inbox", token).status_code == 200


def test_the_same_subscription_at_the_same_time_is_made_once(api: Api) -> None:
    for number in range(5):
        path, token = f"/subscriptions/together{number}", api.customer(54 + number)
        with ThreadPoolExecutor(8) as pool:
            answers = [each.result() for each in [pool.submit(api.put, path, token) for _ in range(8)]]
        assert sorted(each.status_code for each in answers) == [200] * 7 + [201]
        # While it is being made its position moves, to where open connections began to hear of it; then it stays.
        (made,) = (each.json() for each in answers if each.status_code == 201)
        assert api.get(path, token).json() == made


# -- Session ----------------------------------------------------------------------------------------


def test_a_session_puts_the_token_into_a_cookie_that_no_script_reads(api: Api) -> None:
    token = api.service.token("customer:60", days=0.5)
    response = api.post("/session", None, token)
    assert response.status_code == 200
    assert response.json()["sub"] == "customer:60"
    assert response.json()["role"] == "customer"
    (morsel,) = SimpleCookie(response.headers["Set-Cookie"]).values()
    assert (morsel.key, morsel.value) == ("getnotified", token)
    assert morsel["httponly"]
    assert morsel["samesite"] in ("Lax", "Strict")
    assert morsel["path"] == "/"
    assert not morsel["domain"]
    assert 0.5 * 86400 - 60 < int(morsel["max-age"]) <= 0.5 * 86400
    api.client.cookies.clear()
    cookie = {"Cookie": f"getnotified={morsel.value}"}
    assert api.stream(None, headers=cookie, until="synced").of("synced")
    assert api.request("GET", "/inbox", None, headers=cookie).status_code == 200


def test_ending_a_session_removes_the_cookie(api: Api) -> None:
    response = api.delete("/session", None)
    assert response.status_code == 204
    (morsel,) = SimpleCookie(response.headers["Set-Cookie"]).values()
    assert (morsel.key, morsel.value, morsel["max-age"], morsel["path"]) == ("getnotified", "", "0", "/")


def test_a_session_needs_a_token_that_holds(api: Api) -> None:
    problem(api.post("/session", None, None), 401, "token_missing")
    problem(api.post("/session", None, "x"), 401, "token_invalid")
    problem(api.post("/session", None, api.service.token("customer:1", days=-1)), 401, "token_expired")
    assert "Set-Cookie" not in api.post("/session", None, "x").headers


def test_the_bearers_token_counts_before_the_cookie(api: Api) -> None:
    cookie = {"Cookie": f"getnotified={api.customer(61)}"}
    assert api.request("POST", "/session", api.customer(62), headers=cookie).json()["sub"] == "customer:62"
    api.client.cookies.clear()


def test_a_customer_of_any_number_that_a_token_can_name_is_served_or_refused(api: Api) -> None:
    for number in ("0", "9223372036854775807", "9223372036854775808", "9999999999999999999"):
        token = api.signed(sub=f"customer:{number}", role="customer", exp=time.time() + 60)
        assert api.get("/inbox", token).status_code in (200, 401), number
        response = api.stream(token, until="synced").response
        assert response.status_code in (200, 401), number
