"""One Chromium and one service for all of these tests; each test has a profile and a customer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.chromium import chromium, executable
from tests.browser.visit import QUICK_RETRY, Visit, visiting
from tests.support.service import Dev

CUSTOMERS = count(100_000)  # above those of the day that the console plays


@pytest.fixture(scope="session")
def _chromium_is_here() -> None:
    """Comes before the service: where there is no browser, nothing is started."""
    executable()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def shared_dev(_chromium_is_here: None) -> Iterator[Dev]:
    service = Dev(**QUICK_RETRY)
    service.start()
    yield service
    service.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, shared_dev: Dev) -> AsyncIterator[Visit]:
    """A customer of whom nobody has heard before."""
    try:
        async with visiting(browser, shared_dev, next(CUSTOMERS)) as visit:
            yield visit
    finally:
        await shared_dev.disconnect()


@pytest_asyncio.fixture(loop_scope="session")
async def visit_to_kill(browser: Browser) -> AsyncIterator[Visit]:
    """One at a service of its own, whose process (`visit.service.webs[0]`) may be killed."""
    service = Dev(**QUICK_RETRY)
    await asyncio.to_thread(service.start)
    try:
        async with visiting(browser, service, next(CUSTOMERS)) as visit:
            yield visit
    finally:
        await service.disconnect()
        await asyncio.to_thread(service.close)
