"""The report answers the question, and tells what is not known."""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

import pytest

from genopt_gym.core.edit import EditOutcome
from genopt_gym.core.journal import write_atomically
from genopt_gym.study.folder import run_path, write_error
from genopt_gym.study.reporting.paper import read_paper
from genopt_gym.study.reporting.report import Summary, save_report, watch_report, write_report
from tests.conftest import Genopt
from tests.helpers.made_up_study import TASKS, made, noisy, planned, unfinished
from tests.helpers.report_pages import save, text

pytest.importorskip("jinja2")


def test_it_answers_the_question_with_an_interval_and_the_number_of_seeds(page: str) -> None:
    words = text(page)
    assert "Does a longer credit horizon help?" in words
    # The first arm's mean over the second's is 10 points of 50, give or take the noise.
    found = re.search(
        r"credit_horizon: 1 → 400: higher, \+(0\.\d\d) \[(0\.\d\d), (0\.\d\d)\], p = [\d.<> ]+, 3 seeds\.", words
    )
    assert found
    low, value, high = float(found[2]), float(found[1]), float(found[3])
    assert low < value < high
    assert value == pytest.approx(0.2, abs=0.06)


@pytest.mark.parametrize(
    "heading",
    [
        *("What it shows", "All arms", "Pairs of arms", "Effects of factors", "Learning curves", "What it took"),
        *("How edits went", "Task by task", "Evidence shown", "Time to best", "Best artifact", "How it was made"),
    ],
)
def test_it_has_every_part(page: str, heading: str) -> None:
    assert re.search(rf"<h[23]>{heading}</h[23]>", page)


def test_it_shows_the_best_artifact_as_text(page: str) -> None:
    assert '<span class="added">+    return &#39;&lt;script&gt;&#39;' in page
    assert "<script" not in page


def test_it_flags_controls_and_traces_that_were_cut(page: str) -> None:
    words = text(page)
    assert re.search(r"random credit_horizon=1 control", words)
    assert "In 12 runs no trace reached the credit horizon that was asked for" in words
    assert "short of it in 3 of 3 runs" in words


def test_it_names_commands_versions_and_machine(page: str) -> None:
    words = text(page).replace("&nbsp;", " ")
    assert "genopt run GenOpt/Atari-Pong-v0 --agent hill-climbing --set credit_horizon=1 --seed 0" in words
    assert "genopt-gym 0.1.0; Linux, 2 cores." in words
    assert "same versions" not in words


def test_figures_and_tables_lie_beside_it(whole: Path) -> None:
    names = {path.name for path in whole.iterdir()}
    assert names >= {
        "scores.png",
        "gaps.png",
        "effects.png",
        "effects.svg",
        "outcomes.png",
        "curves-by-credit_horizon.png",
    }
    assert names >= {f"curves-{axis}.png" for axis in ("edits", "trials", "tokens", "money")}
    tables = ("aggregates", "comparisons", "effects", "scores", "budgets", "evidence", "time_to_best", "outcomes")
    assert names >= {f"{name}.csv" for name in (*tables, "runs", "curves")}
    with (whole / "comparisons.csv").open(newline="") as file:
        [first, *_] = csv.DictReader(file)
    assert first["arm"] == "hill-climbing credit_horizon=400"
    assert float(first["difference: low"]) < float(first["difference"]) < float(first["difference: high"])
    assert (first["difference: seeds"], first["pairs"]) == ("3", "6")
    with (whole / "runs.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 24


def test_the_gap_between_validation_and_test_is_a_column(whole: Path) -> None:
    with (whole / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["gap"]) for row in rows] == pytest.approx([3 / 50] * len(rows))


