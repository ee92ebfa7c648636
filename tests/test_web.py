"""`/`, `/console`, `/docs` and `/web/…`: what is served, as what, and what is not."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from app.web.api import FOLDER
from tests.support.service import Dev
from tests.support.shared import Shared

# RFC 9239 for JavaScript, of which some systems' tables still have the older name.
TYPES = {
    ".html": {"text/html"},
    ".css": {"text/css"},
    ".svg": {"image/svg+xml"},
    ".js": {"text/javascript", "application/javascript"},
    ".json": {"application/json"},
}
NAMES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())
PAGES = {"/": "index.html", "/console": "console.html", "/docs": "docs.html"}


@pytest.fixture(scope="module")
def client(shared: Shared) -> Iterator[httpx.Client]:
    service = shared.take(Dev)
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        yield client
    shared.give_back(service)


@pytest.mark.parametrize("name", NAMES)
def test_an_asset_has_the_type_of_its_name(client: httpx.Client, name: str) -> None:
    response = client.get(f"/web/{name}")
    assert response.status_code == 200
    assert response.content == (FOLDER / name).read_bytes()
    media_type = response.headers["Content-Type"].partition(";")[0]
    assert media_type in TYPES[(FOLDER / name).suffix]
    assert response.headers["X-Content-Type-Options"] == "nosniff"  # or the browser would run what is named otherwise


@pytest.mark.parametrize(("path", "name"), PAGES.items())
def test_a_page_may_load_only_what_is_ours_and_be_framed_by_nobody(client: httpx.Client, path: str, name: str) -> None:
    response = client.get(path)
    assert response.content == (FOLDER / name).read_bytes()
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/web/client.js"])
def test_what_the_browser_has_already_is_not_sent_again(client: httpx.Client, path: str) -> None:
    first = client.get(path)
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize(
    "path",
    [
        "/web/api.py",
        "/web/__init__.py",
        "/web/..%2fapi.py",
        "/web/..%2f..%2fsettings.py",
        "/web/%2e%2e/%2e%2e/settings.py",
        "/web/..%5c..%5csettings.py",
        "/web/client.js%00.css",
        "/web/.",
        "/web/",
        "/web",
    ],
)
def test_nothing_else_is_served(client: httpx.Client, path: str) -> None:
    response = client.get("/", extensions={"target": path.encode()})  # as it stands, not put in order by httpx
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"
