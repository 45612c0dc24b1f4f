"""What holds for every view: Gymnasium's checker, specs that rebuild, vector environments, forks, bad input."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

from genopt_gym.testing.transcript import digest
from genopt_gym.wrappers import MenuEdits, NumbersReply, NumericEdits, PerturbedStarts, TextEdits

CARTPOLE = "GenOpt/Control-CartPole-v0"
PARAMETERS: dict[str, Any] = {"start": "modular/parametric", "validation_size": 2, "credit_horizon": 5}

View = Any  # one of the classes below, whose observations and actions have different types
each_view = pytest.mark.parametrize("view", [NumericEdits, MenuEdits, NumbersReply, TextEdits, PerturbedStarts])
each_vector_view = pytest.mark.parametrize("view", [NumericEdits, MenuEdits])


def make(**parameters: Any) -> gym.Env[Any, Any]:
    return gym.make(CARTPOLE, **{**PARAMETERS, **parameters})


def play(env: gym.Env[Any, Any]) -> list[str]:
    """A run of three sampled actions, as digests."""
    env.action_space.seed(0)
    return [digest(env.reset(seed=3)), *(digest(env.step(env.action_space.sample())) for _ in range(3))]


@each_view
def test_gymnasiums_checker_says_only_that_it_is_wrapped(view: View) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env(view(make()), skip_render_check=True)
    assert all("different from the unwrapped version" in str(warning.message) for warning in caught)


@each_vector_view
def test_stable_baselines_checker_says_nothing(view: View) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checker.check_env(view(make()))


@pytest.mark.parametrize(
    ("view", "arguments"),
    [
        (NumericEdits, {"step": 0.1}),
        (MenuEdits, {"step": 0.1}),
        (NumbersReply, {}),
        (TextEdits, {}),
        (PerturbedStarts, {"spread": 0.2}),
    ],
)
def test_its_spec_rebuilds_it(view: Any, arguments: dict[str, float]) -> None:
    env = view(make(), **arguments)
    assert env.spec is not None
    before = play(env)
    for spec in (env.spec, EnvSpec.from_json(env.spec.to_json())):
        twin = gym.make(spec)
        assert isinstance(twin, view)
        assert play(twin) == before


@each_view
def test_a_pickled_or_copied_one_goes_on_alike(view: View) -> None:
    env = view(make())
    play(env)
    twins = [env, copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    action = env.action_space.sample()
    assert len({digest(twin.step(action)) for twin in twins}) == 1


@each_vector_view
def test_in_a_vector_environment(view: View) -> None:
    vector: Any = gym.make_vec(CARTPOLE, 2, vectorization_mode="sync", wrappers=[view], **PARAMETERS)
    first, _ = vector.reset(seed=[3, 4])
    alone, _ = view(make()).reset(seed=3)
    assert np.array_equal(first[0], alone)
    second, *_ = vector.step(vector.action_space.sample())
    assert second.shape == first.shape
    vector.close()


@each_vector_view
def test_observation_tells_numbers_scores_and_edits_left(view: View) -> None:
    env = view(make(max_episode_steps=4))
    core: Any = env.unwrapped
    observation, _ = env.reset(seed=0)
    assert observation[:5].tolist() == pytest.approx([0.5, 0.5, 1.0, 0.2, 0.1])
    normalised = core.task.metric.normalise(core.last.score)
    assert observation[-3:].tolist() == pytest.approx([normalised, normalised, 1.0])
    left = [float(env.step(env.action_space.sample())[0][-1]) for _ in range(4)]
    assert left == [0.75, 0.5, 0.25, 0.0]


@each_vector_view
def test_numbers_out_of_sight_are_shown_at_the_bound(view: View) -> None:
    env = view(make())
    far = {"select_action": "def select_action(obs, lean):\n    return int(lean > -1e300)\n"}
    observation, _ = env.reset(seed=0, options={"artifact": far})
    assert observation[4] == -10
    assert observation in env.observation_space


@each_vector_view
def test_run_without_an_end_has_all_edits_left(view: View) -> None:
    env = view(make().unwrapped)
    env.reset(seed=0)
    assert env.step(env.action_space.sample())[0][-1] == 1


@each_vector_view
def test_other_numbers_at_reset_are_edited_from_there(view: View) -> None:
    env = view(make())
    other = {"select_action": "def select_action(obs, lean):  # mine\n    return int(lean > 2.5)\n"}
    observation, _ = env.reset(seed=0, options={"artifact": other})
    assert observation[4] == 2.5
    env.step(env.action_space.sample())
    core: Any = env.unwrapped
    assert "# mine" in core.artifact.texts["select_action"]


@each_vector_view
def test_artifact_with_other_slots_is_refused(view: View) -> None:
    text = "def select_action(obs, lean):\n    return int(lean > 2.5 - 1)\n"
    with pytest.raises(ValueError, match=r"select_action has 1 numbers and . comparisons.*this text of it has 2"):
        view(make()).reset(options={"artifact": {"select_action": text}})


@each_vector_view
@pytest.mark.parametrize("step", [0, -1, float("inf"), True, "1"])
def test_step_is_a_size(view: View, step: Any) -> None:
    with pytest.raises(ValueError, match="step must be a number above 0"):
        view(make(), step=step)


@each_view
def test_environment_without_edits_is_refused(view: View) -> None:
    with pytest.raises(ValueError, match="whose actions are edits of an artifact"):
        view(gym.make("CartPole-v1"))
    with pytest.raises(ValueError, match="whose actions are edits of an artifact"):
        view(TextEdits(make()))


@each_vector_view
def test_artifact_with_nothing_to_move_is_refused(view: View) -> None:
    env = make(start="modular/naive", editable=["estimate_lean"])
    with pytest.raises(ValueError, match=r"in estimate_lean; make the environment with a start that has some"):
        view(env)