def test_where_nothing_differs_one_sentence_says_so_first(tmp_path: Path) -> None:
    plan = planned(tasks=TASKS[:1], controls=())
    noise = [float(10 + run.seed) for run in plan.runs]
    page = save(tmp_path, plan, [made(run, score) for run, score in zip(plan.runs, noise, strict=True)])
    words = text(page)
    said = words[words.index("What it shows") :]
    assert said.startswith("What it shows No difference between arms is shown: of 2 comparisons, none excludes chance")
    assert "<summary>Each comparison</summary>" in page
    assert "no difference shown: 0.00 [0.00, 0.00], p = 1, 3 seeds." in said


@pytest.mark.parametrize(("match", "first"), [("updates", "edits"), ("trials", "trials"), ("tokens", "tokens")])
def test_the_axis_that_is_equal_between_arms_comes_first_and_has_one_name(
    tmp_path: Path, match: Literal["updates", "trials", "tokens"], first: str
) -> None:
    plan = replace(planned(tasks=TASKS[:1], controls=()), match=match)
    page = save(tmp_path, plan, [made(run, noisy(run), tokens_per_edit=100) for run in plan.runs])
    assert re.findall(r"<summary>Over (\w+)", page)[0] == first
    assert f"equal between arms {first}" in text(page)
    assert "evaluations" not in text(page)


def test_each_run_that_has_a_page_is_linked(tmp_path: Path) -> None:
    plan = planned(tasks=TASKS[:1], controls=())
    path = run_path(tmp_path, plan.runs[0].key) / "run.html"
    path.parent.mkdir(parents=True)
    path.write_text("a page")
    page = save(tmp_path, plan, [made(run, noisy(run)) for run in plan.runs])
    [address] = re.findall(r'href="(\.\./runs/[^"]*)"', page)
    assert (tmp_path / "report" / unquote(address)).resolve() == path.resolve()


def test_under_three_seeds_it_says_what_cannot_be_concluded(tmp_path: Path) -> None:
    plan = planned(tasks=TASKS[:1], seeds=2)
    words = text(save(tmp_path, plan, [made(run, noisy(run)) for run in plan.runs]))
    assert "Under 3 there is no interval" in words
    assert "on 2 seeds; too few for any conclusion" in words
    assert not re.search(r"[+−]\d\.\d\d \[", words)


def test_too_few_pairs_for_any_test_are_said_to_be_so(tmp_path: Path) -> None:
    plan = planned(tasks=TASKS[:1], seeds=3)
    words = text(save(tmp_path, plan, [made(run, noisy(run)) for run in plan.runs]))
    assert "Fewer than 6 pairs of runs cannot show a difference at 5%" in words
    assert "no difference shown" in words


def test_an_outcome_that_this_version_does_not_know_is_drawn_and_tabled(tmp_path: Path) -> None:
    plan = planned(tasks=TASKS[:1], controls=(), seeds=1)
    records = [made(run, noisy(run), steps=20) for run in plan.runs]
    outcomes = ["ok", *EditOutcome, "a_rule_of_my_own", "too_slow"]
    records[0] = replace(records[0], steps=replace(records[0].steps, outcome=(outcomes * 2)[:21]))
    page = save(tmp_path, plan, records)
    drawn = re.search(r'<svg[^>]*aria-label="Outcomes of edits by arm">.*?</svg>', page, re.S)
    assert drawn
    for outcome in outcomes:
        assert f">{outcome}</text>" in drawn[0]
        assert re.search(rf"<th[^>]*>{outcome}</th>", page)
    assert "url(#h" in drawn[0], "colours that come again are hatched"


def test_an_unfinished_study_with_trouble_is_reported(tmp_path: Path) -> None:
    plan = planned()
    records = [made(run, noisy(run)) for run in plan.runs]
    records[0] = unfinished(records[0], 4)
    records[1] = replace(unfinished(records[1], -1), state="planned")
    records[5] = replace(unfinished(records[5], 2), state="failed", problem="Traceback:\n  ...\nOSError: it is <gone>")
    records[9] = replace(unfinished(records[9], -1), state="damaged", problem="line 3 of steps.jsonl is damaged")
    words = text(save(tmp_path, plan, records))
    assert "20 of 24" in words
    assert "2 runs of 24 still to be finished" in words
    assert "2 runs failed or damaged, and in no figure" in words
    assert "OSError: it is &lt;gone&gt;" in words
    assert "line 3 of steps.jsonl is damaged" in words


