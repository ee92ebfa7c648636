"""How and when a customer wants to be told, on the customer's page in Chromium, at a real service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.visit import Visit, badge, cards, titles

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_they_are_saved_and_hold_at_once(visit: Visit) -> None:
    page = await visit.page()
    dialog = await preferences(page)
    await dialog.get_by_label("Language").select_option("ru")
    await dialog.get_by_label("Time zone").fill("Asia/Tokyo")
    await dialog.get_by_label("Order preparing").check()
    await dialog.get_by_label("Hold what is not urgent back").check()
    await dialog.get_by_label("From").fill("23:30")
    await dialog.get_by_label("To", exact=True).fill("06:15")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_be_hidden()
    saved = await visit.service.request("GET", "/preferences", visit.service.customer(visit.customer))
    assert saved.json() == {
        "language": "ru",
        "time_zone": "Asia/Tokyo",
        "muted_kinds": ["order.preparing"],
        "quiet_hours": {"from": "23:30", "to": "06:15"},
    }

    await page.reload()
    dialog = await preferences(page)
    await expect(dialog.get_by_label("Language")).to_have_value("ru")
    await expect(dialog.get_by_label("Order preparing")).to_be_checked()
    await expect(dialog.get_by_label("Order ready")).not_to_be_checked()
    await expect(dialog.get_by_label("From")).to_have_value("23:30")
    await dialog.get_by_label("Hold what is not urgent back").uncheck()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_be_hidden()
    saved = await visit.service.request("GET", "/preferences", visit.service.customer(visit.customer))
    assert saved.json()["quiet_hours"] is None


async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(visit: Visit) -> None:
    dialog = await preferences(await visit.page())
    await dialog.get_by_label("Language").select_option("ru")
    await dialog.get_by_label("Time zone").fill("Europe/Nowhere")
    await dialog.get_by_label("Hold what is not urgent back").check()
    await dialog.get_by_label("To", exact=True).fill("22:00")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.locator("#error-time_zone")).to_contain_text("Europe/Nowhere")
    await expect(dialog.locator("#error-to")).to_be_visible()
    await expect(dialog.locator("#error-from")).to_be_hidden()
    await expect(dialog.get_by_label("Time zone")).to_be_focused()
    saved = await visit.service.request("GET", "/preferences", visit.service.customer(visit.customer))
    assert saved.json()["language"] == "en"
    await dialog.page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_what_is_muted_is_in_the_inbox_and_marked(visit: Visit) -> None:
    page = await visit.page()
    dialog = await preferences(page)
    await dialog.get_by_label("Order ready").check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_be_hidden()
    await visit.send("muted", event="order.ready")
    await visit.send("not muted", event="order.delivered")
    await expect(titles(page)).to_have_text(["not muted"])
    await page.reload()
    await expect(titles(page)).to_have_text(["not muted", "muted"])
    await expect(cards(page).locator(".muted:visible")).to_have_count(1)
    await expect(cards(page).nth(1).locator(".muted")).to_be_visible()


async def test_what_expires_disappears_when_its_time_comes(visit: Visit) -> None:
    page = await visit.page()
    await visit.send("it stays")
    await visit.send("for an hour", expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    await expect(titles(page)).to_have_text(["for an hour", "it stays"])
    await page.clock.set_fixed_time(datetime.now(UTC) + timedelta(hours=1, seconds=1))
    await expect(titles(page)).to_have_text(["it stays"])


async def test_what_is_taken_back_is_no_longer_counted(visit: Visit) -> None:
    page = await visit.page()
    sender = visit.service.token("sender:shop")
    draft = {"receiver_id": visit.customer, "title_text": "a mistake"}
    (sent,) = (await visit.service.post(draft)).json()["notifications"]
    await expect(badge(page)).to_have_text("1")
    await visit.service.request("DELETE", f"/notifications/{sent['uid']}", sender)
    await expect(cards(page)).to_have_count(0)
    await expect(badge(page)).to_be_hidden()
    await expect(page.locator("#empty-title")).to_be_visible()


async def preferences(page: Page) -> Locator:
    await page.get_by_role("button", name="Preferences").click()
    dialog = page.get_by_role("dialog", name="Preferences")
    await expect(dialog).to_be_visible()
    return dialog
