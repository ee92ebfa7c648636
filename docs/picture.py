"""Takes docs/page.png from the running page. Run it from the top folder: .venv/bin/python -m docs.picture"""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from tests.browser.chromium import chromium
from tests.support.service import Dev

PICTURE = Path(__file__).with_name("page.png")
CUSTOMER = 1042

# From the oldest to the newest: minutes ago, and what was sent.
HISTORY: list[tuple[int, dict[str, Any]]] = [
    (
        41,
        {
            "event": "order.created",
            "title_text": "We have your order",
            "body_text": "Two Margherita and a lemonade from Trattoria Nonna.",
        },
    ),
    (
        26,
        {
            "event": "order.preparing",
            "title_text": "Trattoria Nonna is cooking",
            "body_text": "Your pizza goes into the oven in a moment.",
        },
    ),
    (
        8,
        {
            "event": "order.out_for_delivery",
            "title_text": "Your order is on its way",
            "body_text": "It should be with you in about 15 minutes.",
            "notes": "Your courier is Mara, on a green bike. Please have the code 4711 at hand.",
        },
    ),
]
READ = ["Trattoria Nonna is cooking", "We have your order"]
NOW: dict[str, Any] = {
    "event": "order.delayed",
    "title_text": "Ten minutes later than planned",
    "body_text": "Mill Street is closed, so Mara takes the long way round. Your pizza stays hot.",
    "priority": "high",
}
ABOUT: dict[str, Any] = {"receiver_id": CUSTOMER, "data": {"order_id": "A-2904"}}


async def main() -> None:
    service = Dev()
    try:
        await asyncio.to_thread(service.start)
        for _, notification in HISTORY:
            await service.send(**ABOUT, **notification)
        date_back(service.data_dir / "getnotified.sqlite3")
        async with chromium() as browser:
            page = await browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
            await page.goto(f"{service.url}/#token={service.customer(CUSTOMER)}")
            for title in READ:
                await page.get_by_role("button", name=f"Mark as read: {title}").click()
            await expect(page.locator("#unread")).to_have_text("1")
            await service.send(**ABOUT, **NOW)
            await take(page)
    finally:
        await service.disconnect()
        await asyncio.to_thread(service.close)


def date_back(database: Path) -> None:
    """Lets the history have been sent when it says so; a sender can't write another time than the present."""
    connection = sqlite3.connect(database)
    with connection:
        for minutes, notification in HISTORY:
            moment = datetime.now(UTC) - timedelta(minutes=minutes)
            connection.execute(
                "UPDATE notification SET date_sent = ? WHERE title_text = ?",
                (moment.isoformat(sep=" "), notification["title_text"]),
            )
    connection.close()


async def take(page: Page) -> None:
    await expect(page.locator("#unread")).to_have_text("2")
    await expect(page.locator(".toast")).to_be_visible()
    # What moves once has come to rest; the dot of the status breathes for ever.
    await page.evaluate(
        """Promise.all(document.getAnimations()
            .filter(animation => animation.effect.getTiming().iterations === 1).map(({ finished }) => finished))"""
    )
    await page.screenshot(path=PICTURE)


if __name__ == "__main__":
    asyncio.run(main())
