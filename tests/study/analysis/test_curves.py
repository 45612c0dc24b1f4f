"""Learning curves are means over the same runs at every point, whatever is spent; and the paper's lie behind them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.task import Metric
from genopt_gym.study.analysis.curves import axes_used, curve, time_to_best
from genopt_gym.study.records import RunRecord
from genopt_gym.study.reporting.paper import read_paper
from tests.helpers.made_up_study import TASKS, made, planned, unfinished

DATA = os.environ.get("GENOPT_TEST_DATA")
HEAD = "Game,Step,Mean,SE,Num_Trials,Mean_Wall_Clock_Time,Cumulative_Wall_Clock_Time\n"


def arm(seeds: int = 3, tokens: int = 0, tasks: int = 1) -> list[RunRecord]:
    """Runs of one arm: after edit e of 10, seed s has (10 + s) * e points of 50."""
    runs = planned(TASKS[:tasks], {}, controls=(), seeds=seeds).runs
    return [made(run, 100.0 + 10 * run.seed, tokens_per_edit=tokens) for run in runs]


def test_a_point_is_the_mean_over_seeds_of_the_best_score_so_far() -> None:
    found = curve(arm(), "edits")
    assert found is not None
    assert found.x.tolist() == list(range(11))
    assert found.mean == pytest.approx(11 * np.arange(11) / 50)
    assert found.seeds == 3


def test_the_band_lies_around_the_mean_and_needs_three_seeds() -> None:
    found = curve(arm(5), "edits")
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert (found.low[1:] < found.mean[1:]).all()
    assert (found.high[1:] > found.mean[1:]).all()
    few = curve(arm(2), "edits")
    assert few is not None
    assert few.low is None


def test_over_trials_the_score_changes_where_an_edit_has_been_evaluated() -> None:
    # 4 trials at the reset and 8 an edit: after 11 trials no edit is evaluated, after 12 one is.
    found = curve(arm(1), "trials")
    assert found is not None
    assert (found.x[0], found.x[-1]) == (4, 84)
    assert found.mean[found.x < 12].max() == 0
    assert found.mean[found.x >= 12].min() == pytest.approx(10 / 50)
    assert found.mean[-1] == pytest.approx(100 / 50)


def test_several_tasks_have_equal_weight() -> None:
    runs = arm(seeds=3, tasks=2)
    lopsided = [run for run in runs if run.run.config.id == TASKS[0] or run.run.seed == 0]
    found = curve(lopsided, "edits")
    assert found is not None
    assert found.mean[-1] == pytest.approx((110 + 100) / 2 / 50)
    assert found.seeds == 1


def test_an_unfinished_run_ends_the_curve_and_a_finished_one_keeps_its_score() -> None:
    runs = arm()
    early = replace(unfinished(runs[0], 4), state="done")
    cut = curve([unfinished(runs[0], 4), *runs[1:]], "edits")
    kept = curve([early, *runs[1:]], "edits")
    assert cut is not None
    assert kept is not None
    assert cut.x[-1] == 4
    assert kept.x[-1] == 10
    assert kept.mean[-1] == pytest.approx((40 + 110 + 120) / 3 / 50)


def test_failed_damaged_and_planned_runs_have_no_curve() -> None:
    runs = arm()
    assert curve([replace(run, state="failed") for run in runs], "edits") is None
    nothing = unfinished(runs[0], -1)
    assert curve([replace(nothing, state="damaged")], "edits") is None
    assert curve([nothing], "edits") is None


def test_without_a_price_there_is_no_curve_over_money() -> None:
    runs = arm(tokens=100)
    assert axes_used(runs) == ["edits", "trials", "tokens", "money"]
    steps = replace(runs[0].steps, money=np.full(11, np.nan))
    assert curve([replace(runs[0], steps=steps), *runs[1:]], "money") is None
    assert curve(runs, "money") is not None


def test_without_a_model_there_are_no_tokens() -> None:
    assert axes_used(arm()) == ["edits", "trials"]


def test_an_artifact_that_cannot_be_run_counts_as_the_worst() -> None:
    run = arm(1)[0]
    best = run.steps.best_validation.copy()
    best[:3] = np.nan
    found = curve([replace(run, steps=replace(run.steps, best_validation=best))], "edits")
    assert found is not None
    assert found.mean[0] == pytest.approx(-10 / 50)


def test_where_less_is_better_the_curve_rises_all_the_same() -> None:
    run = arm(1)[0]
    metric = Metric("errors", low=100, high=0, floor=50, reference=10, solved=None, direction="minimize")
    steps = replace(run.steps, best_validation=np.linspace(50, 10, 11))
    found = curve([replace(run, metric=metric, steps=steps)], "edits")
    assert found is not None
    assert found.mean == pytest.approx(np.linspace(0, 1, 11))


def test_the_time_to_best_is_when_the_final_best_was_first_there() -> None:
    run = arm(1, tokens=100)[0]
    best = np.array([0, 1, 1, 5, 7, 7, 7, 7, 7, 7, 7], np.float64)
    found = time_to_best(replace(run, steps=replace(run.steps, best_validation=best)))
    assert found is not None
    assert (found.edits, found.trials, found.tokens, found.seconds) == (4, 36, 800, 6.0)
    flat = time_to_best(replace(run, steps=replace(run.steps, best_validation=np.zeros(11))))
    assert flat is not None
    assert flat.edits == 0
    assert time_to_best(unfinished(run, 5)) is None


def paper(tmp_path: Path, rows: str, head: str = HEAD) -> Path:
    path = tmp_path / "curves.csv"
    path.write_text(head + rows)
    return path


def test_a_curve_of_the_paper_is_cut_where_its_runs_end(tmp_path: Path) -> None:
    rows = "pong_horizon1,0,-20.5,1,5,9,9\npong_horizon1,1,-10,1,5,9,18\npong_horizon1,2,5.8,1,5,0,18\n"
    [found] = read_paper(paper(tmp_path, rows))["Atari-Pong-v0"]
    assert found.edits.tolist() == [0, 1]
    assert found.remarks == "cut after update 1, where its runs end"
    mean, low, high = found.normalised(Metric("points", -21, 21, floor=-20, reference=20, solved=None))
    assert mean.tolist() == [-0.0125, 0.25]
    assert high - low == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("head", "rows", "words"),
    [
        ("Game,Step\n", "pong,0\n", "it lacks Mean, Mean_Wall_Clock_Time, Num_Trials, SE"),
        (HEAD, "pong,0,high,1,5,9,9\n", "could not convert string to float: 'high'"),
        (HEAD, "pong,0\n", "cannot be read"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, head: str, rows: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_paper(paper(tmp_path, rows, head))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_paper(tmp_path / "none.csv")


@pytest.mark.skipif(DATA is None, reason="GENOPT_TEST_DATA is not set")
def test_the_released_curves_are_cut_at_their_known_faults() -> None:
    found = {
        one.name: one
        for curves in read_paper(Path(str(DATA), "paper/atari_learning_curves.csv")).values()
        for one in curves
    }
    assert len(found) == 16
    for game in ("pong", "breakout", "space_invaders"):
        assert found[f"{game}_horizon1"].edits[-1] == 9
    # 5.8, the file's last mean of Pong, is padding.
    assert found["pong_horizon1"].mean[-1] == pytest.approx(1.76)
    assert "learned program" in found["space_invaders"].remarks
    assert found["asterix_horizon100"].edits[-1] == 29
