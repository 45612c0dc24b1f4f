"""The site as it is built: without a warning, and in a real browser, on a wide screen and on a phone.

A site that was built from the sources as they are (`make docs`) is looked at as it stands; else one is built here,
without its notebooks and without a network. Every page is opened once.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from genopt_docs.fingerprint import is_current
from genopt_docs.pages import GENERATED

from genopt_gym.registration import EXAMPLES, FUNCTION, GAMES, NESTED, TABLE
from tests.helpers import offline
from tests.helpers.browser import chromium
from tests.helpers.pages import DOCUMENTS, ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
PHONE, DESK = 360, 1280
IDS = [*(row.id for row in (*TABLE, NESTED, FUNCTION, EXAMPLES)), *(id for id, _ in GAMES)]
SEEN = """() => ({
    fits: document.documentElement.scrollWidth <= innerWidth,
    pictures: [...document.querySelectorAll("article img.picture")].map(one => one.complete && one.naturalWidth > 50),
    broken: [...document.images].filter(image => image.complete && !image.naturalWidth).map(image => image.src),
})"""


OFFLINE = """
import sys
from tests.helpers import offline
offline.cut()
sys.path.insert(0, "docs")
from build import main
sys.exit(main(["--quick"]))
"""


class Handler(SimpleHTTPRequestHandler):
    """Serves files, over connections that stay; no log. What all pages share is asked for once."""

    protocol_version = "HTTP/1.1"

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=3600")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class Visit:
    """A window of some width; it notes what its pages asked for and what went wrong."""

    def __init__(self, browser: Browser, width: int) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 800})
        self.page.set_default_timeout(120_000)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._hear)
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"{self.page.url}: {message.text}")

    def elsewhere(self, address: str) -> list[str]:
        """Requests to another host."""
        return [url for url in self.requests if not url.startswith((address, "data:"))]


class Seen(NamedTuple):
    """All pages, as a phone shows them.

    Attributes:
        pages: place of each to what ``SEEN`` finds in it.
        visit: the window they were opened in.
    """

    pages: dict[str, dict[str, Any]]
    visit: Visit


@pytest.fixture(scope="module")
def site() -> Path:
    """A site that was built from these sources without a warning."""
    for name in ("furo", "myst_nb"):
        pytest.importorskip(name, reason="the extra `docs` is not installed")
    for site in (ROOT / "build" / "docs", ROOT / "build" / "quick"):
        if is_current(site):
            return site
    ended = subprocess.run([sys.executable, "-c", OFFLINE], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert offline.TOLD not in ended.stderr
    return ROOT / "build" / "quick"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(site)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def seen(browser: Browser, site: Path, address: str) -> Seen:
    visit, pages = Visit(browser, PHONE), {}
    for path in sorted(site.rglob("*.html")):
        place = str(path.relative_to(site))
        if not place.startswith("_"):
            visit.page.goto(f"{address}/{place}", wait_until="load")
            pages[place] = visit.page.evaluate(SEEN)
    return Seen(pages, visit)


def test_every_document_is_a_page(site: Path) -> None:
    docs = ROOT / "docs"
    generated = [path for name in GENERATED for path in (docs / name).rglob("*.md")]
    assert len(generated) > 150
    places = [path.relative_to(docs).with_suffix(".html") for path in [*DOCUMENTS, *generated]]
    assert [str(place) for place in places if not (site / place).is_file()] == []


def test_every_page_fits_a_phone(seen: Seen) -> None:
    assert len(seen.pages) > 200
    assert [place for place, found in seen.pages.items() if not found["fits"]] == []


def test_every_environment_shows_its_picture(seen: Seen) -> None:
    for id in IDS:
        place = f"environments/{id.removeprefix('GenOpt/').removesuffix('-v0').lower()}.html"
        pictures = seen.pages[place]["pictures"]
        assert pictures, id
        assert all(pictures), id


def test_no_picture_is_missing(seen: Seen) -> None:
    assert {place: found["broken"] for place, found in seen.pages.items() if found["broken"]} == {}


def test_nothing_comes_from_another_host_and_nothing_is_complained_of(seen: Seen, address: str) -> None:
    assert len(seen.visit.requests) > len(seen.pages)
    assert seen.visit.elsewhere(address) == []
    assert seen.visit.complaints == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("credit_horizon", "reference/parameters"),
        ("feedback_horizon", "reference/parameters"),
        ("KissingNumber11", "discovery-kissingnumber11"),
    ],
)
def test_search_finds_a_word(browser: Browser, address: str, word: str, expected: str) -> None:
    visit = Visit(browser, DESK)
    visit.page.goto(f"{address}/search.html?q={word}", wait_until="load")
    # The results come one by one.
    visit.page.wait_for_selector(f'#search-results ul.search li a[href*="{expected}"]')
    assert visit.complaints == []
    assert visit.elsewhere(address) == []
    visit.page.close()
