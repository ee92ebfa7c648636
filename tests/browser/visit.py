"""What somebody does in a browser: one profile with its cookies, and tabs in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.browser.chromium import PATIENCE_MS
from tests.support.service import Service

expect.set_options(timeout=PATIENCE_MS)

# The least time between two tries at reconnecting, so that no test waits long for one.
QUICK_RETRY = {"RETRY_MIN_MS": "100", "RETRY_MAX_MS": "200"}


class Visit:
    """A fresh profile of a browser that looks at a service.

    Attributes:
        customer: the number of the customer who is signed in on the page.
        wrong: exceptions of scripts, and what the content security policy had to prevent.
    """

    def __init__(self, context: BrowserContext, service: Service, customer: int) -> None:
        self.context = context
        self.service = service
        self.customer = customer
        self.wrong: list[str] = []
        context.set_default_timeout(PATIENCE_MS)
        context.on("weberror", lambda error: self.wrong.append(str(error.error)))
        context.on("console", self._look)

    async def open(self, path: str) -> Page:
        tab = await self.context.new_page()
        await tab.goto(self.service.url + path)
        return tab

    async def page(self) -> Page:
        """A tab with the customer's page, signed in, live, and with the inbox on it."""
        tab = await self.open(f"/#token={self.service.customer(self.customer)}")
        await is_live(tab)
        await expect(cards(tab).or_(tab.locator("#empty-title:visible")).first).to_be_visible()
        return tab

    async def console(self) -> Page:
        """A tab with the sender's console, signed in, about to send to the customer."""
        tab = await self.open(f"/console#token={self.service.token('sender:shop')}")
        await tab.get_by_label("Customer numbers").fill(str(self.customer))
        return tab

    async def send(self, *titles: str, **fields: object) -> None:
        """Sends notifications to the customer in one request."""
        drafts = [{"receiver_id": self.customer, "title_text": title, **fields} for title in titles]
        response = await self.service.post({"notifications": drafts})
        assert response.status_code == 201, response.text

    def _look(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or message.text.startswith("Uncaught"):
            self.wrong.append(message.text)


@asynccontextmanager
async def visiting(browser: Browser, service: Service, customer: int) -> AsyncIterator[Visit]:
    """A visit in which nothing goes wrong that a customer would only see in the developer tools."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    try:
        visit = Visit(context, service, customer)
        yield visit
        assert visit.wrong == []
    finally:
        await context.close()


def cards(tab: Page) -> Locator:
    """The notifications on the page, newest first."""
    return tab.locator("#notifications > li")


def titles(tab: Page) -> Locator:
    return tab.locator("#notifications .card-title")


def badge(tab: Page) -> Locator:
    return tab.locator("#unread")


def toasts(tab: Page) -> Locator:
    return tab.locator(".toast strong")


async def has_state(tab: Page, state: str) -> None:
    await expect(tab.locator("body")).to_have_attribute("data-state", state)


async def is_live(tab: Page) -> None:
    await has_state(tab, "live")
