"""The customer's page, in Chromium, at a real service."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.visit import Visit, badge, cards, has_state, is_live, titles, toasts

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SCRIPT = '<img src=x onerror="window.stolen = 1"><script>window.stolen = 1</script>\'"&amp;'
LINES = "one\n\nevent: gap\ndata: {}\r\nid: 7\u2028end"


async def test_what_the_console_sends_is_on_the_page_at_once(visit: Visit) -> None:
    page, console = await visit.page(), await visit.console()
    assert [tab.url.removeprefix(visit.service.url) for tab in (page, console)] == ["/", "/console"]  # without a token
    await expect(badge(page)).to_be_hidden()
    await console.get_by_label("Title").fill("Your order is ready")
    await console.locator("#body_text").fill("Pick it up at the counter.")
    await console.get_by_label("High").check()
    await console.get_by_role("button", name="Send", exact=True).click()

    await expect(toasts(page)).to_have_text(["Your order is ready"])  # first: it goes away after a while
    await expect(titles(page)).to_have_text(["Your order is ready"])
    await expect(cards(page).locator(".urgent")).to_be_visible()
    await expect(badge(page)).to_have_text("1")
    await expect(page).to_have_title("(1) getnotified")
    await expect(console.locator(".answer-status")).to_have_text("201")


async def test_a_page_that_lost_the_server_comes_back_by_itself_with_what_it_missed(visit_to_kill: Visit) -> None:
    visit, process = visit_to_kill, visit_to_kill.service.webs[0]
    page = await visit.page()
    await visit.send("before")
    await expect(titles(page)).to_have_text(["before"])

    async def keep_away(route: Route) -> None:
        await route.abort("connectionrefused")

    await page.route("**/stream*", keep_away)  # so that it is not back before all of them are sent
    await asyncio.to_thread(process.kill)
    await has_state(page, "reconnecting")
    await expect(page.locator("#trouble")).to_be_visible()
    await asyncio.to_thread(process.start_ready)
    await visit.send("missed 1")
    await visit.send("missed 2", "missed 3")
    await expect(titles(page)).to_have_text(["before"])
    await has_state(page, "reconnecting")
    await page.unroute("**/stream*", keep_away)

    await expect(toasts(page).last).to_have_text("3 notifications came while you were away")
    await is_live(page)
    await expect(titles(page)).to_have_text(["missed 3", "missed 2", "missed 1", "before"])
    await expect(badge(page)).to_have_text("4")
    await expect(page.locator("#trouble")).to_be_hidden()
    await visit.send("after")
    await expect(titles(page)).to_have_text(["after", "missed 3", "missed 2", "missed 1", "before"])


async def test_reading_in_one_tab_shows_in_the_others(visit: Visit) -> None:
    await visit.send("first", "second", "third")
    here, there = await visit.page(), await visit.page()
    for tab in (here, there):
        await expect(badge(tab)).to_have_text("3")

    await here.get_by_role("button", name="Mark as read: second").click()
    for tab in (here, there):
        await expect(badge(tab)).to_have_text("2")
        await expect(tab.locator("[data-read=true] .card-title")).to_have_text(["second"])

    await there.get_by_role("button", name="Mark all as read").click()
    for tab in (here, there):
        await expect(badge(tab)).to_be_hidden()
        await expect(tab.locator("[data-read=true]")).to_have_count(3)
    await here.reload()
    await expect(here.locator("[data-read=true]")).to_have_count(3)


async def test_the_newest_with_a_collapse_key_takes_the_place_of_the_older_one(visit: Visit) -> None:
    page = await visit.page()
    await visit.send("20 minutes away", collapse_key="eta")
    await visit.send("Something else")
    await visit.send("Another order: 30 minutes away", collapse_key="eta-2")
    await expect(badge(page)).to_have_text("3")
    await visit.send("10 minutes away", collapse_key="eta")

    left = ["10 minutes away", "Another order: 30 minutes away", "Something else"]
    await expect(titles(page)).to_have_text(left)
    await expect(badge(page)).to_have_text("3")
    await page.reload()  # the inbox has it the same way
    await expect(titles(page)).to_have_text(left)
    await visit.send("At your door", collapse_key="eta")  # what the inbox brought gives way as well
    await expect(titles(page)).to_have_text(["At your door", *left[1:]])


async def test_a_collapse_key_counts_in_its_own_channel_only(visit: Visit) -> None:
    customer = visit.service.customer(visit.customer)
    topic = f"kitchen.{visit.customer}"
    assert (await visit.service.request("PUT", f"/subscriptions/{topic}", customer)).status_code == 201
    page = await visit.page()
    await visit.send("To me", collapse_key="delay")
    for title in ("To all", "To all again"):
        await visit.service.send(topic=topic, title_text=title, collapse_key="delay")
    await expect(titles(page)).to_have_text(["To all again", "To me"])


async def test_scripts_and_lines_in_any_text_stay_text(visit: Visit) -> None:
    page = await visit.page()
    texts = {"body_text": SCRIPT, "notes": SCRIPT, "data": {"order_id": SCRIPT, SCRIPT: SCRIPT}}
    await visit.send(SCRIPT, priority="high", **texts)
    await expect(toasts(page)).to_have_text([SCRIPT])
    for reloaded in (False, True):  # it came live, then with the inbox
        if reloaded:
            await page.reload()
        await expect(titles(page)).to_have_text([SCRIPT])
        await expect(page.locator(".card-body")).to_have_text(SCRIPT)
        await expect(page.locator(".card-notes")).to_have_text(SCRIPT)
        await expect(page.locator(".about")).to_have_text(f"Order {SCRIPT}")
        await expect(page.locator("#notifications").locator("img, script")).to_have_count(0)
        assert await page.evaluate("window.stolen") is None
    await visit.send("One\rtwo", body_text=LINES)
    await expect(cards(page)).to_have_count(2)
    assert await page.locator(".card-body").first.evaluate("element => element.textContent") == LINES
    await expect(page.locator("#gap")).to_be_hidden()
    await is_live(page)


class TestSigningIn:
    async def test_a_forged_token_is_told_so_and_shows_nothing(self, visit: Visit) -> None:
        header, claims, signature = visit.service.customer(visit.customer).split(".")
        page = await visit.open(f"/#token={header}.{claims}.{signature[::-1]}")
        await has_state(page, "signed-out")
        await expect(page.locator("#door-title")).to_have_text("That link does not work")
        await expect(page.locator("#main")).to_be_hidden()

    async def test_an_expired_token_is_told_so(self, visit: Visit) -> None:
        page = await visit.open(f"/#token={visit.service.token(f'customer:{visit.customer}', days=-1)}")
        await has_state(page, "signed-out")
        await expect(page.locator("#door-text")).to_have_text(re.compile("expired"))

    async def test_a_page_whose_token_runs_out_signs_out_and_shows_nothing_any_more(self, visit: Visit) -> None:
        await visit.send("secret")
        page = await visit.page()
        # It lasts for 1 to 2 s. Should that be over before the page is back, it is refused the same way.
        await sign_in(visit, visit.service.token(f"customer:{visit.customer}", days=2 / 86_400))
        await page.reload()
        await has_state(page, "signed-out")
        await expect(page.locator("#door-title")).to_have_text("You are not signed in")
        await expect(cards(page)).to_have_count(0)
        await expect(page).to_have_title("getnotified")

        await page.locator("#door-token").fill(f"{page.url}#token={visit.service.customer(visit.customer)}")
        await page.get_by_role("button", name="Sign in").click()
        await is_live(page)
        await expect(titles(page)).to_have_text(["secret"])

    async def test_signing_out_in_one_tab_signs_out_the_others(self, visit: Visit) -> None:
        here, there = await visit.page(), await visit.page()
        await here.get_by_role("button", name="Sign out").click()
        for tab in (here, there):
            await has_state(tab, "signed-out")
            await expect(tab.locator("#main")).to_be_hidden()


async def sign_in(visit: Visit, token: str) -> None:
    """Changes the profile's cookie, behind the back of its pages."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = await visit.context.request.post(f"{visit.service.url}/session", headers=headers)
    assert answer.ok
