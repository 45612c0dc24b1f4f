"""Extensions from outside the package, each for real: trace window, acceptance rule, feedback kind, edit outcome.

A tier is in ``tests/sandbox/test_own_tier.py``, a backend in ``tests/llm/test_own_backend.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import pytest

from genopt_gym.agents import REGISTRY as AGENTS
from genopt_gym.core.acceptance import RULES
from genopt_gym.core.feedback_kinds import FEEDBACK
from genopt_gym.core.registry import ExtensionError, Registry
from genopt_gym.core.windows import WINDOWS
from genopt_gym.env import OptimizationEnv
from genopt_gym.llm.backend import BACKENDS
from genopt_gym.making import optimization_env
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run
from genopt_gym.sandbox.tier import TIERS
from genopt_gym.testing import TaskConformance
from tests.conftest import Genopt
from tests.helpers.extensions import HERE, ChosenHorizon
from tests.helpers.loops import LEFT, UPRIGHT, cartpole, guess, rows, states
from tests.helpers.slow import slow

WINDOW = f"{HERE}:Sampled"
RULE = f"{HERE}:Patient"
OWN = f"{HERE}:Own/Strict-v0"


class TestOwnWindowRuleAndWords(TaskConformance):
    """An environment with a window, a rule and a kind of words of one's own is held to what ours are held to."""

    id = "GenOpt/Control-CartPole-v0"
    parameters: ClassVar[dict[str, Any]] = {
        "validation_size": 3,
        "credit_horizon": 10,
        "trace_window": WINDOW,
        "accept": RULE,
        "feedback": ["score", f"{HERE}:Worst"],
    }


class TestOwnOutcome(TaskConformance):
    id = OWN
    test_same_seed_and_edits_say_the_same = slow(TaskConformance.test_same_seed_and_edits_say_the_same)
    test_no_process_is_left = slow(TaskConformance.test_no_process_is_left)


# --- a trace window


def test_window_of_ones_own_chooses_the_steps() -> None:
    env = cartpole(credit_horizon=4, trace_window=WINDOW)
    observation, info = env.reset(seed=0)
    steps = info["trials"][0]["steps"]
    assert [step for step, _ in states(info)] == [position * steps // 4 for position in range(4)]
    assert f"4 of {steps} inner steps (out of 0 to {3 * steps // 4})" in observation["trace"]
    assert len(rows(observation["trace"])) == info["horizon_shown"] == 4


def test_window_of_ones_own_says_which_steps_give_way() -> None:
    env = cartpole(credit_horizon=100, trace_window=WINDOW, max_trace_chars=2000)
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="was cut to max_trace_chars=2,000"):
        observation, *_, info = env.step({"policy": UPRIGHT})
    shown = [int(row.partition(",")[0]) for row in rows(observation["trace"])]
    assert len(shown) == info["horizon_shown"] < 100
    assert shown[0] == 0
    assert shown[-1] > 250, "the steps that are left still come from the whole trial"
    assert len(observation["trace"]) <= 2000


def test_window_of_ones_own_is_all_that_scores_may_use() -> None:
    env = cartpole(credit_horizon=4, trace_window=WINDOW, feedback_horizon="credit")
    observation, info = env.reset(seed=0)
    assert observation["score"] == [info["score"]] == [4.0]


def test_window_that_chooses_what_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from genopt_gym.core.evidence import View
    from tests.helpers.extensions import Sampled

    for wrong in ([0, 0], [1, 0], [0, 7], [-1, 2], [0, 1, 2, 3]):
        monkeypatch.setattr(Sampled, "choose", lambda self, played, horizon, wrong=wrong: wrong)
        with pytest.raises(ValueError, match=r"a window holds at most 3 of them, in rising order"):
            View(3, WINDOW).choose([0.0] * 7)


# --- an acceptance rule


def test_rule_of_ones_own_decides_which_edits_stay() -> None:
    env = guess(accept=RULE)
    for seed in (0, 1):  # the second run begins as patient as the first
        env.reset(seed=seed)
        accepted = [env.step({"hint": hint})[4]["accepted"] for hint in ("9", "no number", "9", "9", "0")]
        assert accepted == [False, False, False, True, False]


