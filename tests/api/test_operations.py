"""Customers, health, figures, and what is nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app import __version__
from tests.support.api import Api, borrowed, opened, problem
from tests.support.service import Dev, Production
from tests.support.shared import Shared

DEFAULTS = {
    "first_name": "",
    "middle_name": "",
    "last_name": "",
    "full_name": "",
    "email": "",
    "phone": "",
    "login": "",
    "language": "en",
    "time_zone": "UTC",
}


@pytest.fixture(scope="module", params=[Dev, Production], ids=["SQLite", "PostgreSQL"])
def api(request: pytest.FixtureRequest, shared: Shared) -> Iterator[Api]:
    with borrowed(shared, request.param) as api:
        yield api


# -- Customers --------------------------------------------------------------------------------------


def test_a_customer_is_made_changed_and_shown(api: Api) -> None:
    body = {"first_name": "Ada", "middle_name": "King", "last_name": "Lovelace", "email": "ada@example.com"}
    body |= {"phone": "+44 20", "login": "ada", "language": "pt-BR", "time_zone": "Europe/London"}
    made = api.put("/customers/7", api.sender, body)
    assert made.status_code == 201
    assert made.json() == body | {"id": 7, "full_name": "Ada King Lovelace"}
    assert api.get("/customers/7", api.ops).json() == made.json()
    changed = api.put("/customers/7", api.ops, {"last_name": "Byron"})
    assert changed.status_code == 200
    assert changed.json() == DEFAULTS | {"id": 7, "last_name": "Byron", "full_name": "Byron"}


def test_a_receiver_whom_nobody_has_told_of_is_made_with_defaults(api: Api) -> None:
    problem(api.get("/customers/8", api.sender), 404, "not_found")
    assert api.send({"receiver_id": 8, "title_text": "x"}).status_code == 201
    assert api.get("/customers/8", api.sender).json() == DEFAULTS | {"id": 8}


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"first_name": "x" * 101}, ["first_name"]),
        ({"first_name": "\x00"}, ["first_name"]),
        ({"email": "x" * 255}, ["email"]),
        ({"phone": 1}, ["phone"]),
        ({"language": "english!"}, ["language"]),
        ({"time_zone": "Mars/Olympus"}, ["time_zone"]),
        ({"time_zone": "../../etc/passwd"}, ["time_zone"]),
        ({"full_name": "x"}, ["full_name"]),
        ({"id": 9}, ["id"]),
    ],
)
def test_a_bad_customer_names_its_field(api: Api, body: dict[str, Any], loc: list[str]) -> None:
    errors = problem(api.put("/customers/9", api.sender, body), 422, "invalid_fields")
    assert [each["loc"] for each in errors] == [loc]


def test_a_customers_number_has_a_limit(api: Api) -> None:
    assert api.put(f"/customers/{2**63 - 1}", api.sender, {}).status_code == 201
    problem(api.put(f"/customers/{2**63}", api.sender, {}), 422, "invalid_fields")
    problem(api.get(f"/customers/{10**30}", api.sender), 404, "not_found")
    problem(api.get("/customers/x", api.sender), 404, "not_found")
    problem(api.get("/customers/-1", api.sender), 404, "not_found")


def test_customers_are_not_for_customers(api: Api) -> None:
    problem(api.get("/customers/7", api.customer(7)), 403, "role_not_allowed")
    problem(api.put("/customers/7", api.customer(7), {}), 403, "role_not_allowed")
    problem(api.put("/customers/7", None, {}), 401, "token_missing")


def test_a_customer_who_is_told_of_by_several_at_the_same_time(api: Api) -> None:
    for number in range(5):
        with ThreadPoolExecutor(9) as pool:
            path = f"/customers/{500 + number}"
            putting = [pool.submit(api.put, path, api.sender, {"login": str(each)}) for each in range(6)]
            sending = [pool.submit(api.send, {"receiver_id": 500 + number, "title_text": "x"}) for _ in range(3)]
            statuses = [each.result().status_code for each in putting + sending]
        assert set(statuses) <= {200, 201}


# -- Operators --------------------------------------------------------------------------------------


def test_health_is_open_to_all(api: Api) -> None:
    assert api.get("/healthz").json() == {"status": "alive", "version": __version__}
    ready = api.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["status"] == "ready"
    assert all(ready.json()["checks"].values())
    assert {"database", "log", "relay"} <= set(ready.json()["checks"])


def check_metrics(response: httpx.Response) -> None:
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    figures = dict(line.rsplit(" ", 1) for line in response.text.splitlines() if not line.startswith("#"))
    assert float(figures["getnotified_connections"]) >= 0
    assert "getnotified_delivered_total" in figures


def test_metrics_are_for_operators(api: Api) -> None:
    problem(api.get("/metrics"), 401, "token_missing")  # we are in no ops network of its
    problem(api.get("/metrics", api.sender), 403, "role_not_allowed")
    check_metrics(api.get("/metrics", api.ops))


def test_metrics_need_no_token_in_the_ops_networks() -> None:
    with opened(Dev(OPS_NETWORKS='["127.0.0.0/8"]')) as api:
        check_metrics(api.get("/metrics"))


def test_stats_are_for_operators(api: Api) -> None:
    stats = api.get("/stats", api.ops)
    assert stats.status_code == 200
    assert {"connections", "delivered_total", "window_entries", "process_cpu_seconds_total"} <= set(stats.json())
    problem(api.get("/stats"), 401, "token_missing")
    problem(api.get("/stats", api.customer(1)), 403, "role_not_allowed")
    problem(api.get("/stats", api.sender), 403, "role_not_allowed")


# -- Nowhere ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/nowhere", "/stream/", "/inbox/1", "/web/../settings.py", "/web/%2e%2e/settings.py"])
def test_what_is_nowhere_is_answered_with_404(api: Api, path: str) -> None:
    problem(api.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/notifications", "POST"), ("DELETE", "/inbox", "GET"), ("POST", "/subscriptions/t", "PUT")],
)
def test_another_method_is_answered_with_405_and_what_is_allowed(
    api: Api, method: str, path: str, allowed: str
) -> None:
    response = api.request(method, path, api.customer(1))
    problem(response, 405, "method_not_allowed")
    assert allowed in response.headers["Allow"].split(", ")
