"""README.md's scripts do what it says, in Chromium, at a real service."""

from __future__ import annotations

import pytest
from playwright.async_api import ConsoleMessage, Route

from tests.browser.visit import Visit
from tests.test_readme import blocks

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("script", blocks("js"), ids=["EventSource", "our client"])
async def test_a_script_sees_what_is_sent(visit: Visit, script: str) -> None:
    title = "Your order is ready"

    async def answer(route: Route) -> None:
        await route.fulfill(body=script, content_type="text/javascript")

    def shows_title(message: ConsoleMessage) -> bool:
        return message.text.startswith(title)

    signed_in = await visit.context.request.post(
        f"{visit.service.url}/session", headers={"Authorization": f"Bearer {visit.service.customer(visit.customer)}"}
    )
    assert signed_in.ok
    page = await visit.open("/docs")  # a page of ours that opens no stream itself
    await page.route("**/readme.js", answer)  # as a file of the site: its policy forbids scripts in the page
    async with page.expect_response("**/stream"):  # its head comes when the connection hears what is sent
        await page.add_script_tag(url="/readme.js", type="module")
    async with page.expect_console_message(shows_title) as shown:
        await visit.send(title, body_text="Pick it up at the counter.")
    await shown.value
