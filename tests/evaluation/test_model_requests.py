"""Artifacts that ask a model: who carries the question, who pays, and what happens when there is no answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.evidence import View
from genopt_gym.core.ledger import Budget
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import BudgetSpent, Evaluator
from genopt_gym.llm import Client, ModelError, ReplayMiss, Replies
from genopt_gym.making import optimization_env
from tests.helpers.model_server import Answer, ModelServer

ORACLE = "tests.helpers.toys:Toy/Oracle-v0"
Served = Callable[..., tuple[ModelServer, Evaluator]]


def digits(body: dict[str, Any], number: int) -> Answer:
    """Right, for the toy's questions."""
    words = body["messages"][0]["content"].rstrip("?").split()
    return Answer("7" if int(words[-1]) % 2 else "3", delay=0.02)


@pytest.fixture
def served() -> Iterator[Served]:
    servers: list[ModelServer] = []

    def make(script: Callable[[dict[str, Any], int], Answer], budget: Any = None, **arguments: Any) -> Any:
        server = ModelServer(script).__enter__()
        servers.append(server)
        spec = TaskSpec("tests.helpers.toys:Oracle", {"base_url": server.base_url, "validation_size": 40, **arguments})
        return server, Evaluator(spec, budget=budget)

    yield make
    for server in servers:
        server.close()


def artifact(evaluator: Evaluator, start: str = "asking/plain") -> Any:
    return evaluator.task.starting_artifact(start)


def test_questions_go_to_the_model_side_by_side_and_are_booked_as_the_workflows(served: Served) -> None:
    server, evaluator = served(digits)
    evaluation = evaluator.evaluate(artifact(evaluator), "validation")
    assert evaluation.score == 0
    assert [trial.failure for trial in evaluation.trials] == [None] * 40
    assert server.calls == 40
    assert server.most_at_once > 4
    cost = evaluator.ledger.models["workflow"]
    assert (cost.calls, cost.tokens) == (40, server.tokens)


def test_trace_holds_what_was_asked_and_answered(served: Served) -> None:
    _, evaluator = served(digits, validation_size=2)
    evaluation = evaluator.evaluate(artifact(evaluator), "validation", View(None))
    [event] = evaluation.trials[0].events
    asked = next(call for call in event.calls if call.component == "llm")
    assert asked.arguments == ["Which digit belongs to 0?"]
    assert asked.result == "3"


def test_each_trial_has_its_own_process(served: Served) -> None:
    """One that dies takes no other with it, and costs its own trial alone."""
    _, evaluator = served(digits, validation_size=6)
    deadly = "import os\ndef read(reply):\n    return os._exit(1) if reply == '7' else int(reply)\n"
    evaluation = evaluator.evaluate(artifact(evaluator).edited({"read": deadly}), "validation")
    assert [trial.failure is None for trial in evaluation.trials] == [True, False] * 3


def test_waiting_for_the_model_is_no_time_of_the_artifacts(served: Served) -> None:
    """A call may take a second here; the model takes longer."""
    _, evaluator = served(lambda body, number: Answer("3", delay=1.5), validation_size=2)
    assert evaluator.evaluate(artifact(evaluator), "validation").trials[0].failure is None


def test_replies_are_recorded_by_trial_and_replayed(served: Served, tmp_path: Path) -> None:
    """Two rounds on the same questions get different answers, and the same ones again."""
    server, evaluator = served(lambda body, number: Answer(str(number % 9)), validation_size=8)
    replies = Replies(tmp_path / "replies.jsonl")
    evaluator.client = Client(evaluator.budget, replies)
    rounds = [evaluator.evaluate(artifact(evaluator, "asking/twice"), "validation") for _ in range(2)]
    replies.close()
    server.close()
    again = Evaluator(evaluator.spec)
    again.client = Client(again.budget, Replies(tmp_path / "replies.jsonl", "replay"))
    for evaluation in rounds:
        assert [trial.score for trial in again.evaluate(artifact(again, "asking/twice"), "validation").trials] == [
            trial.score for trial in evaluation.trials
        ]
    assert again.ledger.models == evaluator.ledger.models
    with pytest.raises(ReplayMiss):
        again.evaluate(artifact(again), "validation")


def test_budget_stops_an_evaluation_and_holds(served: Served) -> None:
    server, evaluator = served(digits, {"tokens": 1500})
    with pytest.raises(BudgetSpent):
        [evaluator.evaluate(artifact(evaluator), "validation") for _ in range(100)]
    assert 0 < server.tokens <= evaluator.ledger.models["workflow"].tokens <= 1500


def test_model_that_cannot_be_asked_is_told(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    _, evaluator = served(lambda body, number: Answer(fault="401"), validation_size=2)
    with pytest.raises(ModelError, match="needs a key"):
        evaluator.evaluate(artifact(evaluator), "validation")
    # Workers are there again afterwards.
    assert evaluator.evaluate(artifact(evaluator).edited({"prompt": "x"}), []).trials == []


def test_silent_model_is_an_outcome(served: Served) -> None:
    _, evaluator = served(lambda body, number: Answer(""), validation_size=2)
    failure = evaluator.evaluate(artifact(evaluator), "validation").failure
    assert failure is not None
    assert (failure.outcome, failure.component) == ("runtime_error", "read")


def test_program_that_was_granted_no_model_is_refused() -> None:
    evaluator = Evaluator(TaskSpec("tests.helpers.toys:Guess", {}))
    asking = artifact(evaluator, "plain/five").edited(
        {"guess": "def guess(question, hint):\n    return int(llm('?'))\n"}
    )
    failure = evaluator.evaluate(asking, "validation").failure
    assert failure is not None
    assert failure.outcome == "forbidden"


def test_spent_budget_truncates_the_run_and_keeps_the_artifact(served: Served) -> None:
    server, _ = served(digits)
    env = optimization_env(
        gym.make(
            ORACLE, base_url=server.base_url, validation_size=10, budget={"tokens": 1200}, disable_env_checker=True
        )
    )
    env.reset(seed=0)
    truncated = False
    while not truncated:
        before = env.artifact.id
        observation, _, _, truncated, info = env.step({"prompt": f"Number {len(env.history)}: {{question}}"})
    assert info["truncated_by"] == "budget of tokens"
    assert info["outcome"] == "budget_spent"
    assert env.artifact.id == before
    assert "It was not evaluated: the budget of 1,200 tokens would be passed" in observation["feedback"]
    assert server.tokens <= 1200


def test_budget_too_small_for_the_first_evaluation_is_told(served: Served) -> None:
    server, _ = served(digits)
    env = gym.make(ORACLE, base_url=server.base_url, budget={"tokens": 50}, disable_env_checker=True)
    with pytest.raises((BudgetSpent, UserError)):
        env.reset(seed=0)


def test_budget_is_shared_with_the_agents_own_calls(served: Served) -> None:
    _, evaluator = served(digits, validation_size=4)
    assert isinstance(evaluator.client.budget, Budget)
    assert evaluator.client.budget is evaluator.budget
