"""The evaluator: artifact times instances gives trials and a score, whoever asks, at most once."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Instance, View
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Batch, BudgetSpent, EvaluationError, Evaluator
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.evaluation.store import MemoryStore

CARTPOLE = TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"validation_size": 5})
GUESS = TaskSpec("tests.helpers.toys:Guess", {"validation_size": 7})


def naive(evaluator: Evaluator) -> Artifact:
    return evaluator.task.starting_artifact(evaluator.task.default_start)


@pytest.fixture
def blocks_run(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the blocks that reached the workers."""
    sizes: list[int] = []
    run = shared_pool().run

    def counted(blocks: Any, ask: Any) -> Any:
        sizes.extend(len(block.instances) for block in blocks)
        return run(blocks, ask)

    monkeypatch.setattr(shared_pool(), "run", counted)
    return sizes


def test_split_is_evaluated_whole_and_in_order() -> None:
    evaluator = Evaluator(CARTPOLE)
    evaluation = evaluator.evaluate(naive(evaluator), "validation")
    assert [trial.instance for trial in evaluation.trials] == evaluator.task.instances("validation")
    assert evaluation.score == sum(trial.score for trial in evaluation.trials) / 5
    assert evaluation.failure is None


def test_evaluation_of_nothing_has_no_trials() -> None:
    evaluator = Evaluator(CARTPOLE)
    assert evaluator.evaluate(naive(evaluator), []).trials == []


def test_order_of_the_instances_is_kept() -> None:
    evaluator = Evaluator(CARTPOLE)
    instances = [Instance("train", index) for index in (9, 2, 30, 4)]
    evaluation = evaluator.evaluate(naive(evaluator), instances)
    assert [trial.instance.index for trial in evaluation.trials] == [9, 2, 30, 4]


def test_trial_does_not_depend_on_its_company() -> None:
    """In a block of another size, and at another place in it, a trial comes out the same."""
    evaluator = Evaluator(CARTPOLE)
    together = evaluator.evaluate(naive(evaluator), "validation", View(20)).trials
    for instance, trial in zip(evaluator.task.instances("validation")[:3], together, strict=False):
        [alone] = evaluator.evaluate(naive(evaluator), [instance], View(20)).trials
        assert alone == trial


def test_blocks_are_near_equal_and_of_at_most_the_tasks_size(blocks_run: list[int]) -> None:
    evaluator = Evaluator(GUESS)
    evaluator.evaluate(naive(evaluator), "validation")
    assert sorted(blocks_run) == [2, 2, 3]


@pytest.mark.parametrize("workers", ["1", "2", "3"])
def test_number_of_workers_changes_no_result(workers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENOPT_WORKERS", workers)
    evaluator = Evaluator(GUESS)
    trials = evaluator.evaluate(naive(evaluator), "validation", View(None)).trials
    assert [(t.instance.index, t.score) for t in trials] == [(i, 2.0) for i in range(7)]


@pytest.mark.parametrize("workers", ["0", "two", "-1", "1.5"])
def test_nonsense_number_of_workers_is_refused(workers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENOPT_WORKERS", workers)
    evaluator = Evaluator(GUESS)
    with pytest.raises(ValueError, match="GENOPT_WORKERS must be a whole number from 1"):
        evaluator.evaluate(naive(evaluator), "validation")


# --- the cache


def test_nothing_is_run_twice(blocks_run: list[int]) -> None:
    evaluator = Evaluator(CARTPOLE)
    first = evaluator.evaluate(naive(evaluator), "validation")
    again = evaluator.evaluate(naive(evaluator).edited({}), "validation")
    assert again == first
    assert sum(blocks_run) == 5
    assert evaluator.ledger.total.trials == 5


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.evaluate(
            naive(e).edited({"select_action": "def select_action(obs, lean): return 1"}), "validation"
        ),
        lambda e: e.evaluate(naive(e), "validation", View(10)),
        lambda e: e.evaluate(naive(e), e.task.instances("validation")[::-1]),
        lambda e: e.evaluate(naive(e), [Instance("validation", i, (0,)) for i in range(5)]),
    ],
    ids=["artifact", "view", "instances", "prefix"],
)
def test_whatever_differs_is_run(change: Callable[[Evaluator], Any], blocks_run: list[int]) -> None:
    evaluator = Evaluator(CARTPOLE)
    evaluator.evaluate(naive(evaluator), "validation")
    assert sum(blocks_run) == 5
    change(evaluator)
    assert sum(blocks_run) == 10


def test_store_serves_another_evaluator_of_the_same_task_alone(blocks_run: list[int]) -> None:
    store = MemoryStore()
    first = Evaluator(CARTPOLE, store=store)
    second = Evaluator(CARTPOLE, store=store)
    other_seed = Evaluator(TaskSpec(CARTPOLE.entry, {**CARTPOLE.arguments, "split_seed": 1}), store=store)
    scores = [e.evaluate(naive(e), "validation").score for e in (first, second, other_seed)]
    assert scores[0] == scores[1]
    assert sum(blocks_run) == 10


def test_same_block_twice_in_one_call_is_run_once(blocks_run: list[int]) -> None:
    evaluator = Evaluator(CARTPOLE)
    batch = Batch(evaluator.task.instances("validation"))
    a, b = evaluator.evaluate_batches(naive(evaluator), [batch, batch])
    assert a == b
    assert sum(blocks_run) == 5


def test_nondeterministic_task_is_run_each_time() -> None:
    evaluator = Evaluator(TaskSpec("tests.helpers.toys:WobblyGuess", {"validation_size": 2}))
    trials = [evaluator.evaluate(naive(evaluator), "validation").trials for _ in range(2)]
    assert evaluator.ledger.total.trials == 4
    assert trials[0] != trials[1]