def test_forks_of_a_run_each_have_their_own_rule() -> None:
    import copy

    env = guess(accept=RULE)
    env.reset(seed=0)
    env.step({"hint": "9"})
    fork = copy.deepcopy(env)
    assert not env.step({"hint": "9"})[4]["accepted"]
    assert env.step({"hint": "9"})[4]["accepted"]
    assert not fork.step({"hint": "9"})[4]["accepted"]


# --- a feedback kind


def test_words_of_ones_own_are_told_in_their_place() -> None:
    observation, _ = guess(feedback=["score", f"{HERE}:Worst"], batch_size=2).reset(seed=0)
    score, worst = observation["feedback"].splitlines()[-2:]
    assert score.startswith("Score (distance): 2, ")
    assert worst == "The worst trial scored 2."


# --- an edit outcome


def own(**parameters: Any) -> OptimizationEnv:
    return optimization_env(gym.make(OWN, **parameters))


def test_outcome_of_a_tasks_own_is_the_edits_outcome() -> None:
    env = own(accept="valid")
    env.reset(seed=0)
    observation, *_, info = env.step({"hint": "0"})
    assert info["outcome"] == "far_off"
    assert not info["accepted"]
    assert "Edit outcome: far_off." in observation["feedback"]
    assert "FarOff: 0 is off by 7" in observation["feedback"]
    assert env.history[-1][0] == "far_off"


def test_outcome_of_a_tasks_own_is_kept_by_a_run(tmp_path: Path) -> None:
    edits = [{"hint": "0"}, {"hint": "4"}]
    start_run(Config(OWN, "scripted", 0, 2, {"test_size": 2}, {"edits": edits}), tmp_path / "run")
    steps = [json.loads(line) for line in (tmp_path / "run" / "steps.jsonl").read_text().splitlines()]
    assert [step["outcome"] for step in steps] == ["ok", "far_off", "ok"]


def test_trials_of_a_tasks_own_outcome_are_told_to_optimizers_that_choose_instances() -> None:
    from genopt_gym.agents.trial_evaluator import TrialEvaluator

    env = own()
    env.reset(seed=0)
    (trial,) = TrialEvaluator(env).evaluate({"hint": "0"}, ["train/1"])
    assert trial.outcome == "far_off"


# --- a horizon that the agent chooses: a wrapper


def test_agent_can_choose_the_horizon_of_each_step() -> None:
    env = ChosenHorizon(cartpole(credit_horizon=20), horizons=[3, 7])
    env.reset(seed=0)
    shown = [env.step({"edit": {"policy": LEFT}, "horizon": choice})[4]["horizon_shown"] for choice in (0, 1, 0)]
    assert shown == [3, 7, 3]
    assert env.reset(seed=0)[1]["horizon_shown"] > 7


def test_view_can_change_between_steps_and_comes_back_with_reset() -> None:
    env = cartpole(credit_horizon=5)
    first, _ = env.reset(seed=0)
    env.set_view(credit_horizon=None, trace_window="last", batch_size=3)
    observation, *_, info = env.step({})
    assert [trial["steps"] for trial in info["trials"]] == [len(trial["events"]) for trial in info["trials"]]
    assert len(info["trials"]) == 3
    assert env.observation_space.contains(observation)
    env.set_view(batch_size=1)
    assert len(env.step({})[4]["trials"]) == 1
    again, _ = env.reset(seed=0)
    assert again["trace"] == first["trace"]


