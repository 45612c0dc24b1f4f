"""The site as it is built: without a warning, and in a real browser, on a wide screen and on a phone.

Built without its notebooks here; `make docs` runs them too.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from genopt_docs.pages import generated_pages

from genopt_gym.registration import EXAMPLES, FUNCTION, GAMES, TABLE
from tests.helpers.browser import chromium
from tests.helpers.pages import DOCUMENTS, ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
PHONE = 360
IDS = [*(row.id for row in (*TABLE, FUNCTION, EXAMPLES)), *(id for id, _ in GAMES)]


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that writes no log."""

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def site() -> Path:
    """The built site, without its notebooks' output."""
    for name in ("furo", "myst_nb"):
        pytest.importorskip(name, reason="the extra `docs` is not installed")
    ended = subprocess.run([sys.executable, "docs/build.py", "--quick"], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ROOT / "build" / "docs"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


class Visit:
    """A page of the site in a window of some width; it notes what it asked for and what went wrong."""

    def __init__(self, browser: Browser, width: int = 1280) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 800})
        self.page.set_default_timeout(120_000)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda message: self.complaints.append(message.text) if message.type == "error" else None
        )
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, url: str) -> Page:
        self.page.goto(url, wait_until="load")
        return self.page


def test_every_document_is_a_page(site: Path) -> None:
    written = [path.relative_to(ROOT / "docs").with_suffix(".html") for path in DOCUMENTS]
    generated = [Path(place).with_suffix(".html") for place, _ in generated_pages() if place.endswith(".md")]
    assert [str(page) for page in [*written, *generated] if not (site / page).is_file()] == []


def test_nothing_comes_from_another_host_and_nothing_is_complained_of(browser: Browser, address: str) -> None:
    visit = Visit(browser)
    for place in ("index.html", "start.html", "environments/index.html", "environments/atari-pong.html", "search.html"):
        visit.open(f"{address}/{place}")
    assert [url for url in visit.requests if not url.startswith((address, "data:"))] == []
    assert visit.complaints == []
    visit.page.close()


@pytest.mark.parametrize("word", ["credit_horizon", "feedback_horizon", "KissingNumber11"])
def test_search_finds_a_word(browser: Browser, address: str, word: str) -> None:
    visit = Visit(browser)
    page = visit.open(f"{address}/search.html?q={word}")
    page.wait_for_selector("#search-results ul.search li a")
    found = page.eval_on_selector_all("#search-results ul.search li a", "links => links.map(link => link.href)")
    expected = "discovery-kissingnumber11" if word == "KissingNumber11" else "reference/parameters"
    assert any(expected in link for link in found)
    assert visit.complaints == []
    page.close()


def test_every_environment_shows_its_picture_and_fits_a_phone(browser: Browser, address: str) -> None:
    visit = Visit(browser, PHONE)
    for id in IDS:
        page = visit.open(f"{address}/environments/{id.removeprefix('GenOpt/').removesuffix('-v0').lower()}.html")
        assert page.eval_on_selector("article img.picture", "image => image.complete && image.naturalWidth > 50"), id
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), id
    assert visit.complaints == []
    visit.page.close()


def test_every_other_page_fits_a_phone(browser: Browser, site: Path, address: str) -> None:
    visit = Visit(browser, PHONE)
    wide = []
    for path in sorted(site.rglob("*.html")):
        if path.parent.name not in ("environments", "_static"):
            page = visit.open(f"{address}/{path.relative_to(site)}")
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                wide.append(path.name)
    assert wide == []
    visit.page.close()
