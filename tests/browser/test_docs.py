"""`/docs`, in Chromium."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.visit import Visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def described(visit: Visit) -> dict[str, Any]:
    answer = httpx.get(f"{visit.service.url}/openapi.json", trust_env=False)
    return dict(answer.raise_for_status().json())


async def test_every_operation_is_there_with_its_answers(visit: Visit, described: dict[str, Any]) -> None:
    page = await open_docs(visit)
    wanted = {
        (f"{method.upper()}{path}", *sorted(operation["responses"]))
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }
    seen = await page.locator("#operations > article").evaluate_all(
        """articles => articles.map(article => [
            article.querySelector('h3').textContent,
            ...[...article.querySelectorAll('section:last-child dt')].map(dt => dt.textContent),
        ])"""
    )
    assert {tuple(each) for each in seen} == wanted
    assert len(seen) == len(wanted)
    assert await page.locator("#contents a").count() == len(wanted)


async def test_a_body_is_described_field_by_field(visit: Visit, described: dict[str, Any]) -> None:
    page = await open_docs(visit)
    draft = page.locator("#post-notifications #form-Draft")
    fields = await draft.locator("dt code").all_text_contents()
    assert sorted(fields) == sorted(described["components"]["schemas"]["Draft"]["properties"])
    rows = draft.locator("dl > div")
    await expect(rows.filter(has_text="title_text")).to_have_text(re.compile("required.*1 to 200 characters"))
    await expect(rows.filter(has_text="priority")).to_have_text(re.compile("low, normal, high.*default"))
    await expect(page.locator("#post-notifications")).to_contain_text("For tokens of the role sender.")


async def test_every_link_leads_somewhere(visit: Visit) -> None:
    page = await open_docs(visit)
    lost = """() => [...document.querySelectorAll('a[href^="#"]')]
        .filter(link => !document.getElementById(link.hash.slice(1))).map(link => link.hash)"""
    assert await page.evaluate(lost) == []
    ids = await page.locator("[id]").evaluate_all("elements => elements.map(element => element.id)")
    assert len(set(ids)) == len(ids)


async def test_the_events_are_those_of_the_stream(visit: Visit, described: dict[str, Any]) -> None:
    page = await open_docs(visit)
    told = described["paths"]["/stream"]["get"]["responses"]["200"]["description"]
    names = await page.locator("section[aria-labelledby=events] dt").all_text_contents()
    assert names == re.findall(r"\b[a-z]+(?=[,;.])", told)


async def open_docs(visit: Visit) -> Page:
    page = await visit.open("/docs")
    await expect(page.locator("#operations")).not_to_have_attribute("aria-busy", "true")
    return page
