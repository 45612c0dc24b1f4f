"""The best artifacts by validation are run again on fresh instances, and the best there is tested."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import gymnasium as gym
import pytest

import genopt_gym
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.errors import UserError
from genopt_gym.core.metric import Metric
from genopt_gym.core.task import CONFIRMATION
from genopt_gym.making import optimization_env
from genopt_gym.runs.config import Config
from genopt_gym.runs.confirmation import choose
from genopt_gym.runs.loop import start_run
from genopt_gym.selection import Candidate, Ranking
from genopt_gym.study.verify import verify_run
from tests.helpers.watching import Watching

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL: dict[str, Any] = {"start": "modular/parametric", "validation_size": 4, "test_size": 4}
POINTS = Metric("points", low=0, high=3, floor=0, reference=1, solved=None)

gym.register(
    "Toy/NoisyGuess-v0",
    entry_point="genopt_gym.env:OptimizationEnv",
    max_episode_steps=9,
    kwargs={"task": "tests.helpers.toys:NoisyGuess"},
)

# Four artifacts are worth 0, 0, 0 and 1; a look at one shows its worth plus 0, 1 or 2, with equal chance.
WORTH = (0, 0, 0, 1)
NOISE = (0, 1, 2)


def artifact(number: int) -> Artifact:
    start = optimization_env(gym.make("Toy/NoisyGuess-v0")).start
    # One program for each number, worth what WORTH says: the toy rounds what it returns.
    value = WORTH[number] - 0.1 * (WORTH[number] > 0) + 0.01 * number
    return start.edited({"guess": f"def guess(question):\n    return {value}\n"})


def shown(number: int, noise: Sequence[int]) -> int:
    return WORTH[number] + noise[number]


def expected(confirm: int) -> float:
    """The mean worth of what is selected, over all that can be seen; of equals the earlier is taken."""
    found = []
    for noise in product(NOISE, repeat=4):
        order = sorted(range(4), key=lambda i: -(WORTH[i] + noise[i]))[: max(confirm, 1)]
        looks = product(NOISE, repeat=4) if confirm else [(0, 0, 0, 0)]
        found += [fmean(WORTH[max(order, key=lambda i: shown(i, again) if confirm else 0)] for again in looks)]
    return fmean(found)


def test_what_theory_says_of_the_made_up_case() -> None:
    """The good one is found when it shows 3, or 2 and no other does, or 1 and no other does."""
    assert expected(0) == pytest.approx(1 / 3 + 1 / 3 * (2 / 3) ** 3 + 1 / 3 * (1 / 3) ** 3)
    assert expected(0) < expected(2) < expected(3)


@pytest.mark.parametrize("confirm", [0, 2, 3])
def test_over_all_noise_there_can_be_the_selected_is_worth_what_theory_says(confirm: int) -> None:
    programs = [artifact(number) for number in range(4)]
    places = {program.id: number for number, program in enumerate(programs)}
    assert len(places) == 4
    found = []
    for noise in product(NOISE, repeat=4):
        ranking = Ranking(POINTS, max(confirm, 1))
        for number, program in enumerate(programs):
            ranking.add(Candidate(program, WORTH[number] + noise[number], number))
        if not confirm:
            found.append(WORTH[ranking.candidates[0].step])
            continue
        for again in product(NOISE, repeat=4):

            def score(program: Artifact, again: tuple[int, ...] = again) -> float:
                return WORTH[places[program.id]] + again[places[program.id]]

            found.append(WORTH[choose(ranking.candidates, POINTS, score).best.step])
    assert fmean(found) == pytest.approx(expected(confirm))


@pytest.mark.slow
def test_in_runs_the_selected_is_worth_what_theory_says(tmp_path: Path) -> None:
    """100 runs that differ by their instances alone: means within four standard errors of the computed ones."""
    edits = [dict(artifact(number).texts) for number in (1, 2, 3)]
    for confirm in (0, 3):
        worth = []
        for seed in range(100):
            sizes = {"validation_size": 1, "test_size": 1, "train_size": 1, "split_seed": seed, "confirm": confirm}
            start_run(
                Config("Toy/NoisyGuess-v0", "scripted", 0, 3, sizes, {"edits": edits}), tmp_path / f"{confirm}-{seed}"
            )
            worth.append(
                float(json.loads((tmp_path / f"{confirm}-{seed}" / "result.json").read_text())["best_step"] == 3)
            )
        mean = expected(confirm)
        assert abs(fmean(worth) - mean) < 4 * (mean * (1 - mean) / 100) ** 0.5


def test_a_result_tells_validation_confirmation_and_test_and_the_gaps(tmp_path: Path) -> None:
    start_run(Config(CARTPOLE, "hill-climbing", 0, 4, SMALL), tmp_path / "run")
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert len(result["confirmed"]) == 3
    assert result["confirmation_trials"] == 3 * 4
    chosen = max(result["confirmed"], key=lambda each: each["confirmation_score"])
    assert (result["best"], result["best_step"]) == (chosen["artifact"], chosen["step"])
    scores = [result[name] for name in ("validation_score", "confirmation_score", "test_score")]
    assert scores[:2] == [chosen["validation_score"], chosen["confirmation_score"]]
    run = genopt_gym.load_run(tmp_path / "run")
    assert [run.best.validation, run.best.confirmation, run.best.test] == scores
    validation, confirmation, test = map(run.metric.normalise, scores)
    assert result["gaps"] == pytest.approx({"validation": validation - test, "confirmation": confirmation - test})


def test_stored_confirmation_scores_are_verified(tmp_path: Path) -> None:
    start_run(Config(CARTPOLE, "hill-climbing", 0, 4, SMALL), tmp_path / "run")
    assert verify_run(tmp_path / "run").holds
    path = tmp_path / "run" / "result.json"
    result = json.loads(path.read_text())
    result["confirmed"][-1]["confirmation_score"] += 1
    path.write_text(json.dumps(result))
    [(claim, _)] = verify_run(tmp_path / "run").changed
    assert (claim.where, claim.split) == ("result.json, confirmed", CONFIRMATION)


def test_what_confirming_needs_is_kept_from_the_start(tmp_path: Path) -> None:
    """40 trials bear eight evaluations of 1 + 4; confirming two artifacts keeps 8 of them, which leaves six."""
    seen: list[int] = []
    parameters = {**SMALL, "budget": {"trials": 40}, "confirm": 2}
    start_run(
        Config(CARTPOLE, "random", 0, 20, parameters),
        tmp_path / "run",
        [Watching(lambda step: seen.append(step.total_trials))],
    )
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["ended_by"] == "budget of trials"
    assert max(seen) + result["confirmation_trials"] <= 40
    assert max(seen) + 5 > 32
    assert len(result["confirmed"]) == 2


def test_unless_asked_for_confirming_takes_at_most_a_fifth_of_a_budget() -> None:
    def confirmed(**parameters: Any) -> int:
        return optimization_env(gym.make(CARTPOLE, **SMALL, **parameters)).confirm

    assert confirmed() == 3
    assert [confirmed(budget={"trials": trials}) for trials in (60, 59, 40, 20, 19)] == [3, 2, 2, 1, 0]
    assert confirmed(budget={"trials": 59}, confirm=3) == 3
    assert confirmed(protocol="paper") == 0
    assert confirmed(protocol="paper", confirm=2) == 2


def test_what_cannot_be_confirmed_is_refused_in_a_sentence() -> None:
    def refused(id: str, **parameters: Any) -> str:
        with pytest.raises(UserError) as error:
            Config(id, "random", parameters=parameters).make()
        return str(error.value)

    words = refused(CARTPOLE, **SMALL, confirm=10, budget={"trials": 44})
    assert words == (
        "confirm=10 keeps 40 trials of the budget, and the 44 there are do not reach for that and one evaluation: "
        "confirm less, or allow more"
    )
    assert "Friedman has no fresh instances" in refused("GenOpt/Tabular-Friedman-v0", confirm=1)
    assert refused(CARTPOLE, confirm=-1) == "confirm must be a whole number from 0, got -1"


def test_no_agent_meets_a_confirmation_instance(tmp_path: Path) -> None:
    """Neither its evaluator nor the steps of a run hold one; all of them lie apart from every other split."""
    env = optimization_env(gym.make(CARTPOLE, **SMALL))
    splits = ("train", "validation", CONFIRMATION, "test")
    seeds = {split: {env.task.seed(instance) for instance in env.task.instances(split)} for split in splits}
    assert len(set().union(*seeds.values())) == sum(map(len, seeds.values()))
    with pytest.raises(ValueError, match="the confirmation split is hidden"):
        env.evaluator.evaluate(env.start, CONFIRMATION)
    start_run(Config(CARTPOLE, "hill-climbing", 0, 3, SMALL), tmp_path / "run")
    stored = [json.loads(line) for line in (tmp_path / "run" / "steps.jsonl").read_text().splitlines()]
    instances = [trial["instance"] for row in stored for trial in row["trials"]]
    assert instances
    assert all(instance.startswith("train/") for instance in instances)
