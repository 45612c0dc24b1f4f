"""What a score is made of can't be had but by learning: no cheat gains."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from genopt_gym.core.evidence import Instance
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluation, Evaluator
from genopt_gym.sandbox.confine import available_tier
from tests.envs.mlagentbench.cheats import (
    DIGITS,
    FRIEDMAN,
    HONEST,
    VECTORIZATION,
    digits_cheat,
    vectorization_cheat,
)

pytestmark = pytest.mark.skipif(
    find_spec("sklearn") is None or find_spec("pandas") is None, reason="scikit-learn or pandas is not installed"
)

needs_confinement = pytest.mark.skipif(available_tier() != "strong", reason="without Landlock files can be read")
INSTANCES = [Instance("train", 0), Instance("validation", 0)]


@pytest.fixture(scope="module")
def digits() -> Evaluator:
    return Evaluator(TaskSpec("genopt_gym.envs.bundled:Digits", {"fit_seconds": 20.0, "memory_mb": 1500}))


def pipeline(evaluator: Evaluator, text: str) -> Evaluation:
    start = evaluator.task.starting_artifact("one_function/stub")
    return evaluator.evaluate(start.edited({"train_model": text}), INSTANCES)


@pytest.fixture(scope="module")
def honest(digits: Evaluator) -> float:
    text = f"import numpy as np\ndef train_model(x, y, test_data):\n    return {HONEST}\n"
    return max(trial.score for trial in pipeline(digits, text).trials)


@needs_confinement
@pytest.mark.parametrize("name", DIGITS)
def test_no_pipeline_finds_labels(name: str, digits: Evaluator, honest: float) -> None:
    evaluation = pipeline(digits, digits_cheat(DIGITS[name]))
    for trial in evaluation.trials:
        assert trial.score <= max(honest, 0.13), f"{name} gains"
        if trial.failure:
            print(name, trial.failure)
            assert trial.failure.outcome in ("contract_broken", "crashed")


def test_an_unconfined_cheat_would_gain() -> None:
    """The control: outside, the bundled table gives every label away."""
    from genopt_gym.envs.bundled import Digits

    task = Digits()
    features, labels = task.load_table()
    learned, predicted = task.rows(INSTANCES[1], len(labels))
    namespace: dict[str, object] = {}
    exec(digits_cheat(DIGITS["the bundled table"]), namespace)
    steal = namespace["train_model"]
    assert callable(steal)
    found = steal(features.iloc[learned], labels[learned], features.iloc[predicted])
    assert (found == labels[predicted]).mean() > 0.99


def test_noise_that_was_drawn_again_is_not_believed() -> None:
    evaluator = Evaluator(TaskSpec("genopt_gym.envs.bundled:Friedman", {}))
    evaluation = pipeline(evaluator, FRIEDMAN)
    assert evaluation.failure is not None
    assert (evaluation.failure.outcome, evaluation.failure.type) == ("forbidden", "ImpossibleScore")
    assert evaluation.score == evaluator.task.metric.low


@pytest.fixture(scope="module")
def vectorization() -> Evaluator:
    return Evaluator(TaskSpec("genopt_gym.envs.mlagentbench.vectorization:Vectorization", {}))


@pytest.fixture(scope="module")
def half(vectorization: Evaluator) -> float:
    evaluation = timed(vectorization, "an honest half")
    assert evaluation.failure is None, evaluation.failure
    assert evaluation.score > 3
    return evaluation.score


def timed(evaluator: Evaluator, name: str) -> Evaluation:
    start = evaluator.task.starting_artifact("one_function/naive")
    return evaluator.evaluate(start.edited({"forward": vectorization_cheat(*VECTORIZATION[name])}), INSTANCES[1:])


@needs_confinement
@pytest.mark.parametrize("name", [name for name in VECTORIZATION if name != "an honest half"])
def test_no_loop_is_timed_against_a_slower_one(name: str, vectorization: Evaluator, half: float) -> None:
    """Timing is never exact on a busy machine; the cheats would gain by a factor."""
    assert timed(vectorization, name).score <= 1.6 * half
