"""Trials of open problems: every result is verified, the best counts, and what is wrong becomes evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from genopt_gym.core.evidence import Trial, View
from genopt_gym.core.task import TaskSpec
from genopt_gym.env import OptimizationEnv
from genopt_gym.envs.discovery.problem import BEYOND
from genopt_gym.evaluation import Evaluator
from genopt_gym.registration import TABLE
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run

CIRCLES = "genopt_gym.envs.discovery.circles:CirclePacking26"
OVERLAP = "genopt_gym.envs.discovery.overlap:ErdosMinimumOverlap"
CAPS = "genopt_gym.envs.discovery.cap_set:CapSet8"
IDS = [row.id for row in TABLE if row.id.startswith("GenOpt/Discovery-")]

WORSE_AND_BETTER = """\
def improve(solution, step):
    heights = [0.5] * 8
    change = {1: 0.5, 2: -0.25, 3: 0.75, 4: 0.125}[step]  # the third leaves the interval from 0 to 1
    heights[0] += change
    heights[1] -= change
    return heights
"""


def trial(
    task: str, texts: dict[str, str], view: View | None = None, start: str = "modular/stub", **more: Any
) -> Trial:
    """A train trial of the start with these texts."""
    evaluator = Evaluator(TaskSpec(task, more))
    artifact = evaluator.task.starting_artifact(start).edited(texts)
    return evaluator.evaluate(artifact, evaluator.task.instances("train")[:1], view or View(None)).trials[0]


def make(id: str, **more: Any) -> OptimizationEnv:
    env = gym.make(id, **more).unwrapped
    assert isinstance(env, OptimizationEnv)
    return env


def words(event: Any) -> str:
    [call] = event.calls
    return f"{call.result}"


def test_the_best_of_all_results_counts_and_a_refused_one_costs_its_call() -> None:
    played = trial(OVERLAP, {"improve": WORSE_AND_BETTER}, improve_calls=4)
    assert played.failure is None
    assert played.steps == 5
    scores = [event.action for event in played.events]
    assert scores[3] is None
    assert played.score == min(score for score in scores if score is not None)
    assert words(played.events[3]).startswith("refused: height 1 is -0.25, which is negative")
    assert played.metrics["refused_results"] == 1
    assert sum(event.reward for event in played.events) == pytest.approx(played.score)


def test_improve_gets_the_last_valid_result_as_it_was_returned() -> None:
    text = """\
def improve(solution, step):
    assert solution == [0.5] * step, solution
    if step == 2:
        return None
    return [0.5] * (step + 1) if step != 3 else [0.5] * 4