def test_a_study_of_which_nothing_is_done_is_reported(tmp_path: Path) -> None:
    plan = planned()
    words = text(save(tmp_path, plan, [replace(unfinished(made(run, 1), -1), state="planned") for run in plan.runs]))
    assert "0 of 24" in words
    assert "nothing can be compared" in words


def test_runs_of_different_versions_are_noted(tmp_path: Path) -> None:
    plan = planned(tasks=TASKS[:1], controls=())
    records = [made(run, noisy(run)) for run in plan.runs]
    records[0] = replace(records[0], versions={"python": "3.11.7", "genopt-gym": "0.0.9"})
    words = text(save(tmp_path, plan, records)).replace("&nbsp;", " ")
    assert "genopt-gym 0.0.9 and 0.1.0" in words
    assert "Not all runs were made with the same versions" in words


def test_the_papers_curves_lie_behind_the_task_they_belong_to(tmp_path: Path) -> None:
    path = tmp_path / "paper.csv"
    head = "Game,Step,Mean,SE,Num_Trials,Mean_Wall_Clock_Time,Cumulative_Wall_Clock_Time\n"
    path.write_text(head + "pong_horizon1,0,-20,1,5,9,9\npong_horizon1,1,-9,1,5,9,18\npong_horizon1,2,6,1,5,0,18\n")
    plan = planned(controls=())
    summary = save_report(tmp_path, plan, [made(run, noisy(run)) for run in plan.runs], read_paper(path))
    page = summary.page.read_text(encoding="utf-8")
    assert page.count(">pong_horizon1</text>") == 1
    assert "5 runs, cut after update 1, where its runs end" in text(page)


def test_the_command_reports_a_real_study(genopt: Genopt, study: Path) -> None:
    ended = genopt("report", str(study))
    assert ended.code == 0, ended.err
    assert "4 of 4 runs are done" in ended.out
    assert "hill-climbing against random (control): " in ended.out
    assert "too few for any conclusion" in ended.out
    page = (study / "report" / "index.html").read_text(encoding="utf-8")
    assert "Control-CartPole-v0" in page
    assert 'http-equiv="refresh"' not in page


def test_a_failed_run_of_a_real_study_keeps_its_reason(study: Path) -> None:
    path = run_path(study, "random-1")
    (path / "result.json").unlink()
    write_error(study, "random-1", "Traceback\nRuntimeError: no luck")
    assert "RuntimeError: no luck" in write_report(study).page.read_text(encoding="utf-8")


def test_a_folder_that_is_no_study_is_refused(genopt: Genopt, tmp_path: Path) -> None:
    ended = genopt("report", str(tmp_path))
    assert (ended.code, ended.err) == (2, f"genopt: {tmp_path} is not a study: it has no plan.json\n")


@pytest.mark.parametrize("missing", ["jinja2", "rliable.metrics"])
def test_a_missing_extra_is_named(genopt: Genopt, study: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    ended = genopt("report", str(study))
    assert (ended.code, ended.err) == (2, "genopt: reports need the extra: pip install 'genopt-gym[study]'\n")


def test_watching_rewrites_the_page_until_all_runs_are_done(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_path(study, "random-1") / "result.json"
    kept = result.read_bytes()
    result.unlink()
    seen: list[tuple[Summary, bool]] = []

    def look(summary: Summary) -> None:
        seen.append((summary, 'http-equiv="refresh"' in summary.page.read_text(encoding="utf-8")))

    monkeypatch.setattr("time.sleep", lambda seconds: write_atomically(result, kept))
    watch_report(study, None, look)
    assert [(summary.done, summary.left, refreshed) for summary, refreshed in seen] == [(3, 1, True), (4, 0, False)]