# --- scores


def test_failed_trial_scores_low_by_itself() -> None:
    evaluator = Evaluator(GUESS)
    text = "def guess(question, hint):\n    assert '3' not in question\n    return int(hint)\n"
    evaluation = evaluator.evaluate(naive(evaluator).edited({"guess": text}), "validation")
    assert [trial.score for trial in evaluation.trials] == [2, 2, 2, 9, 2, 2, 2]
    assert evaluation.score == 3
    assert evaluation.failure is not None


def test_failed_trial_costs_the_artifact_where_the_task_says_so() -> None:
    evaluator = Evaluator(TaskSpec("tests.helpers.toys:StrictGuess", {"validation_size": 7}))
    text = "def guess(question, hint):\n    assert '3' not in question\n    return int(hint)\n"
    assert evaluator.evaluate(naive(evaluator).edited({"guess": text}), "validation").score == 9
    assert evaluator.evaluate(naive(evaluator), "validation").score == 2


def test_window_score_counts_the_window_alone() -> None:
    evaluator = Evaluator(CARTPOLE)
    evaluation = evaluator.evaluate(naive(evaluator), "validation", View(10, "last"))
    assert evaluation.window_score == 10
    assert evaluation.score > 20


# --- what is refused


@pytest.mark.parametrize("what", ["test", [Instance("test", 0)], [Instance("train", 0), Instance("test", 0)]])
def test_test_split_is_hidden_from_an_optimizer(what: Any, blocks_run: list[int]) -> None:
    evaluator = Evaluator(CARTPOLE)
    with pytest.raises(ValueError, match="test split is hidden"):
        evaluator.evaluate(naive(evaluator), what)
    assert blocks_run == []


def test_whoever_scores_on_test_asks_for_it_by_name() -> None:
    evaluator = Evaluator(TaskSpec(CARTPOLE.entry, {"test_size": 2}), splits=("test",))
    assert len(evaluator.evaluate(naive(evaluator), "test").trials) == 2
    with pytest.raises(ValueError, match="train split is hidden"):
        evaluator.evaluate(naive(evaluator), "train")


def test_unknown_split_is_refused() -> None:
    evaluator = Evaluator(CARTPOLE)
    with pytest.raises(ValueError, match="no split 'tset'; there are train, validation, test"):
        evaluator.evaluate(naive(evaluator), [Instance("tset", 0)])
    with pytest.raises(ValueError, match="no split 'tset'; there are train, validation, test"):
        evaluator.evaluate(naive(evaluator), "tset")


def test_error_of_the_tasks_own_code_is_raised_with_its_traceback_and_no_more() -> None:
    evaluator = Evaluator(TaskSpec("tests.helpers.toys:BrokenGuess", {"validation_size": 1}))
    with pytest.raises(EvaluationError, match="LookupError: the task's own mistake"):
        evaluator.evaluate(naive(evaluator), "validation")
    healthy = Evaluator(GUESS)
    assert healthy.evaluate(naive(healthy), "validation").score == 2


# --- budget and ledger


def test_budget_stops_before_anything_is_run(blocks_run: list[int]) -> None:
    evaluator = Evaluator(CARTPOLE, budget={"trials": 9})
    evaluator.evaluate(naive(evaluator), "validation")
    stub = evaluator.task.starting_artifact("modular/stub")
    with pytest.raises(BudgetSpent):
        evaluator.evaluate(stub, "validation")
    assert sum(blocks_run) == 5
    assert evaluator.ledger.total.trials == 5


def test_cached_trials_are_free() -> None:
    evaluator = Evaluator(CARTPOLE, budget={"trials": 5})
    for _ in range(3):
        evaluator.evaluate(naive(evaluator), "validation")
    assert evaluator.ledger.total.trials == 5


def test_inner_steps_are_reserved_at_their_most(blocks_run: list[int]) -> None:
    """Five episodes may last 5 x 500 steps, five windows of ten steps 5 x 10."""
    evaluator = Evaluator(CARTPOLE, budget={"inner_steps": 2499})
    with pytest.raises(BudgetSpent):
        evaluator.evaluate(naive(evaluator), "validation")
    evaluator.evaluate(naive(evaluator), "validation", View(10))
    assert sum(blocks_run) == 5
    assert evaluator.ledger.total.inner_steps == 50


def test_ledger_tells_roles_apart() -> None:
    evaluator = Evaluator(CARTPOLE)
    evaluator.evaluate(naive(evaluator), "validation")
    evaluator.evaluate(naive(evaluator), [Instance("train", 3)], View(10))
    assert evaluator.ledger.accounts["validation"].trials == 5
    train = evaluator.ledger.accounts["train"]
    assert (train.trials, train.inner_steps) == (1, 10)
    assert train.seconds > 0


# --- copies


def test_copies_share_everything() -> None:
    evaluator = Evaluator(CARTPOLE)
    assert copy.deepcopy({"evaluator": evaluator})["evaluator"] is evaluator


def test_pickled_evaluator_knows_what_it_has_spent() -> None:
    evaluator = Evaluator(CARTPOLE, budget={"trials": 9})
    evaluation = evaluator.evaluate(naive(evaluator), "validation")
    twin = pickle.loads(pickle.dumps(evaluator))
    assert twin.ledger.total.trials == 5
    assert twin.evaluate(naive(twin), "validation").score == evaluation.score
    with pytest.raises(BudgetSpent):
        twin.evaluate(twin.task.starting_artifact("modular/stub"), "validation")
