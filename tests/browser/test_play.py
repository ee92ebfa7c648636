"""The console plays the day, in Chromium, at a real service."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Request, Route, expect

from app.web.api import FOLDER
from tests.browser.visit import Visit, titles, visiting
from tests.support.service import Dev

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DAY: dict[str, Any] = json.loads((FOLDER / "day.json").read_text(encoding="utf-8"))
# Customer 1 has the first order of the day.
FROM, UNTIL = "10:00", "10:30"


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, shared_dev: Dev) -> AsyncIterator[Visit]:
    """Customer 1 is whom the day has most to tell."""
    try:
        async with visiting(browser, shared_dev, 1) as visit:
            yield visit
    finally:
        await shared_dev.disconnect()


async def test_a_part_of_the_day_reaches_the_customers_page(visit: Visit) -> None:
    page, console = await visit.page(), await chosen(visit, FROM, UNTIL)
    begun = [line["order_id"] for line in DAY["events"] if line["event"] == "order.placed" and line["at"] < 1800]
    lines = [line for line in DAY["events"] if line.get("order_id") in begun]
    others = [line for line in DAY["events"] if "order_id" not in line and line["at"] < 1800]
    mine = {line["order_id"] for line in lines if line.get("customer_id") == 1}
    assert mine

    await console.get_by_role("button", name="Start").click()
    await expect(console.locator("#day-state")).to_have_text("Over")
    count = len(lines) + len(others)
    await expect(console.locator("#day-events")).to_have_text(f"{count} of {count}")
    await expect(console.locator("#day-orders")).to_have_text(f"{len(begun)} begun, {len(begun)} ended")
    await expect(console.locator("#day-errors")).to_have_text("0")
    await expect(titles(page).first).to_have_text("How was your order?")
    await expect(titles(page).filter(has_text="Order placed")).to_have_count(len(mine))


async def test_a_request_whose_answer_was_lost_is_made_again_and_happens_once(visit: Visit) -> None:
    page, console = await visit.page(), await chosen(visit, FROM, "10:01")
    keys: list[str | None] = []

    async def lose_the_first_answer(route: Route, request: Request) -> None:
        keys.append(await request.header_value("Idempotency-Key"))
        if len(keys) == 1:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    before = await titles(page).filter(has_text="Order placed").count()
    await console.route("**/order-events", lose_the_first_answer)
    await console.get_by_role("button", name="Start").click()
    await expect(console.locator("#day-state")).to_have_text("Over")
    assert len(keys) == 2
    assert keys[0] == keys[1]
    await expect(console.locator("#day-errors")).to_have_text("0")
    await expect(titles(page).filter(has_text="Order placed")).to_have_count(before + 1)


async def test_what_is_refused_is_named_and_the_others_are_sent(visit: Visit) -> None:
    wrong = [{"at": 1, "event": "order.eaten", "order_id": 1}, {"at": 2, "event": "order.ready", "order_id": 2}]
    right = {"at": 3, "event": "notice", "topic": "news.en", "data": {"title_text": "Good morning!"}}
    placed = [{"at": 0, "event": "order.placed", "order_id": each, "customer_id": 1} for each in (1, 3)]
    cut = json.dumps(DAY | {"customers": [], "events": [*placed, *wrong, right]})

    async def another_day(route: Route) -> None:
        await route.fulfill(body=cut, content_type="application/json")

    console = await chosen(visit, FROM, UNTIL, another_day)
    await console.get_by_role("button", name="Start").click()
    await expect(console.locator("#day-state")).to_have_text("Over")
    await expect(console.locator("#day-events")).to_have_text("3 of 4")
    await expect(console.locator("#day-accepted")).to_have_text("3")
    await expect(console.locator("#day-failures .failure")).to_contain_text(["10:00 order.eaten of order 1: event"])


async def test_it_can_be_paused_and_stopped(visit: Visit) -> None:
    console = await chosen(visit, FROM, UNTIL, speed="10×")
    await console.get_by_role("button", name="Start").click()
    await expect(console.locator("#day-state")).to_have_text("Playing")
    await expect(console.locator("#day-events")).not_to_have_text(re.compile("^0 of"))
    await console.get_by_role("button", name="Pause").click()
    await expect(console.locator("#day-state")).to_have_text("Paused")
    await console.get_by_role("button", name="Go on").click()
    await expect(console.locator("#day-state")).to_have_text("Playing")
    await console.get_by_role("button", name="Stop").click()
    await expect(console.locator("#day-state")).to_have_text("Stopped")
    await expect(console.get_by_role("button", name="Play again")).to_be_visible()


async def chosen(visit: Visit, begin: str, end: str, day: Any = None, speed: str = "Fastest") -> Page:
    """The console, about to play the orders of a part of the day."""
    console = await visit.console()
    if day is not None:
        await console.route("**/web/day.json", day)
    await console.get_by_role("link", name="Play the day").click()
    await console.get_by_label(speed).check()
    await console.get_by_label("Orders from").fill(begin)
    await console.get_by_label("Orders until").fill(end)
    await expect(console.locator("#day-events")).to_contain_text("0 of")
    return console
