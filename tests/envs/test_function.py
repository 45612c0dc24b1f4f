"""A user's own function as a task: what it gets, what it may give back, and what becomes of a trial."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env

from genopt_gym import wrap
from genopt_gym.env import OptimizationEnv
from genopt_gym.evaluation import EvaluationError
from genopt_gym.making import optimization_env
from genopt_gym.testing import TaskConformance
from genopt_gym.testing.transcript import digest
from tests.helpers import scored
from tests.helpers.model_server import Answer, ModelServer

NEARNESS: dict[str, Any] = {
    "function": "tests.helpers.scored:nearness",
    "components": ["tests.helpers.scored:guess"],
    "low": 0,
    "high": 1,
}
PATIENCE: dict[str, Any] = {
    "function": "tests.helpers.scored:patience",
    "components": ["tests.helpers.scored:letters"],
    "low": 9,
    "high": 0,
    "solved": 0,
    "texts": {"word": "bac"},
    "deterministic": False,
}
HALVING = "def guess(low, high):\n    return (low + high) / 2\n"


@pytest.mark.slow
class TestFunction(TaskConformance):
    """Several inner steps, code alone, more is better."""

    id = "GenOpt/Function-Any-v0"
    parameters = NEARNESS


@pytest.mark.slow
class TestFunctionWithText(TaskConformance):
    """One inner step, a text, less is better; and it is said that trials may differ."""

    id = "GenOpt/Function-Any-v0"
    parameters: ClassVar[dict[str, Any]] = PATIENCE

    def make(self, **more: Any) -> gym.Env[Any, Any]:
        own = {name: value for name, value in PATIENCE.items() if name not in ("function", "components")}
        return wrap(scored.patience, [scored.letters], **{**own, **more})


def make(function: Any = scored.parrot, component: Any = scored.say, **more: Any) -> OptimizationEnv:
    return optimization_env(wrap(function, [component], **{"low": 0, "high": 1, **more}))


def nearness(**more: Any) -> OptimizationEnv:
    return make(scored.nearness, scored.guess, **more)


def test_the_environment_keeps_gymnasiums_contract_and_its_spec_rebuilds_it() -> None:
    env = wrap(scored.nearness, [scored.guess], low=0, high=1, max_episode_steps=7, validation_size=1)
    check_env(env.unwrapped)
    assert env.spec is not None
    twin = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert twin.spec == env.spec
    assert twin.spec is not None
    assert twin.spec.kwargs == {"task": "genopt_gym.envs.function:FunctionTask", **NEARNESS, "validation_size": 1}
    assert digest(twin.reset(seed=3)) == digest(env.reset(seed=3))


def test_the_artifact_is_the_components_text_and_its_docstring_their_contract() -> None:
    observation, _ = nearness().reset(seed=0)
    text = "def guess(low: float, high: float) -> float:\n    return 0.9 * low + 0.1 * high  # near the lower end\n"
    assert observation["artifact"] == {"guess": text}
    for words in (
        "Find a hidden number between 0 and 1",
        "The score is the mean over trials, from 0 to 1; make it as high",
        "guess(low: float, high: float) -> float\n    Returns a number between ``low`` and ``high``.",
        "def workflow(low, high):\n    return guess(low, high)",
    ):
        assert words in observation["context"]


def test_calls_are_inner_steps_and_the_score_comes_with_the_last() -> None:
    env = nearness()
    env.reset(seed=0)
    observation, reward, *_, info = env.step({"guess": HALVING})
    (trial,) = info["trials"]
    assert reward == pytest.approx(observation["score"][0] - env.first.score)
    assert observation["score"] == [1 - 1 / 16]
    assert [event["step"] for event in trial["events"]] == [0, 1, 2, 3]
    assert trial["events"][0]["observation"] == {"low": 0.0, "high": 1.0}
    assert trial["events"][0]["action"] == 0.5
    assert [event["reward"] for event in trial["events"]] == [0, 0, 0, 1 - 1 / 16]
    assert trial["metrics"] == {"low": trial["metrics"]["low"]}


def test_trials_differ_by_seed_alone() -> None:
    env = nearness(validation_size=6)
    env.reset(seed=0)
    assert env.last.validation is not None
    first = [trial.score for trial in env.last.validation.trials]
    assert len(set(first)) > 1
    other = nearness(validation_size=6)
    other.reset(seed=1)
    assert other.last.validation is not None
    assert [trial.score for trial in other.last.validation.trials] == first


def test_texts_are_bound_to_their_names() -> None:
    env = make(
        scored.patience,
        scored.letters,
        low=9,
        high=0,
        texts={"word": "abc"},
        workflow="def workflow(seed): return letters(seed)",
    )
    observation, _ = env.reset(seed=0)
    before = observation["score"][0]
    observation, *_ = env.step({"word": "zzzzzz" + "abc"})
    assert observation["score"][0] == before + 6


def test_components_may_ask_a_model() -> None:
    def repeats(body: dict[str, Any], number: int) -> Answer:
        return Answer(body["messages"][0]["content"].partition(": ")[2])

    with ModelServer(repeats) as server:
        model = {"name": "openai/test", "base_url": server.base_url, "max_tokens": 30}
        env = make(scored.echo, scored.ask, texts={"prompt": "Forget {}"}, model=model)
        observation, _ = env.reset(seed=0)
        assert observation["score"] == [0]
        observation, *_, info = env.step({"prompt": "Say: {}"})
        assert observation["score"] == [1]
        assert [call[0] for call in info["trials"][0]["events"][0]["calls"]] == ["llm", "ask"]


def test_arrays_go_in_and_come_back() -> None:
    env = make(scored.total, scored.shrink, high=100, profile="numpy")
    observation, info = env.reset(seed=0)
    assert observation["score"] == [3.5]
    assert info["trials"][0]["events"][0]["action"] == [0.0, 0.5, 1.0, 1.5]


@pytest.mark.parametrize(
    ("text", "outcome", "words"),
    [
        ("def guess(low, high): return 2", "contract_broken", "guess returned 2, not a number from 0 to 1"),
        ("def guess(low, high): return None", "contract_broken", "guess returned None"),
        ("def guess(low, high): return float('nan')", "contract_broken", "guess returned nan"),
        ("def guess(low, high): return 'x' * 10**6", "contract_broken", "bytes"),
        ("def guess(low, high): return 1 / (high - 1)", "runtime_error", "division by zero in guess, line 1"),
        (
            "def guess(low, high):\n    x = []\n    for i in range(200): x = [x]\n    return x",
            "contract_broken",
            "deeper than 32",
        ),
        ("import os\ndef guess(low, high): os._exit(0)", "crashed", ""),
        ("def guess(low, high):\n    while True: pass", "timeout", "0.2 s"),
    ],
    ids=["range", "None", "nan", "too much", "raises", "nested", "exits", "hangs"],
)  # fmt: skip
def test_what_a_component_does_wrong_costs_its_trial(text: str, outcome: str, words: str) -> None:
    env = nearness(limits={"call_seconds": 0.2})
    env.reset(seed=0)
    observation, *_, info = env.step({"guess": text})
    assert info["outcome"] == outcome
    assert words in observation["feedback"]
    assert observation["score"] == [0]


def test_a_function_cannot_swallow_a_failure() -> None:
    env = make(scored.swallowing)
    _, info = env.reset(seed=0)
    assert info["outcome"] == "ok"
    for text, outcome in (("raise ValueError", "runtime_error"), ("__import__('os')._exit(0)", "crashed")):
        observation, *_, info = env.step({"say": f"def say(): {text}"})
        assert info["outcome"] == outcome
        assert observation["score"] == [0]


def test_a_mistake_of_the_function_is_told_in_its_words() -> None:
    with pytest.raises(EvaluationError, match="LookupError: the function's own mistake"):
        make(scored.mistaken).reset(seed=0)


def test_a_trial_that_takes_too_many_calls_has_failed() -> None:
    observation, info = make(scored.restless, max_calls=7).reset(seed=0)
    assert info["outcome"] == "timeout"
    assert "more than the 7 calls of the workflow" in observation["feedback"]
    assert info["trials"][0]["steps"] == 7


def test_a_trial_that_the_horizon_ends_has_no_score_yet() -> None:
    env = nearness(credit_horizon=2, feedback_horizon="credit")
    observation, info = env.reset(seed=0)
    assert (info["horizon_shown"], observation["score"]) == (2, [0])
    assert [event["reward"] for event in info["trials"][0]["events"]] == [0, 0]
    assert env.evaluator.ledger.accounts["train"].inner_steps == 2

    whole = nearness(credit_horizon=2, feedback_horizon="credit", trace_window="last")
    observation, info = whole.reset(seed=0)
    assert [event["step"] for event in info["trials"][0]["events"]] == [2, 3]
    assert observation["score"] == [info["trials"][0]["events"][-1]["reward"]]


def test_a_trial_goes_on_where_its_window_ended() -> None:
    env = nearness(credit_horizon=2, trial_start="continue")
    env.reset(seed=0)
    *_, info = env.step({"guess": HALVING})
    (trial,) = info["trials"]
    assert [event["step"] for event in trial["events"]] == [2, 3]
    assert trial["ended"]
    assert trial["score"] > 0.5


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"low": 1, "high": 1}, "scores lie between two numbers"),
        ({"low": float("-inf")}, "low must be a finite number, got -inf"),
        ({"high": "much"}, "high must be a finite number, got 'much'"),
        ({"solved": 2}, "solved among them"),
        ({"goal": " "}, "pass goal="),
        ({"texts": {"word": 3}}, "texts must be a mapping from names to texts"),
        ({"texts": {"say": "x"}}, "a Python name of their own each, got .'say', 'say'"),
        ({"texts": {"two words": "x"}}, "a Python name of their own"),
        ({"workflow": "def work(): return say()"}, "a function called workflow"),
        ({"workflow": "def workflow(:"}, "workflow is no Python"),
        ({"profile": "all"}, "profile='all' is not one of bare, numpy, data"),
        ({"limits": {"seconds": 3}}, "limits must be a mapping with keys out of call_seconds"),
        ({"limits": {"call_seconds": "long"}}, "limits=.* Expected `float`, got `str`"),
        ({"model": {}}, "model=.* missing required field `name`"),
        ({"max_calls": 0}, "max_calls must be a whole number from 1, got 0"),
        ({"train_size": 0}, "train_size must be"),
    ],
)
def test_bad_settings_are_told_in_a_sentence(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make(**parameters)


def test_a_component_stands_alone() -> None:
    wrap(scored.parrot, [scored.importing], low=0, high=1)
    with pytest.raises(ValueError, match=r"careless uses Workflow, np, random, but only its own text is run: import"):
        wrap(scored.parrot, [scored.careless], low=0, high=1)


def test_several_components_need_a_workflow() -> None:
    with pytest.raises(ValueError, match="say what calls guess, say: workflow="):
        wrap(scored.parrot, [scored.guess, scored.say], low=0, high=1)
    with pytest.raises(ValueError, match="one or more"):
        wrap(scored.parrot, [], low=0, high=1)
    with pytest.raises(ValueError, match="give the function a docstring"):
        wrap(scored.undescribed, [scored.say], low=0, high=1)
    with pytest.raises(TypeError, match="'max_calls'"):
        make(max_cals=3)
