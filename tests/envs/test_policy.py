"""A policy for any Gymnasium environment: what it is told and scored by, and which environments cannot be served."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.core.literals import find_literals, replace_literals
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.control.cart_pole import CartPole
from genopt_gym.envs.policy import MAX_WEIGHTS, AnyPolicy
from genopt_gym.evaluation import Evaluation, Evaluator
from tests.helpers.driving import drive

THEIRS = "tests.helpers.inners:Inner/{}-v0"
SERVED = ["CartPole-v1", "Pendulum-v1", "FrozenLake-v1", *(THEIRS.format(name) for name in ("Arm", "FromOne"))]


def play(inner: str, start: str, edit: dict[str, str] | None = None) -> Evaluation:
    evaluator = Evaluator(TaskSpec("genopt_gym.envs.policy:AnyPolicy", {"inner": inner, "train_size": 2}))
    artifact = evaluator.task.starting_artifact(start).edited(edit or {})
    return evaluator.evaluate(artifact, "train")


@pytest.mark.parametrize("inner", SERVED)
def test_every_start_plays(inner: str) -> None:
    for start in AnyPolicy(inner=inner).starts():
        assert play(inner, start).failure is None, start


def test_cart_pole_is_what_its_own_task_says() -> None:
    task, own = AnyPolicy(), CartPole()
    assert (task.inner, task.metric, task.max_inner_steps) == (own.inner, own.metric, own.max_inner_steps)
    assert own.goal in task.goal
    contract = task.starting_artifact("modular/naive").components[1].documentation
    for name, meaning in own.fields.items():
        assert f"- {name}: {meaning}" in contract
    assert own.action in contract


def test_its_observations_have_names() -> None:
    edit = {"policy": "def policy(obs):\n    return int(obs['pole_angle'] + obs['pole_velocity'] > 0)\n"}
    assert play("CartPole-v1", "one_function/stub", edit).score > play("CartPole-v1", "one_function/stub").score


def test_observations_without_names_are_a_flat_list() -> None:
    edit = {"policy": "def policy(obs):\n    assert type(obs) is list and len(obs) == 4\n    return [0, 0.1]\n"}
    assert play(THEIRS.format("Arm"), "one_function/stub", edit).failure is None


def test_the_linear_policy_is_its_numbers_and_within_the_bounds() -> None:
    inner = THEIRS.format("Arm")
    text = AnyPolicy(inner=inner).starting_artifact("modular/parametric").texts["estimate"]
    assert [literal.value for literal in find_literals(text)] == [0.0] * 10
    low, middle, high = (
        play(inner, "modular/parametric", {"estimate": replace_literals(text, [bias, 0, 0, 0, 0] * 2)})
        for bias in (-9, 0.4, 9)
    )
    assert all(evaluation.failure is None for evaluation in (low, middle, high))
    assert low.score == pytest.approx(0)
    assert middle.score == pytest.approx(-4 * (1.4 + 0.3))
    assert high.score == pytest.approx(-4 * (2 + 0.6))


def test_nothing_but_the_weights_can_be_tuned() -> None:
    for inner in SERVED:
        texts = AnyPolicy(inner=inner).starting_artifact("modular/parametric").texts
        assert find_literals(texts["select_action"]) == []


@pytest.mark.parametrize(
    ("inner", "floor", "reference", "solved", "steps"),
    [
        ("MountainCarContinuous-v0", 90 - 999, 90, 90, 999),
        (THEIRS.format("Goal"), -2.5 - 4, -2.5, -2.5, 4),
        (THEIRS.format("Arm"), -4000, 4000, None, 4),
        (THEIRS.format("Endless"), -1e6, 1e6, None, 1000),
    ],
)
def test_the_spec_makes_the_metric(
    inner: str, floor: float, reference: float, solved: float | None, steps: int
) -> None:
    task = AnyPolicy(inner=inner)
    assert (task.metric.floor, task.metric.reference, task.metric.solved) == (floor, reference, solved)
    assert task.max_inner_steps == steps


def test_rewards_are_cut_to_the_bounds() -> None:
    task = AnyPolicy(inner=THEIRS.format("Rich"))
    assert play(task.inner, "one_function/stub").score == task.metric.high == 4000


@pytest.mark.slow
def test_search_improves_the_default() -> None:
    env = drive("cma-es", 40, "GenOpt/Policy-Any-v0", start="modular/parametric", validation_size=8)
    assert env.best[1] > 3 * env.validation_score(env.first)


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("CartPol-v1", "did you mean CartPole-v1"),
        ("nothing like it", "pprint_registry"),
        ("", "no environment of Gymnasium"),
        (3, "must be the id"),
        ("no_such_module:Some-v0", "no_such_module cannot be imported"),
        ("GenOpt/Control-CartPole-v0", "itself a learning loop"),
        ("tests.helpers.toys:Toy/Guess-v0", "itself a learning loop"),
        ("Blackjack-v1", "observes Tuple"),
        (THEIRS.format("Named"), "observes Dict"),
        (THEIRS.format("Image"), f"{MAX_WEIGHTS:,} are the most"),
        (THEIRS.format("Many"), "acted on by MultiDiscrete"),
        (THEIRS.format("Unbounded"), "acted on by Box"),
        (THEIRS.format("Whole"), "acted on by Box"),
        (THEIRS.format("Grid"), "acted on by Box"),
        (THEIRS.format("Broken"), "cannot be made: no licence"),
    ],
)
def test_an_inner_environment_that_cannot_be_served_is_told_so(inner: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        gym.make("GenOpt/Policy-Any-v0", inner=inner)
    assert repr(inner) in str(caught.value)
    assert "\n" not in str(caught.value)
