"""Edits known beforehand are run side by side, and nothing but the time they take is different."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genopt_gym import run
from genopt_gym.agents import agent_class
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Batch, BudgetSpent, Evaluator
from genopt_gym.evaluation.pool import WorkerPool
from genopt_gym.looking_ahead import look_ahead
from tests.helpers.loops import cartpole

SPEC = TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"validation_size": 8})
POLICY = "def policy(obs):\n    return 1 if obs['pole_angle'] + {} * obs['pole_velocity'] > 0 else 0\n"
EDITS = [{"policy": POLICY.format(number)} for number in range(4)]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many blocks each call of the workers had."""
    counts: list[int] = []
    run = WorkerPool.run

    def counted(self: WorkerPool, blocks: Any, ask: Any = None) -> list[bytes]:
        counts.append(len(blocks))
        return run(self, blocks, ask)

    monkeypatch.setattr(WorkerPool, "run", counted)
    return counts


def candidates(evaluator: Evaluator) -> list[Artifact]:
    start = evaluator.task.starting_artifact("one_function/naive")
    return [start.edited(edit) for edit in EDITS]


def test_many_artifacts_are_evaluated_as_one_by_one(runs: list[int]) -> None:
    evaluator, other = Evaluator(SPEC), Evaluator(SPEC)
    together = evaluator.evaluate_many([(each, "validation") for each in candidates(evaluator)])
    assert len(runs) == 1
    assert together == [other.evaluate(each, "validation") for each in candidates(other)]
    assert evaluator.ledger.total.trials == other.ledger.total.trials == 8 * len(EDITS)


def test_many_artifacts_that_the_budget_does_not_allow_are_not_run(runs: list[int]) -> None:
    evaluator = Evaluator(SPEC, budget={"trials": 8 * len(EDITS) - 1})
    with pytest.raises(BudgetSpent):
        evaluator.evaluate_many([(each, "validation") for each in candidates(evaluator)])
    assert runs == []
    assert evaluator.ledger.total.trials == 0


def test_what_is_prefetched_is_charged_when_it_is_asked_for(runs: list[int]) -> None:
    evaluator = Evaluator(SPEC)
    artifacts = candidates(evaluator)
    evaluator.prefetch([(each, [Batch(evaluator.task.instances("validation"))]) for each in artifacts])
    assert evaluator.ledger.total.trials == 0
    evaluator.evaluate(artifacts[0], "validation")
    assert evaluator.ledger.total.trials == 8
    assert len(runs) == 1


def test_only_what_the_budget_will_allow_is_prefetched(runs: list[int]) -> None:
    evaluator = Evaluator(SPEC, budget={"trials": 20})
    evaluator.prefetch([(each, [Batch(evaluator.task.instances("validation"))]) for each in candidates(evaluator)])
    assert runs == [4]  # two artifacts, two blocks each


@pytest.mark.parametrize("parameters", [{}, {"accept": "validation"}, {"batch_sampler": "failures"}, {"batch_size": 3}])
def test_steps_find_what_was_foreseen(parameters: dict[str, Any], runs: list[int]) -> None:
    plain, ahead = cartpole(**parameters), cartpole(**parameters)
    plain.reset(seed=3)
    ahead.reset(seed=3)
    look_ahead(ahead, EDITS)
    runs.clear()
    shown = [repr(ahead.step(edit)) for edit in EDITS]
    found = sum(runs)
    assert shown == [repr(plain.step(edit)) for edit in EDITS]
    assert ahead.evaluator.ledger.total.trials == plain.evaluator.ledger.total.trials
    assert found < sum(runs) - found


def test_edits_that_cannot_be_run_are_passed_over() -> None:
    env = cartpole()
    env.reset(seed=0)
    look_ahead(env, ["no edit", {"policy": "def nothing(): pass"}, {"nobody": ""}, EDITS[0]])
    assert env.step("no edit")[4]["outcome"] == "unparsable"
    assert env.step(EDITS[0])[4]["outcome"] == "ok"


@pytest.mark.parametrize("agent", ["cma-es", "random"])
def test_a_run_that_looks_ahead_writes_the_same_steps(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: list[int]
) -> None:
    def steps(name: str) -> str:
        run(cartpole(start="modular/parametric"), agent, edits=9, seed=1, out=tmp_path / name)
        return (tmp_path / name / "steps.jsonl").read_text()

    looking = steps("looking")
    used = len(runs)
    monkeypatch.setattr(agent_class(agent), "ahead", lambda self: ())
    assert steps("plain") == looking
    assert len(runs) - used > used
