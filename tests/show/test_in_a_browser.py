"""The page of a run in a real browser: it fits, fetches nothing, can be used by keyboard, and shows what is stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from genopt_gym.runs.config import Config
from genopt_gym.runs.run import Run
from genopt_gym.show.run_page import write_run_page
from tests.helpers.browser import Watched
from tests.helpers.hostile import LONG, SCRIPT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TABS = ("edit", "evidence", "feedback", "exchange", "cost")


def page_of(run: Path) -> str:
    return (run / "run.html").as_uri()


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        pytest.param(1280, False, id="1280-light"),
        pytest.param(400, True, id="400-dark"),
        pytest.param(1280, True, id="1280-dark", marks=pytest.mark.slow),
        pytest.param(400, False, id="400-light", marks=pytest.mark.slow),
    ],
)
def test_it_fits_and_nothing_is_fetched_or_complained_of(
    browser: Browser, asked_run: Path, width: int, dark: bool
) -> None:
    watched = Watched(browser, width, dark)
    watched.open(page_of(asked_run))
    for tab in TABS:
        for step in (2, 4):
            watched.show(step, tab)
            assert watched.fits(), f"step {step}, {tab}"
    assert watched.complaints == []
    assert {url.partition("#")[0] for url in watched.requests} <= {page_of(asked_run)}


def test_hostile_texts_are_text(browser: Browser, asked_run: Path) -> None:
    watched = Watched(browser)
    page = watched.open(page_of(asked_run))
    watched.show(1, "exchange")
    reply = page.inner_text("pre.reply")
    assert SCRIPT in reply
    assert "ESC[31mred" in reply
    assert "U+202Eesrever" in reply
    assert "U+200Bhidden" in reply
    watched.show(2, "edit")
    assert SCRIPT in page.inner_text("#summary .error")
    watched.show(4, "edit")
    assert LONG not in page.inner_text("#panel")
    page.click("#panel td.add .more")
    assert LONG in page.inner_text("#panel").replace("\n", "")
    assert page.evaluate("window.hacked") is None
    assert watched.complaints == []


def test_the_line_that_failed_is_marked(browser: Browser, asked_run: Path) -> None:
    watched = Watched(browser)
    page = watched.open(page_of(asked_run))
    watched.show(2, "edit")
    assert "raise ValueError" in page.inner_text("td.blame")
    watched.show(3, "edit")
    assert page.inner_text("td.blame").strip() == "return ("


def test_a_diff_shows_both_stored_texts(browser: Browser, asked_run: Path) -> None:
    run = Run(asked_run)
    watched = Watched(browser)
    page = watched.open(page_of(asked_run))
    watched.show(2, "edit")
    shown = page.evaluate(
        """[...document.querySelectorAll("table.diff tr:not(.why)")].map(row =>
            [row.children[1].textContent, row.children[3].textContent])"""
    )
    sides = [[line for line in side if line] for side in zip(*shown, strict=True)]
    base, own = (run.artifact(step).texts["policy"].replace("\x1b", "ESC") for step in (1, 2))
    assert sides == [base.splitlines(), own.splitlines()]


def test_evidence_is_the_stored_trial_row_by_row(browser: Browser, asked_run: Path) -> None:
    watched = Watched(browser)
    page = watched.open(page_of(asked_run))
    watched.show(0, "evidence")
    heads = page.evaluate("""[...document.querySelectorAll("table.data thead th")].map(head => head.textContent)""")
    rows = page.evaluate(
        """[...document.querySelectorAll("table.data tbody tr[data-row]")].map(row =>
            [...row.children].map(cell => cell.textContent))"""
    )
    env = Config("GenOpt/Control-CartPole-v0", "random", parameters=Run(asked_run).config.parameters).make()
    _, info = env.reset(seed=0)
    events = info["trials"][0]["events"]
    assert len(rows) == len(events) == 20
    place = heads.index("pole_angle")
    assert [float(row[place]) for row in rows] == pytest.approx(
        [event["observation"]["pole_angle"] for event in events], abs=1e-4
    )
    assert [int(row[heads.index("action")]) for row in rows] == [event["action"] for event in events]


def test_a_column_sorts_the_inner_steps(browser: Browser, asked_run: Path) -> None:
    watched = Watched(browser)
    page = watched.open(page_of(asked_run))
    watched.show(0, "evidence")
    page.click("table.data thead th:has-text('pole_angle') button")
    values = page.evaluate(
        """() => {
            const table = document.querySelector("table.data");
            const place = [...table.tHead.rows[0].cells].findIndex((head) => head.textContent === "pole_angle");
            return [...table.tBodies[0].rows].map((row) => Number(row.cells[place].textContent));
        }"""
    )
    assert len(values) == 20
    assert values == sorted(values)


def test_the_film_shows_the_screen_of_the_inner_step(browser: Browser, film_run: Path) -> None:
    """The picture that the page shows is the one that the task draws of that moment."""
    best = Run(film_run).best.step
    watched = Watched(browser)
    page = watched.open(page_of(film_run))
    watched.show(best, "evidence")
    page.locator("input[type=range]").fill("40")
    assert page.get_attribute("tr.now", "data-row") == "40"
    moment = int(str(page.get_attribute(".screen", "data-moment")))
    assert page.inner_text(".film figcaption") == f"screen at inner step {moment}"
    assert f"inner step {moment}" in page.inner_text(".slider output")
    shown = page.evaluate(
        """async () => {
            const screen = document.querySelector(".screen"), sheet = await chunk_of(screen);
            function chunk_of(node) { return new Promise((done) => { const image = new Image();
                image.onload = () => done(image); image.src = node.style.backgroundImage.slice(5, -2); }); }
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [sheet.width, sheet.height];
            const context = canvas.getContext("2d");
            context.drawImage(sheet, 0, 0);
            return [...context.getImageData(0, 4 * 210, 160, 210).data];
        }"""
    )
    env = Config("GenOpt/Atari-Pong-v0", "random", parameters=Run(film_run).config.parameters).make()
    core = env.unwrapped
    env.reset(seed=0)
    for step in range(1, best + 1):
        env.step(dict(Run(film_run).artifact(step).texts))
    trial = core.last.train.trials[0]  # type: ignore[attr-defined]
    assert trial.events[40].step == moment
    [frame] = core.task.film(trial.instance, trial.actions, [moment])  # type: ignore[attr-defined]
    picture = np.array(shown, np.uint8).reshape(210, 160, 4)[..., :3]
    # A palette of 64 colours may move a colour a little; a paddle or a ball elsewhere would move it a lot.
    assert np.abs(picture.astype(int) - frame).max() <= 16


def test_everything_can_be_reached_by_keyboard(browser: Browser, asked_run: Path) -> None:
    watched = Watched(browser)
    page = watched.open(page_of(asked_run))
    watched.show(0, "edit")
    page.keyboard.press("j")
    page.wait_for_selector('#panel[data-shown="1/edit"]')
    page.keyboard.press("End")
    page.wait_for_selector('#panel[data-shown="5/edit"]')
    page.keyboard.press("4")
    page.wait_for_selector('#panel[data-shown="5/exchange"]')
    page.focus("#tab-exchange")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector('#panel[data-shown="5/cost"]')
    assert page.evaluate("document.activeElement.id") == "tab-cost"
    page.keyboard.press("l")
    assert page.get_attribute("#lineage", "aria-pressed") == "true"
    assert page.locator("path.edge, path.descent").count() > 0
    assert "what an edit was made from" in page.inner_text("#legend")
    assert "a guess" not in page.inner_text("#legend")
    page.keyboard.press("?")
    assert page.is_visible("#help")
    page.keyboard.press("Escape")
    reached = []
    page.evaluate("document.activeElement.blur()")
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.parentElement.id"))
    assert {"steps", "axes", "filters", "lineage", "panel", "tab-cost"} <= set(reached)


def test_where_a_run_does_not_tell_parents_the_lineage_is_said_to_be_a_guess(browser: Browser, asked: Path) -> None:
    rows = [json.loads(line) for line in (asked / "steps.jsonl").read_text().splitlines()]
    rows = [{name: row[name] for name in row if name != "parents"} for row in rows]
    (asked / "steps.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_run_page(asked)
    watched = Watched(browser)
    page = watched.open(page_of(asked))
    page.keyboard.press("l")
    assert "a guess" in page.inner_text("#legend")
    assert "what an edit was made from" not in page.inner_text("#legend")


def test_the_address_leads_back_to_the_step(browser: Browser, asked_run: Path) -> None:
    watched = Watched(browser)
    watched.open(f"{page_of(asked_run)}#step=3&tab=feedback")
    watched.page.wait_for_selector('#panel[data-shown="3/feedback"]')
    assert json.loads(watched.page.evaluate("JSON.stringify(location.hash)")) == "#step=3&tab=feedback"
