"""The Chromium of the system, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

from tests.support.service import PATIENCE_SECONDS

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",  # which a container does not let it have; it sees our own pages only
    "--disable-gpu",
    "--disable-background-networking",  # nothing but what a test asks for
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = PATIENCE_SECONDS * 1000


def executable() -> str:
    """Where Chromium is. Without one a test is skipped; in CI (the variable is set) it fails."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    missing = f"None of {', '.join(NAMES)} is on PATH"
    if os.environ.get("CI"):
        pytest.fail(f"{missing}: in CI nothing is skipped for that")
    pytest.skip(missing)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A running Chromium. It belongs to the loop in which it was started."""
    path = executable()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=PATIENCE_MS)
        try:
            yield browser
        finally:
            await browser.close()
