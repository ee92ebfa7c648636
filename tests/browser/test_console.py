"""The sender's console, in Chromium, at a real service."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.visit import Visit, badge, cards, titles
from tests.support.service import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


class TestNotification:
    async def test_what_the_server_refuses_is_shown_beside_the_field_and_as_it_was_answered(self, visit: Visit) -> None:
        console = await visit.console()
        form = console.locator("#notification-form")
        await form.locator("summary").click()
        await form.get_by_label("Data").fill("{not JSON")
        await send_from(console)
        await expect(console.locator("#error-data")).to_contain_text("not JSON")
        await expect(console.locator(".answer")).to_have_count(0)  # that can't be sent at all

        await form.get_by_label("Data").fill('{"order_id": "1001"}')
        await form.get_by_label("Title").fill("")
        await form.get_by_label("Kind of event").fill("Not an event")
        await send_from(console)

        await expect(console.locator("#error-title_text")).to_be_visible()
        await expect(console.locator("#error-event")).to_be_visible()
        await expect(console.locator("#error-body_text")).to_be_hidden()
        await expect(form.get_by_label("Title")).to_be_focused()
        await expect(form.get_by_label("Title")).to_have_attribute("aria-invalid", "true")
        await expect(console.locator(".answer-status")).to_have_text("422")
        await expect(console.locator(".answer pre")).to_contain_text('"code": "invalid_fields"')

        await form.get_by_label("Title").fill("Better")
        await form.get_by_label("Kind of event").fill("order.ready")
        await send_from(console)
        await expect(console.locator(".answer-status").first).to_have_text("201")
        await expect(console.locator("#error-title_text")).to_be_hidden()

    async def test_sending_again_with_the_same_key_sends_nothing(self, visit: Visit) -> None:
        page, console = await visit.page(), await visit.console()
        await send_from(console)
        await console.get_by_role("button", name="Send again with the same key").click()
        await expect(console.locator(".answer-status")).to_have_text(["201", "201"])
        words = await console.locator(".answer-words").all_text_contents()
        assert words[0] == words[1]
        await visit.send("the last one")
        await expect(titles(page)).to_have_text(["the last one", "Your order is on its way"])

    async def test_what_would_be_sent_is_shown_and_not_sent(self, visit: Visit) -> None:
        page, console = await visit.page(), await visit.console()
        await preview_from(console)
        await expect(console.locator(".preview")).to_contain_text("Your order is on its way")
        await expect(console.locator(".preview-head")).to_have_text(f"Customer {visit.customer}Nownotice")
        await visit.send("the only one")
        await expect(titles(page)).to_have_text(["the only one"])

    async def test_what_is_to_go_out_later_waits_and_can_be_taken_back(self, visit: Visit) -> None:
        console = await visit.console()
        form = console.locator("#notification-form")
        await form.locator("summary").click()
        await form.get_by_label("Send at").fill(local_time(timedelta(days=2)))
        await form.get_by_label("Expires").fill(local_time(timedelta(days=1)))
        await send_from(console)
        await expect(console.locator("#error-expires_at")).to_have_text("must be after send_at")

        await form.get_by_label("Expires").fill(local_time(timedelta(days=3)))
        await form.get_by_label("Collapse key").fill("eta")
        await preview_from(console)
        await expect(answer(console).locator(".preview-head")).to_contain_text("Scheduled for")
        await send_from(console)
        await expect(answer(console).locator(".answer-status")).to_have_text("202")
        await expect(await report(console, "State")).to_have_text("Scheduled")
        await answer(console).get_by_role("button", name="Take back").click()
        await expect(answer(console).locator(".answer-note")).to_have_text("Taken back.")
        await expect(await report(console, "State")).to_have_text("Taken back")


class TestAnswer:
    async def test_what_is_taken_back_disappears_from_the_page(self, visit: Visit) -> None:
        page, console = await visit.page(), await visit.console()
        await visit.send("it stays")
        await console.locator("#notification-form summary").click()
        await console.get_by_label("How many times").fill("3")
        await send_from(console)
        await expect(badge(page)).to_have_text("4")
        await answer(console).get_by_role("button", name="Take back").click()
        await expect(answer(console).locator(".answer-note")).to_have_text("3 of 3 taken back.")
        await expect(titles(page)).to_have_text(["it stays"])
        await expect(badge(page)).to_have_text("1")
        await page.reload()
        await expect(titles(page)).to_have_text(["it stays"])

    async def test_a_report_tells_who_has_received_and_read(self, visit: Visit) -> None:
        page, console = await visit.page(), await visit.console()
        await send_from(console)
        await cards(page).get_by_role("button", name="Mark as read").click()
        await eventually(lambda: has_read(visit), "the read is written down")
        await expect(await report(console, "Read")).to_have_text("1 of 1")
        await expect(await report(console, "Received")).to_have_text("1 of 1")
        await expect(await report(console, "State")).to_have_text("Carried")


class TestOrderEvent:
    async def test_it_is_told_in_the_customers_language(self, visit: Visit) -> None:
        body = {"language": "ru", "time_zone": "Asia/Vladivostok"}
        await visit.service.request("PUT", "/preferences", visit.service.customer(visit.customer), body)
        page, console = await visit.page(), await order_event_form(visit)
        form = console.locator("#order-event-form")
        await form.get_by_label("What happened").select_option("order.delayed")
        await form.get_by_label("Reason").fill("Пробка.")
        await preview_from(console)
        await expect(console.locator(".preview-title")).to_have_text("Заказ задерживается")
        await send_from(console)
        await expect(titles(page)).to_have_text(["Заказ задерживается"])
        await expect(page.locator(".card-body")).to_contain_text("Причина: Пробка.")

    async def test_a_kind_asks_for_what_it_needs_and_errors_stand_beside_it(self, visit: Visit) -> None:
        console = await order_event_form(visit)
        form = console.locator("#order-event-form")
        kind, facts = form.get_by_label("What happened"), form.locator("#facts label")
        await kind.select_option("stock.low")
        await expect(facts).to_have_text(["Productneeded", "Quantityneeded"])
        await expect(form.get_by_label("Warehouse")).to_be_visible()
        await kind.select_option("order.out_for_delivery")
        await expect(facts).to_have_text(["Expected atneeded", "Courier’s nameoptional"])
        await expect(form.get_by_label("Warehouse")).to_be_hidden()
        await expect(form.locator("#kind-hint")).to_have_text("To the customer · normal priority.")

        await form.get_by_label("Expected at").fill("")
        await form.get_by_label("Customer").fill("")
        await send_from(console)
        await expect(form.locator("[data-field=eta] .error")).to_be_visible()
        await expect(form.locator("[data-field=customer_id] .error")).to_be_visible()
        await expect(form.get_by_label("Customer")).to_be_focused()

        await form.get_by_label("Customer").fill(str(visit.customer))
        await form.get_by_label("Expected at").fill(local_time(timedelta(minutes=20)))
        await send_from(console)
        await expect(answer(console).locator(".answer-status")).to_have_text("201")
        await expect(form.locator(".error:visible")).to_have_count(0)

    async def test_the_same_again_with_other_words_needs_a_sequence(self, visit: Visit) -> None:
        page, console = await visit.page(), await order_event_form(visit)
        form = console.locator("#order-event-form")
        await form.get_by_label("What happened").select_option("order.delayed")
        await send_from(console)
        await expect(answer(console).locator(".answer-status")).to_have_text("201")
        await form.get_by_label("Reason").fill("Rain.")
        await send_from(console)
        await expect(answer(console).locator(".answer-status")).to_have_text("409")
        await expect(form.locator("[data-field=sequence] .error")).to_be_visible()  # it was hidden under "more"
        await form.get_by_label("Sequence").fill("1")
        await send_from(console)
        await expect(answer(console).locator(".answer-status")).to_have_text("201")
        await expect(titles(page)).to_have_text(
            ["Your order is running late"]
        )  # the newer one took the older one's place
        await expect(page.locator(".card-body")).to_contain_text("Rain.")


class TestReports:
    async def test_what_was_sent_is_counted_by_kind_and_can_be_downloaded(self, visit: Visit, tmp_path: Path) -> None:
        kind = f"kind.of_{visit.customer}"
        await visit.send("one", "two", "three", event=kind)
        console = await visit.console()
        await console.get_by_role("link", name="Reports").click()
        line = console.locator("#reports tbody tr", has=console.get_by_role("rowheader", name=kind))
        await expect(line.locator("td").first).to_have_text("3")
        await expect(console.get_by_role("img", name="Notifications sent in each of")).to_be_visible()
        async with console.expect_download() as downloading:
            await console.get_by_role("button", name="Download CSV").click()
        await (await downloading.value).save_as(tmp_path / "report.csv")
        lines = (tmp_path / "report.csv").read_text().splitlines()
        assert lines[0].startswith("hour,event,sent,")
        assert any(f",{kind},3," in each for each in lines)

    async def test_a_view_has_an_address(self, visit: Visit) -> None:
        console = await visit.console()
        await console.goto(f"{visit.service.url}/console#reports")
        await expect(console.get_by_role("heading", name="Reports")).to_be_visible()
        await console.go_back()
        await expect(console.get_by_role("heading", name="Send a notification")).to_be_visible()


async def order_event_form(visit: Visit) -> Page:
    """The console with the form for order events, about to tell the visit's customer."""
    console = await visit.console()
    await console.get_by_role("link", name="Order event").click()
    form = console.locator("#order-event-form")
    await form.get_by_label("Customer").fill(str(visit.customer))
    await form.get_by_label("Order number").fill(f"N-{visit.customer}")
    await expect(form.get_by_label("What happened").locator("option")).not_to_have_count(0)
    return console


async def send_from(console: Page) -> None:
    await console.get_by_role("button", name="Send", exact=True).click()


async def preview_from(console: Page) -> None:
    await console.get_by_role("button", name="Show what would be sent").click()


def answer(console: Page) -> Locator:
    """The newest."""
    return console.locator(".answer").first


async def report(console: Page, name: str) -> Locator:
    """What a new report of the newest answer says of something."""
    async with console.expect_response("**/report"):
        await answer(console).get_by_role("button", name="Report").click()
    return answer(console).locator(".facts div", has=console.locator("dt", has_text=name)).first.locator("dd")


async def has_read(visit: Visit) -> bool:
    answered = await visit.service.request("GET", "/inbox", visit.service.customer(visit.customer))
    inbox: list[dict[str, Any]] = answered.json()["notifications"]
    return all(each["date_read"] is not None for each in inbox)


def local_time(ahead: timedelta) -> str:
    """A moment from now on, as an input of the type `datetime-local` wants it."""
    return (datetime.now() + ahead).strftime("%Y-%m-%dT%H:%M")  # noqa: DTZ005  # by the browser's clock, which is ours
