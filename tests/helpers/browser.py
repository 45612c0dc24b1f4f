"""A real browser: the system's Chromium, driven by Playwright, and what it complained of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; the test is skipped where there is none."""
    pytest.importorskip("playwright", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Watched:
    """A page that notes what goes wrong in it.

    Attributes:
        page: Playwright's.
        complaints: errors of scripts, and messages of the console.
        requests: addresses that it asked for, beside its own.
    """

    def __init__(self, browser: Browser, width: int = 1280, dark: bool = False) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.set_default_timeout(60_000)

    def open(self, url: str) -> Page:
        """Load a page, and wait until it has drawn itself."""
        self.page.goto(url)
        self.page.wait_for_selector("html[data-ready]")
        self.requests = [each for each in self.requests if each != url.partition("#")[0] and each[:5] != "data:"]
        return self.page

    def show(self, step: int, tab: str) -> None:
        """Select a step and what to see of it, and wait until it is seen."""
        self.page.evaluate(f"location.hash = 'step={step}&tab={tab}'")
        self.page.reload()
        self.page.wait_for_selector(f'#panel[data-shown="{step}/{tab}"]')

    def fits(self) -> bool:
        """Whether nothing is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
