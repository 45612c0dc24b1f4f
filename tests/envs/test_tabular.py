"""Tables as tasks: who sees which rows, what is made of predictions, what the trace tells, and what errors cost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from genopt_gym.core.artifact import Documentation
from genopt_gym.core.evidence import Instance, View
from genopt_gym.core.task import Task
from genopt_gym.core.trace import render
from genopt_gym.envs.bundled import Digits, Friedman
from genopt_gym.envs.mlagentbench.house_price import HousePrice
from genopt_gym.envs.mlagentbench.spaceship_titanic import SpaceshipTitanic
from genopt_gym.envs.mlagentbench.vectorization import Vectorization
from genopt_gym.envs.predictions import BadPredictions, read_classes, read_numbers
from genopt_gym.envs.tabular import ROWS, TabularTask
from genopt_gym.evaluation import Evaluation, Evaluator
from tests.helpers import tables

TASKS: list[type[TabularTask]] = [Friedman, Digits, HousePrice, SpaceshipTitanic]


def make(task: type[TabularTask], **arguments: Any) -> TabularTask:
    where: dict[str, Any] = {"data_dir": str(tables.folder())} if task in (HousePrice, SpaceshipTitanic) else {}
    return task(**where, **arguments)


# --- rows


@pytest.mark.parametrize("task_class", TASKS)
def test_every_row_is_in_one_split_and_train_trials_are_folds_of_train(task_class: type[TabularTask]) -> None:
    task = make(task_class)
    _, labels = task.load_table()
    total = len(labels)
    train, validation = task.rows(Instance("validation", 0), total)
    again, test = task.rows(Instance("test", 0), total)
    assert train.tolist() == again.tolist()
    assert sorted([*train, *validation, *test]) == list(range(total))
    assert [len(train), len(validation)] == pytest.approx([0.6 * total, 0.2 * total], abs=1)
    held_out = []
    for index in range(5):
        learned, predicted = task.rows(Instance("train", index), total)
        assert sorted([*learned, *predicted]) == sorted(train)
        held_out += predicted.tolist()
    assert sorted(held_out) == sorted(train)


def test_refit_learns_from_validation_rows_before_test_alone() -> None:
    task = make(Friedman, refit=True)
    train, validation = task.rows(Instance("validation", 0), 1000)
    learned, test = task.rows(Instance("test", 0), 1000)
    assert learned.tolist() == [*train, *validation]
    assert len(test) == 200


def test_paper_protocol_divides_eighty_to_twenty_and_refits() -> None:
    env: Any = gym.make("GenOpt/Tabular-Friedman-v0", protocol="paper")
    task = env.unwrapped.task
    train, validation = task.rows(Instance("validation", 0), 1000)
    learned, test = task.rows(Instance("test", 0), 1000)
    assert (len(train), len(validation), len(test)) == (640, 160, 200)
    assert (task.split_seed, len(learned)) == (42, 800)
    assert env.spec.max_episode_steps == 20
    observation, _ = env.reset(seed=0)
    assert "validation: " in observation["feedback"]
    observation, *_ = env.step({})
    assert "The score is the same as before." in observation["feedback"]


def test_rows_are_in_no_order_that_tells_labels() -> None:
    for task_class in TASKS:
        task = make(task_class)
        _, labels = task.load_table()
        for instance in (Instance("validation", 0), Instance("test", 0)):
            _, predicted = task.rows(instance, len(labels))
            for quantity in (predicted, labels[predicted].astype(float)):
                assert abs(np.corrcoef(np.arange(len(predicted)), quantity)[0, 1]) < 0.35


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"shares": [0.5, 0.5]}, "shares must be three"),
        ({"shares": [1.0, 0.0, 0.0]}, "each of the shares must be a number above 0, got 0.0"),
        ({"shares": [0.6, 0.3, 0.3]}, "add up to 1"),
        ({"shares": "half"}, "shares must be three"),
        ({"refit": 1}, "refit must be true or false"),
        ({"train_size": 1}, "train_size must be at least 2"),
        ({"fit_seconds": 0}, "fit_seconds must be a number above 0"),
        ({"memory_mb": True}, "memory_mb must be a number above 0"),
    ],
)
def test_bad_arguments_are_told(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Friedman(**arguments)


# --- contracts


@pytest.mark.parametrize("task", [*TASKS, Vectorization])
@pytest.mark.parametrize("level", ["full", "signature"])
def test_structures_tell_the_same_facts(task: type[Task], level: Documentation) -> None:
    """What one structure's contracts say of data, answer and rules, all structures' contracts say at this level."""
    told = {name: contract_facts(s.components, level) for name, s in task.structures.items()}
    one, several = told["one_function"], told["modular"]
    assert one <= several
    plumbing = re.compile(
        "is what|are what|Returns both|Returns a model|Returns the fitted|Returns feat|Returns the out"
    )
    extra = {line for line in several - one if not plumbing.search(line) and not line.startswith("Returns what")}
    assert extra == set()
    if level == "full" and issubclass(task, TabularTask):
        assert set(ROWS.splitlines()) <= one


def contract_facts(components: Sequence[Any], level: Documentation) -> set[str]:
    """At level full the lines of documentation; at signature every argument with its type that the workflow passes."""
    if level == "full":
        return {line for c in components for line in c.documentation.splitlines() if line != "Returns the output."}
    texts = " ".join(component.contract("signature") for component in components)
    inputs = "x|y|test_data|features|kernels|biases|stride|padding"
    return set(re.findall(rf"\b(?:{inputs}): \w+", texts)) | set(re.findall(r"-> (ndarray)$", texts))


@pytest.mark.parametrize("task_class", TASKS)
def test_structures_start_with_the_same_pipeline(task_class: type[TabularTask]) -> None:
    evaluator = tables.evaluator_of(task_class)
    for implementation in ("stub", "working"):
        scores = [
            evaluator.evaluate(evaluator.task.starting_artifact(f"{structure}/{implementation}"), "validation").score
            for structure in ("one_function", "modular")
        ]
        assert scores[0] == scores[1], implementation


# --- predictions


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "returned None"),
        (3, "returned 3"),
        ("text", "returned 'text'"),
        ({"a": 1}, "returned a dict"),
        ([1.0], "1 predictions, but test_data has 3 rows"),
        (np.zeros((3, 2)), "3 x 2 predictions, but test_data has 3 rows"),
        (np.array(1.0), "no predictions"),
        ([1, "2", 3], "are texts, such as '2'"),
        ([1, [2, 3], 3], "of type list"),
        ([1, 2, 1 << 70], "larger than any label"),
        ([1.0, float("nan"), 3.0], "1 of the 3 predictions is not a finite number"),
        ([1.0, None, None], "2 of the 3 predictions are not finite numbers"),
        (np.array([np.inf, 0, 0]), "not a finite number"),
        (np.array([True, False, True]), "are truth values"),
    ],
    ids=repr,
)
def test_what_is_no_number_is_told(result: Any, words: str) -> None:
    with pytest.raises(BadPredictions, match=re.escape(words)):
        read_numbers(result, 3)


def test_labels_are_taken_in_any_form_that_is_clear() -> None:
    for result in ([True, False], [1, 0], np.array([1.0, 0.0]), np.array([[1], [0]], np.uint8)):
        assert read_classes(result, 2, (False, True)).tolist() == [True, False]
    with pytest.raises(BadPredictions, match=r"1 of the 2 predictions are none of the labels False, True.* 0\.7"):
        read_classes([0.7, 1.0], 2, (False, True))
    with pytest.raises(BadPredictions, match="none of the labels"):
        read_classes([float("nan"), 1.0], 2, (False, True))
    assert read_numbers([1e300, -1e300], 2).tolist() == [1e12, -1e12]


PREDICT = "import numpy as np\nimport pandas as pd\n\n\ndef train_model(x, y, test_data):\n    n = len(test_data)\n    "


@pytest.fixture(scope="module")
def friedman() -> Evaluator:
    return tables.evaluator_of(Friedman, fit_seconds=3.0, memory_mb=1500)


def evaluate(evaluator: Evaluator, text: str, traced: bool = False) -> Evaluation:
    artifact = Friedman().starting_artifact("one_function/stub").edited({"train_model": text})
    return evaluator.evaluate(artifact, [Instance("train", 0)], View(None) if traced else None)


@pytest.mark.parametrize(
    ("code", "outcome", "words"),
    [
        ("return np.zeros(n - 1)", "contract_broken", "119 predictions, but test_data has 120 rows"),
        ("return np.full(n, np.nan)", "contract_broken", "120 of the 120 predictions are not finite numbers"),
        ("return np.full(n, 'text')", "contract_broken", "are texts, such as 'text'"),
        ("return np.array([object()] * n)", "contract_broken", "not plain data"),
        ("return pd.DataFrame({'a': ['text'] * n, 'b': 1})", "contract_broken", "120 x 2 predictions"),
        ("return pd.Series(['1.5'] * n)", "contract_broken", "are texts"),
        ("return pd.to_datetime(pd.Series(['2020-01-01'] * n))", "contract_broken", ""),
        ("return (n for n in range(n))", "contract_broken", "not plain data"),
        ("return np.zeros((4000, 4000))", "contract_broken", "bytes; at most"),
        ("return test_data['no such column']", "runtime_error", "no such column"),
        ("return np.zeros(30 << 27)", "out_of_memory", "memory limit"),
    ],
)
def test_bad_results_are_scored_and_told(friedman: Evaluator, code: str, outcome: str, words: str) -> None:
    evaluation = evaluate(friedman, PREDICT + code)
    assert evaluation.failure is not None
    assert evaluation.failure.outcome == outcome
    assert words in evaluation.failure.message
    assert evaluation.score == Friedman.metric.low
    assert evaluation.failure.component == "train_model"


def test_series_frames_and_lists_are_predictions(friedman: Evaluator) -> None:
    kinds = ("np.ones(n)", "[1.0] * n", "pd.Series(np.ones(n))", "pd.DataFrame({'p': np.ones(n)})", "np.ones((n, 1))")
    scores = {evaluate(friedman, f"{PREDICT}return {kind}").score for kind in kinds}
    assert len(scores) == 1
    assert scores.pop() < Friedman.metric.worst


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "from sklearn.svm import SVR\n    return SVR(C=1e9).fit(np.tile(x, (80, 80)), np.tile(y, 80)).predict(x)",
    ],
    ids=["in Python", "in a library"],
)
def test_fit_that_takes_an_hour_names_its_component(friedman: Evaluator, code: str) -> None:
    evaluation = evaluate(friedman, PREDICT + code)
    assert evaluation.failure is not None
    assert (evaluation.failure.outcome, evaluation.failure.component) == ("timeout", "train_model")
    assert evaluation.failure.source
    assert "Stack" not in evaluation.failure.output


def test_ten_thousand_warnings_are_a_line(friedman: Evaluator) -> None:
    code = "import warnings\n    warnings.simplefilter('always')\n    for i in range(10_000):\n        "
    code += "warnings.warn('too cold')\n    return np.zeros(n)"
    evaluation = evaluate(friedman, PREDICT + code, traced=True)
    assert evaluation.failure is None
    text = render(evaluation.trials, View(None), 60_000).text
    assert "warnings of train_model() = ['UserWarning: too cold (10000 times)']" in text.replace(",000", "000")
    assert evaluate(friedman, PREDICT + code).failure is None
