"""The page of a run holds the run, needs nothing else, and is not fooled by what models and programs write."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.show.run_page import run_page, write_run_page
from tests.conftest import Genopt
from tests.helpers.hostile import SCRIPT


class _Sources(HTMLParser):
    """What a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [
            f"{tag} {name}={value}"
            for name, value in attrs
            if name in ("src", "srcset", "data", "action", "href") and not (value or "").startswith(("#", "data:"))
        ]


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert found
    return dict(json.loads(found[1]))


def chunks_of(page: str) -> set[str]:
    return set(re.findall(r'data-chunk="([^"]+)"', page))


def test_it_is_written_when_a_run_ends(genopt: Genopt) -> None:
    ended = genopt(
        *("run", "GenOpt/Control-CartPole-v0", "--agent", "random", "--edits", "1", "--out", "run"),
        *("--set", "validation_size=2", "--set", "test_size=2"),
    )
    assert ended.code == 0, ended.err
    assert f"page   {Path('run/run.html')}" in ended.out
    assert data_of(Path("run/run.html").read_text(encoding="utf-8"))["done"] is True


def test_it_holds_every_step_with_scores_costs_and_evidence(asked_run: Path) -> None:
    page = (asked_run / "run.html").read_text(encoding="utf-8")
    data = data_of(page)
    assert [step["outcome"] for step in data["steps"]] == ["ok", "ok", "runtime_error", "syntax_error", "ok", "ok"]
    assert data["steps"][2]["base"] == 1
    assert data["best"]["test"] is not None
    assert data["no_evidence"] == ""
    assert chunks_of(page) >= {"artifacts", *(f"evidence/{step}" for step in range(6)), "exchange/1", "exchange/5"}
    assert "exchange/0" not in chunks_of(page), "nobody was asked for the start"


def test_nothing_is_fetched_and_no_other_script_may_run(asked_run: Path) -> None:
    page = (asked_run / "run.html").read_text(encoding="utf-8")
    sources = _Sources()
    sources.feed(page)
    assert sources.fetched == []
    assert "connect-src 'none'" in page
    assert "script-src 'sha256-" in page
    assert "'unsafe-inline'" not in page
    assert SCRIPT not in page


def test_a_page_that_would_be_too_large_says_which_steps_it_leaves_out(asked_run: Path) -> None:
    whole = run_page(asked_run)
    small = run_page(asked_run, largest=len(data_of(whole)) + 14_000)
    data = data_of(small)
    assert data["left_out"]
    assert f"evidence/{data['best']['step']}" in chunks_of(small), "the best finds room first"
    assert len(chunks_of(small)) < len(chunks_of(whole))


def test_a_run_whose_evaluations_are_gone_is_shown_without_evidence(asked: Path) -> None:
    (asked / "evaluations.bin").unlink()
    data = data_of(write_run_page(asked).read_text(encoding="utf-8"))
    assert data["evidence_steps"] == 0
    assert "has no evaluations.bin" in data["no_evidence"]


def test_evidence_ends_where_evaluations_end_and_nothing_is_run_again(asked: Path) -> None:
    stored = (asked / "evaluations.bin").read_bytes()
    (asked / "evaluations.bin").write_bytes(stored[: len(stored) // 2])
    data = data_of(write_run_page(asked).read_text(encoding="utf-8"))
    assert 0 < data["evidence_steps"] < 6
    assert data["no_evidence"] == f"the run's folder holds no evaluation of step {data['evidence_steps']}"
    assert (asked / "evaluations.bin").stat().st_size == len(stored) // 2


def test_a_run_without_steps_has_no_page(asked: Path, genopt: Genopt) -> None:
    for name in ("steps.jsonl", "ledger.jsonl", "result.json"):
        (asked / name).unlink()
    with pytest.raises(UserError, match=r"has no finished step yet; genopt watch .* shows it as it goes on"):
        write_run_page(asked)
    assert genopt("show", str(asked)).code == 2


def test_a_damaged_run_is_told_in_a_sentence(asked: Path, genopt: Genopt) -> None:
    lines = (asked / "steps.jsonl").read_text().splitlines()
    (asked / "steps.jsonl").write_text("\n".join([lines[0], "{not json", *lines[2:]]) + "\n")
    ended = genopt("show", str(asked))
    assert ended.code == 2
    assert "line 2 of" in ended.err
    assert "is damaged" in ended.err


def test_a_run_of_a_newer_version_is_refused(asked: Path, genopt: Genopt) -> None:
    config = json.loads((asked / "config.json").read_text())
    (asked / "config.json").write_text(json.dumps(config | {"format": 99}))
    ended = genopt("show", str(asked))
    assert ended.code == 2
    assert "install the newer version" in ended.err


def test_films_of_start_and_best_are_in_the_page_of_a_task_with_a_screen(film_run: Path) -> None:
    page = (film_run / "run.html").read_text(encoding="utf-8")
    best = data_of(page)["best"]["step"]
    assert {name for name in chunks_of(page) if name.startswith("frames/")} == {f"frames/{n}" for n in {0, best}}


def test_a_study_gets_a_page_that_lists_its_runs(finished_study: Path, genopt: Genopt, tmp_path: Path) -> None:
    study = shutil.copytree(finished_study, tmp_path / "study")
    shutil.rmtree(study / "runs" / "random-1")
    ended = genopt("show", str(study))
    assert ended.code == 0, ended.err
    entries = data_of((study / "study.html").read_text(encoding="utf-8"))["entries"]
    assert [(entry["key"], entry["state"], entry["page"]) for entry in entries[:2]] == [
        ("random-0", "done", "runs/random-0/run.html"),
        ("random-1", "planned", ""),
    ]
    assert (study / "runs" / "random-0" / "run.html").exists()
