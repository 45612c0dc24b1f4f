"""The report is one page that needs nothing else, and fits a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import fields
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from genopt_gym.study.reporting.page import TEMPLATES, ReportPage, environment
from tests.helpers.made_up_study import TASKS, made, noisy, planned
from tests.helpers.report_pages import save

pytest.importorskip("jinja2")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def test_the_template_tells_all_that_it_is_given_and_asks_for_nothing_else() -> None:
    from jinja2 import meta

    template = environment().parse((TEMPLATES / "report.html").read_text(encoding="utf-8"))
    asked = meta.find_undeclared_variables(template) - {"one"}  # set within a loop, which jinja2 does not follow
    assert asked == {field.name for field in fields(ReportPage)} | {"style"}


class _Sources(HTMLParser):
    """Everything a browser would fetch, and ids."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "srcset", "data", "action") or (
                name.endswith("href") and not (value or "").startswith(("#", "../runs/"))  # links, followed by people
            ):
                self.fetched.append(f"{tag} {name}={value}")
            if name == "id":
                self.ids.append(str(value))


def test_it_needs_nothing_else(page: str) -> None:
    sources = _Sources()
    sources.feed(page)
    assert sources.fetched == []
    assert "@import" not in page
    assert set(re.findall(r"url\(([^)]{2})", page)) <= {"#p", "#h"}, "only clip paths and hatches of the figures"
    assert len(sources.ids) == len(set(sources.ids))


def test_names_that_mean_something_to_a_page_or_a_formula_are_only_text(tmp_path: Path) -> None:
    plan = planned(tasks=TASKS[:1], factors={"model": ["a<b>&$x$", "$y_{$"]})
    page = save(tmp_path, plan, [made(run, noisy(run)) for run in plan.runs])
    assert "a&lt;b&gt;&amp;$x$" in page
    assert "<b>" not in page


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_in_a_browser_nothing_is_wider_than_the_screen_and_nothing_is_fetched(page: str, tmp_path: Path) -> None:
    frames = "".join(f'<iframe width="{width}" height="900" srcdoc="{escape(page)}"></iframe>' for width in (360, 1280))
    script = """<script>addEventListener("load", () => {
        const measured = [...document.querySelectorAll("iframe")].map(frame => {
            frame.contentDocument.querySelectorAll("details").forEach(one => one.open = true);
            const fetched = frame.contentWindow.performance.getEntriesByType("resource").length;
            return [frame.contentWindow.innerWidth, frame.contentDocument.documentElement.scrollWidth, fetched];
        });
        document.getElementById("measured").textContent = JSON.stringify(measured);
    })</script>"""
    path = tmp_path / "frames.html"
    path.write_text(f"<style>iframe {{ border: 0 }}</style><pre id='measured'></pre>{frames}{script}", encoding="utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--hide-scrollbars", "--dump-dom", path.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r'<pre id="measured">(.*?)</pre>', shown)
    assert found
    assert json.loads(found[1]) == [[360, 360, 0], [1280, 1280, 0]]