"""
    told = trial(OVERLAP, {"improve": text}, improve_calls=3)
    assert told.failure is not None  # at step 3 the last valid result is that of step 1
    assert told.failure.message == "[0.5, 0.5]"
    assert words(told.events[2]).startswith("refused: the solution is None")


def test_an_exception_costs_the_trial_and_stays_as_evidence() -> None:
    text = "def improve(solution, step):\n    return [1 / (2 - step), 1 - 1 / (2 - step)] if step < 3 else solution\n"
    failed = trial(OVERLAP, {"improve": text}, improve_calls=4)
    assert failed.failure is not None
    assert (failed.failure.outcome, failed.failure.type) == ("runtime_error", "ZeroDivisionError")
    assert failed.score == 1
    assert len(failed.events) == 3


def test_a_first_result_that_is_refused_costs_the_trial() -> None:
    for start, name in (("modular/stub", "start"), ("one_function/stub", "construct")):
        failed = trial(CIRCLES, {name: f"def {name}(seed):\n    return [[0.5, 0.5, 0.6]] * 26\n"}, start=start)
        assert failed.failure is not None
        assert failed.failure.outcome == "contract_broken"
        assert failed.failure.component == name
        assert failed.failure.message == "circle 0 crosses the left side by 0.1"
        assert failed.score == 0


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ("None", "the solution is None"),
        ("'circles'", "the solution is 'circles'"),
        ("{'x': 1}", "the solution is of type dict"),
        ("[[0.5, 0.5, float('nan')]] * 26", "which is not finite"),
        ("[[0.5, 0.5, 1e-310]] * 26", "a subnormal number"),
        ("[['a', 'b', 'c']] * 26", "'a', which is no real number"),
        ("[[0.5, 0.5]] * 26", "circle 0 has 2 numbers"),
        ("[[0.5, 0.5, 0.0]] * 100_000", "there are 100,000 circles"),
        ("__import__('numpy').zeros((26, 3, 3))", "no real number"),
        ("__import__('numpy').zeros((26, 3), complex)", "not plain data"),
        ("__import__('numpy').zeros((26, 3), object)", "which is no real number"),
        ("[[0.5, 0.5, 1j]] * 26", "not plain data"),
        ("lambda: 1", "not plain data"),
        ("[0.5] * 1_000_000", "at most 4,194,304 are allowed"),
        ("b'x' * 100_000_000", "at most 4,194,304 are allowed"),
    ],
)
def test_answers_that_are_none_are_scored_and_told_in_a_sentence(returned: str, told: str) -> None:
    failed = trial(CIRCLES, {"construct": f"def construct(seed):\n    return {returned}\n"}, start="one_function/stub")
    if returned.endswith("object)"):
        assert failed.failure is None or told in failed.failure.message
        return
    assert failed.failure is not None
    assert failed.failure.outcome == "contract_broken"
    assert told in failed.failure.message
    assert "\n" not in failed.failure.message
    assert failed.score == 0


def test_arrays_are_as_good_as_lists() -> None:
    text = "def construct(seed):\n    import numpy as np\n    return np.full((26, 3), [0.5, 0.5, 0.0])\n"
    assert trial(CIRCLES, {"construct": text}, start="one_function/stub").failure is None


def test_scipy_is_there_and_threads_are_not() -> None:
    pytest.importorskip("scipy")
    text = (
        "def start(seed):\n    from scipy.optimize import minimize\n    return [round(minimize(abs, 0.4).x[0]) + 0.5]\n"
    )
    assert trial(OVERLAP, {"start": text}).failure is None
    text = "def start(seed):\n    import threading\n    threading.Thread(target=print).start()\n    return [0.5]\n"
    failed = trial(OVERLAP, {"start": text})
    assert failed.failure is not None
    assert failed.failure.outcome == "forbidden"


def test_a_window_at_the_beginning_ends_the_trial_there() -> None:
    cut = trial(OVERLAP, {"improve": WORSE_AND_BETTER}, View(2), improve_calls=4)
    assert cut.steps == len(cut.events) == 2
    assert not cut.ended
    assert cut.window_score == cut.score == min(event.action for event in cut.events)


def test_a_trial_goes_on_where_its_window_ended() -> None:
    text = "def improve(solution, step):\n    return [0.5] * (step + 1)\n"
    env = make(
        "GenOpt/Discovery-ErdosMinimumOverlap-v0", start="modular/stub", credit_horizon=2, trial_start="continue"
    )
    env.reset(seed=0)
    _, *_, first = env.step({"improve": text})
    _, *_, second = env.step({})
    steps = [[event["step"] for trial in info["trials"] for event in trial["events"]] for info in (first, second)]
    assert steps[1] == [2 + step for step in steps[0]] or steps == [[2, 3], [4, 5]]
    assert [len(solution) for solution in second["trials"][0]["actions"]] == [1, 1, 3, 4, 5, 6][: len(steps[0]) * 3]


def test_a_score_beyond_the_record_is_flagged_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    product = "def start(seed):\n    from itertools import product\n    return list(product((0, 1), repeat=8))\n"
    env = make(
        "GenOpt/Discovery-CapSet8-v0", start="modular/stub", feedback=["score", "staged", "metrics"], improve_calls=0
    )
    env.reset(seed=0)
    observation, _, terminated, truncated, info = env.step({"start": product})
    assert BEYOND not in observation["feedback"]
    assert "The best value known before language models searched is 496; this is 256." in observation["feedback"]
    assert not env.task.metric.is_beyond_record(512)
    assert env.task.metric.is_beyond_record(513)
    assert BEYOND in env.task.staged(513)
    assert (terminated, truncated) == (False, False)
    assert info["trials"][0]["score"] == 256


def test_both_structures_construct_the_same() -> None:
    for id in ("GenOpt/Discovery-CirclePacking26-v0", "GenOpt/Discovery-MinMaxDistance3D14-v0"):
        scores = []
        for structure in ("modular", "one_function"):
            observation, _ = make(id, start=f"{structure}/working").reset(seed=0)
            scores.append(observation["score"][0])
        assert scores[0] == scores[1]


def test_contracts_tell_the_limits_and_what_is_verified() -> None:
    env = make("GenOpt/Discovery-CirclePacking26-v0", call_seconds=3, memory_mb=512, improve_calls=7)
    assert "A call of the workflow may take 3 seconds" in env.context
    assert "512 MB" in env.context
    assert "step counts from 1 to 7" in env.context
    assert "checked without tolerance" in env.context
    assert env.task.limits.call_seconds == 3


@pytest.mark.parametrize(
    "wrong", [{"improve_calls": -1}, {"improve_calls": 2.0}, {"call_seconds": 0}, {"memory_mb": True}]
)
def test_bad_settings_are_told_in_a_sentence(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        make("GenOpt/Discovery-CapSet8-v0", **wrong)


def test_the_solution_comes_back_with_the_trial_and_is_drawn() -> None:
    env = gym.make(
        "GenOpt/Discovery-CirclePacking26-v0", start="modular/naive", improve_calls=1, render_mode="rgb_array"
    )
    _, info = env.reset(seed=0)
    [solution] = info["trials"][0]["actions"]
    assert len(solution) == 26
    picture: Any = env.render()
    assert picture.dtype == np.uint8
    plain = gym.make(
        "GenOpt/Discovery-CirclePacking26-v0", start="modular/stub", improve_calls=1, render_mode="rgb_array"
    )
    plain.reset(seed=0)
    other: Any = plain.render()
    assert not np.array_equal(picture, other)


def test_a_run_leaves_a_picture_of_its_best_solution(tmp_path: Path) -> None:
    config = Config(
        id="GenOpt/Discovery-CirclePacking26-v0",
        agent="hill-climbing",
        parameters={"start": "modular/parametric", "improve_calls": 0, "editable": ["start"]},
        edits=3,
    )
    result = start_run(config, tmp_path / "run")
    assert result.ended_by == "updates"
    assert (tmp_path / "run" / "best.png").read_bytes().startswith(b"\x89PNG")
