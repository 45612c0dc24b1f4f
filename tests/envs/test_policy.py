"""A policy for any Gymnasium environment: what it is told and scored by, and which environments cannot be served."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.core.literals import find_literals, replace_literals
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.control.cart_pole import CartPole
from genopt_gym.envs.observations import MAX_BYTES
from genopt_gym.envs.policy import AnyPolicy
from genopt_gym.evaluation import Evaluation, Evaluator
from tests.helpers.driving import drive

THEIRS = "tests.helpers.inners:Inner/{}-v0"
TAXI = "Taxi-v4" if "Taxi-v4" in gym.registry else "Taxi-v3"
CLIFF = "CliffWalking-v1" if "CliffWalking-v1" in gym.registry else "CliffWalking-v0"
OURS = ("Arm", "FromOne", "Many", "Switches", "Named", "Nested", "Image")
SERVED = [
    *("CartPole-v1", "Pendulum-v1", "FrozenLake-v1", "Blackjack-v1", TAXI, CLIFF),
    *(THEIRS.format(name) for name in OURS),
]


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
        task = AnyPolicy(inner=inner)
        if "modular/parametric" not in task.starts():
            continue
        texts = task.starting_artifact("modular/parametric").texts
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


NESTED = {"image": [[[0, 1], [2, 3]]], "at": [2, 1], "on": [0, 1, 1], "pair": ["ab", 4], "inner": {"x": 0.5}}


def test_nested_observations_come_as_nested_data() -> None:
    edit = {"policy": f"def policy(obs):\n    assert obs == {NESTED}, obs\n    return 0\n"}
    assert play(THEIRS.format("Nested"), "one_function/stub", edit).failure is None


def test_or_with_arrays_in_it() -> None:
    text = """\
def policy(obs):
    assert (obs["image"].shape, str(obs["image"].dtype)) == ((1, 2, 2), "uint8")
    assert obs["pair"] == ["ab", 4] and obs["inner"]["x"].item() == 0.5
    return obs["image"].argmax() - 3
"""
    spec = TaskSpec("genopt_gym.envs.policy:AnyPolicy", {"inner": THEIRS.format("Nested"), "observation": "arrays"})
    evaluator = Evaluator(spec)
    artifact = evaluator.task.starting_artifact("one_function/stub").edited({"policy": text})
    assert evaluator.evaluate(artifact, evaluator.task.instances("train")[:2]).failure is None


def test_the_contract_tells_every_part() -> None:
    contract = AnyPolicy(inner=THEIRS.format("Nested")).starting_artifact("one_function/naive").components[0]
    for line in (
        "- obs['image'] is a list of 1 of lists of 2 of lists of 2 integers from 0 to 255",
        "- obs['at'] is a list of 2 integers from 1 to 3",
        "- obs['on'] is a list of 3 integers from 0 to 1",
        "- obs['pair'][0] is a text",
        "- obs['inner']['x'] is a float from 0 to 1",
        "State may be kept in global variables",
    ):
        assert line in contract.documentation


def test_a_linear_policy_sees_the_numbers_of_nested_observations() -> None:
    """Of Blackjack's three numbers the first is the sum of the cards; the policy draws another below 17."""
    edit = {"estimate": "def estimate(obs):\n    return [0, 17 - obs[0]]\n"}
    text = AnyPolicy(inner="Blackjack-v1").starting_artifact("modular/parametric").texts["estimate"]
    linear = {"estimate": replace_literals(text, [0, 0, 0, 0, 17, -1, 0, 0])}
    by_hand, by_weights = (play("Blackjack-v1", "modular/parametric", each) for each in (edit, linear))
    assert by_hand.failure is None
    assert by_hand.trials == by_weights.trials


def test_images_are_no_place_for_a_linear_policy() -> None:
    assert "modular/parametric" not in AnyPolicy(inner=THEIRS.format("Image")).starts()


@pytest.mark.parametrize(("inner", "action"), [("Many", [1, 4]), ("Switches", [1, 0, 1])])
def test_actions_of_several_integers(inner: str, action: list[int]) -> None:
    good, bad = (
        play(THEIRS.format(inner), "one_function/stub", {"policy": f"def policy(obs):\n    return {result}\n"})
        for result in (action, [9] * len(action))
    )
    assert good.failure is None
    assert bad.failure is not None
    assert bad.failure.outcome == "contract_broken"


@pytest.mark.parametrize("result", ["[0, 1]", "'left'", "2", "0.0", "None"])
def test_what_is_no_action_is_told(result: str) -> None:
    """One action at a time: a list of those to come is none."""
    failure = play("CartPole-v1", "one_function/stub", {"policy": f"def policy(obs):\n    return {result}\n"}).failure
    assert failure is not None
    assert failure.outcome == "contract_broken"
    assert f"the workflow returned {result}, but an action is an integer from 0 to 1" in failure.message


def test_a_policy_that_takes_more_than_a_second_for_a_step_is_stopped() -> None:
    text = "import time\ndef policy(obs):\n    time.sleep(3)\n    return 0\n"
    failure = play("CartPole-v1", "one_function/stub", {"policy": text}).failure
    assert failure is not None
    assert (failure.outcome, failure.message) == ("timeout", "one call took longer than the 1 s allowed")


def trace(inner: str) -> str:
    env = gym.make("GenOpt/Policy-Any-v0", inner=THEIRS.format(inner), validation_size=1, train_size=1)
    return str(env.reset(seed=0)[0]["trace"])


def test_rows_of_an_image_are_shown_once() -> None:
    assert trace("Nested").count("0 1 2 3") == 1


def test_large_images_are_summed_up() -> None:
    assert "84 x 84 x 3" in trace("Image")
    assert len(trace("Image")) < 3000


def test_an_observation_is_lists_or_arrays() -> None:
    with pytest.raises(ValueError, match="'lists', 'arrays' or None, got 'list'"):
        AnyPolicy(observation="list")


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
        (THEIRS.format("Graph"), "neither numbers nor texts"),
        (THEIRS.format("Huge"), f"{MAX_BYTES:,} are the most"),
        (THEIRS.format("Unseeded"), "no function of its seed"),
        (THEIRS.format("Failing"), "cannot be played: RuntimeError: out of order"),
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