@pytest.mark.parametrize("sampler", ["epoch", "fixed", "failures"])
def test_batches_of_any_sampler_can_grow_and_shrink(sampler: str) -> None:
    env = guess(batch_sampler=sampler, batch_size=2)
    env.reset(seed=0)
    sizes = []
    for size in (4, 1, 3):
        env.set_view(batch_size=size)
        sizes.append(len(env.step({"hint": "9"})[4]["trials"]))
    assert sizes == [4, 1, 3]


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"credit_horizon": 0}, ValueError, "credit_horizon must be a whole number from 1, got 0"),
        ({"trace_window": "lats"}, ValueError, "no trace window 'lats'; did you mean 'last'?"),
        ({"batch_size": 5000}, ValueError, "batch_size=5000 is more than the 1000 train instances"),
        ({"accept": "valid"}, TypeError, "set_view changes credit_horizon, trace_window, batch_size, not accept"),
    ],
)
def test_view_that_makes_no_sense_is_refused_and_nothing_changes(
    change: Any, error: type[Exception], sentence: str
) -> None:
    env = cartpole(credit_horizon=5)
    env.reset(seed=0)
    before = env.parameters, env.view
    with pytest.raises(error, match=sentence.replace("?", r"\?")):
        env.set_view(**change)
    assert (env.parameters, env.view) == before


def test_view_of_no_run_cannot_be_changed() -> None:
    with pytest.raises(gym.error.ResetNeeded, match="call reset first"):
        cartpole().set_view(batch_size=2)


# --- what is listed


@pytest.mark.parametrize("registry", [RULES, WINDOWS, FEEDBACK, TIERS, BACKENDS, AGENTS], ids=lambda each: each.what)
def test_everything_that_can_be_named_says_in_a_line_what_it_is(registry: Registry[Any]) -> None:
    lines = registry.describe()
    assert list(lines) == list(registry)
    assert all(10 < len(line) < 120 and line.endswith((".", ":")) for line in lines.values()), lines


# --- bad input


@pytest.fixture
def raising(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that cannot be imported."""
    (tmp_path / "my_raising.py").write_text("raise OSError('the disk is full')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "my_raising:Anything"


@pytest.mark.parametrize("keyword", ["trace_window", "accept", "feedback"])
def test_extension_that_raises_on_import_is_told_in_a_sentence(keyword: str, raising: str) -> None:
    with pytest.raises(ExtensionError) as caught:
        cartpole(**{keyword: [raising] if keyword == "feedback" else raising})
    assert str(caught.value) == f"{keyword}: my_raising:Anything cannot be imported: OSError: the disk is full"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (f"{HERE}:Sampeld", f"module {HERE} has no 'Sampeld'; did you mean 'Sampled'?"),
        ("tests.helpers.extension:Sampled", "cannot be imported: ModuleNotFoundError: No module named"),
        (f"{HERE}:Parrot", f"{HERE}:Parrot is not a trace window: a trace window is a class that inherits "),
        (f"{HERE}:HERE", f"{HERE}:HERE is not a trace window"),
        ("genopt_gym.core.windows:TraceWindow", "TraceWindow cannot be made into a trace window: TypeError: "),
        ("__main__:Sampled", "__main__:Sampled cannot be imported by other processes: move it to a module"),
        ("fisrt", "no trace window 'fisrt'; did you mean 'first'?"),
        (3, "no trace window 3. There are first, last, around_reward, highlights, or module:Class of your own."),
    ],
)
def test_name_that_stands_for_nothing_is_told_in_a_sentence(name: Any, sentence: str) -> None:
    with pytest.raises(ExtensionError) as caught:
        WINDOWS.make(name)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--set", f"accept={HERE}:Pateint"], f"module {HERE} has no 'Pateint'; did you mean 'Patient'?"),
        (["--set", "accept=vaild"], "no acceptance rule 'vaild'; did you mean 'valid'?"),
        (["--set", f"trace_window={HERE}:Patient"], f"{HERE}:Patient is not a trace window"),
        (["--set", f"task={HERE}:Patient"], "task cannot be set for a run"),
    ],
)
def test_command_ends_with_the_sentence(words: list[str], sentence: str, genopt: Genopt) -> None:
    ended = genopt("run", "GenOpt/Control-CartPole-v0", "--agent", "random", *words)
    assert ended.code == 2
    assert sentence in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("class_name", ["Patient", "Nobody"])
def test_task_that_is_none_is_told_in_a_sentence(class_name: str) -> None:
    with pytest.raises(ExtensionError, match=r"is not a task: a task is a class that inherits|has no 'Nobody'"):
        OptimizationEnv(f"{HERE}:{class_name}")
