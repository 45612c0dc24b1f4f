"""The two Kaggle tables: what their starts score on the real data, and what room there is; made-up tables otherwise.

``pytest tests/envs/mlagentbench/test_kaggle.py -s`` prints the table.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from genopt_gym.core.task import TaskSpec, starts_of
from genopt_gym.envs.mlagentbench.house_price import HousePrice
from genopt_gym.envs.mlagentbench.spaceship_titanic import SpaceshipTitanic
from genopt_gym.evaluation import Evaluation, Evaluator
from tests.helpers import tables

pytestmark = pytest.mark.skipif(
    find_spec("sklearn") is None or find_spec("pandas") is None, reason="scikit-learn or pandas is not installed"
)

TEST_DATA = os.environ.get("GENOPT_TEST_DATA", "")
KAGGLE = Path(TEST_DATA) / "mlagentbench"
real = pytest.mark.skipif(
    not TEST_DATA or not KAGGLE.is_dir(), reason="GENOPT_TEST_DATA names no folder with mlagentbench/: no Kaggle tables"
)
ENTRIES = {
    "house-price": "genopt_gym.envs.mlagentbench.house_price:HousePrice",
    "spaceship-titanic": "genopt_gym.envs.mlagentbench.spaceship_titanic:SpaceshipTitanic",
}


def score(table: str, start: str, text: str | None = None, split: str = "test", **arguments: Any) -> Evaluation:
    folder = str(arguments.pop("folder", KAGGLE))
    evaluator = Evaluator(TaskSpec(ENTRIES[table], {"data_dir": folder, **arguments}), splits=("validation", "test"))
    artifact = evaluator.task.starting_artifact(start)
    return evaluator.evaluate(artifact.edited({"train_model": text}) if text else artifact, split)


def good(table: str) -> str:
    path = Path(__file__).with_name(f"good_{table.replace('-', '_')}.py")
    return path.read_text(encoding="utf-8").partition("ignore-errors\n\n")[2]


# --- the real tables


@real
@pytest.mark.parametrize(("table", "expected"), [("house-price", 0.152), ("spaceship-titanic", 0.72)])
@pytest.mark.parametrize("structure", ["one_function", "modular"])
def test_working_start_scores_what_the_handed_out_pipeline_does(table: str, expected: float, structure: str) -> None:
    assert score(table, f"{structure}/working").score == pytest.approx(expected, abs=0.02)


@real
def test_good_pipeline_written_from_the_contract_shows_the_room_there_is() -> None:
    rows: list[tuple[Any, ...]] = []
    for table in ENTRIES:
        scores = [score(table, start).score for start in ("modular/stub", "modular/parametric", "modular/working")]
        evaluation = score(table, "one_function/stub", good(table))
        assert evaluation.failure is None, evaluation.failure
        rows.append((table, *scores, evaluation.score))
    print(f"\n{'test, split_seed 0':<20}{'stub':>9}{'parametric':>12}{'working':>9}{'good':>9}")
    for name, stub, parametric, working, best in rows:
        print(f"{name:<20}{stub:>9.4f}{parametric:>12.4f}{working:>9.4f}{best:>9.4f}")
    house, spaceship = rows
    assert house[-1] <= 0.135
    assert spaceship[-1] >= 0.79


@real
def test_percentile_on_the_leaderboard() -> None:
    leaderboard = str(KAGGLE / "spaceship-titanic" / "public_leaderboard.csv")
    metrics = [
        score("spaceship-titanic", start, leaderboard=leaderboard).trials[0].metrics
        for start in ("modular/stub", "modular/working")
    ]
    assert 0 < metrics[0]["Kaggle percentile"] < metrics[1]["Kaggle percentile"] < 20


# --- made-up tables


@pytest.mark.parametrize("table", ENTRIES)
def test_every_start_runs_on_a_made_up_table(table: str) -> None:
    for start in starts_of(TaskSpec(ENTRIES[table], {}).load().structures):
        evaluation = score(table, start, folder=tables.folder())
        assert evaluation.failure is None, f"{start}: {evaluation.failure}"


@pytest.mark.parametrize("table", ENTRIES)
def test_good_pipeline_beats_the_stub_on_a_made_up_table(table: str) -> None:
    stub = score(table, "modular/stub", folder=tables.folder())
    best = score(table, "one_function/stub", good(table), folder=tables.folder())
    assert best.failure is None, best.failure
    metric = TaskSpec(ENTRIES[table], {}).load().metric
    assert metric.better(best.score, stub.score)


def test_metrics_of_house_prices() -> None:
    task = HousePrice(data_dir=str(tables.folder()))
    actual = np.array([100_000.0, 200_000.0, 300_000.0])
    error, metrics = task.grade(actual, actual * np.e)
    assert error == pytest.approx(1.0)
    assert metrics["mean absolute error"] == pytest.approx(200_000 * (np.e - 1))
    assert task.grade(actual, actual)[1]["r2"] == 1.0
    assert np.isfinite(task.grade(actual, np.array([-5.0, 0.0, 1e12]))[0])


def test_metrics_of_spaceship_titanic(tmp_path: Path) -> None:
    path = tmp_path / "leaderboard.csv"
    path.write_text("rank,score\n1,0.9\n2,0.6\n3,0.5\n4,0.1\n", encoding="utf-8")
    task = SpaceshipTitanic(data_dir=str(tables.folder()), leaderboard=str(path))
    actual = np.array([True, True, False, False])
    accuracy, metrics = task.grade(actual, np.array([True, False, True, False]))
    assert accuracy == 0.5
    assert metrics == {"F1": 0.5, "precision": 0.5, "recall": 0.5, "Kaggle percentile": 25.0}
    assert task.grade(actual, ~actual)[1]["F1"] == 0.0


def test_staged_feedback_goes_by_the_metrics_of_validation() -> None:
    env = gym.make("GenOpt/MLAgentBench-SpaceshipTitanic-v0", data_dir=str(tables.folder()))
    observation, _ = env.reset(seed=0)
    assert "the reference is 0.81" in observation["feedback"]
