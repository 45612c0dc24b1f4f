"""What the trace tells of a pipeline's calls: what a data person would look at, and the same in every run."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec

import pytest

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Instance, View
from genopt_gym.core.trace import render
from genopt_gym.envs.bundled import Friedman
from genopt_gym.envs.mlagentbench.spaceship_titanic import SpaceshipTitanic
from genopt_gym.evaluation import Evaluator
from tests.helpers import tables

pytestmark = pytest.mark.skipif(
    find_spec("sklearn") is None or find_spec("pandas") is None, reason="scikit-learn or pandas is not installed"
)


@pytest.fixture(scope="module")
def traced() -> str:
    evaluator = tables.evaluator_of(SpaceshipTitanic)
    artifact = evaluator.task.starting_artifact("modular/working")
    return render(evaluator.evaluate(artifact, [Instance("train", 1)], View(None)).trials, View(None), 60_000).text


TEXTS = "HomePlanet: str, " if find_spec("pandas") and version("pandas") >= "3" else "HomePlanet: object, "
"""As pandas names a column of texts."""


@pytest.mark.parametrize(
    "words",
    [
        "x: DataFrame, 96 rows x 13 columns",
        "values missing",
        "Age: float64, ",
        TEXTS,
        "3 different values: ",
        "first 3 rows:",
        "y: ndarray of 96, bool, ",
        "preprocess(x, test_data) = tuple of 2",
        "select_features(preprocess[0], y, preprocess[1]) = tuple of 2",
        "train_model(create_ensemble_model, select_features[0], y) = LogisticRegression()",
        "fitted: coef, largest 8 of ",
        "fitted: classes [False, True]; n_iter [",
        "; n_features_in ",
        "predict(train_model, select_features[1]) = [",
        "predicted: ndarray of 24, bool",
        "actual: ndarray of 24, bool",
    ],
)
def test_trace_tells_what_a_data_person_looks_at(traced: str, words: str) -> None:
    assert words in traced


def test_trace_is_the_same_in_every_process(traced: str) -> None:
    """Evaluated again with nothing stored, in a fresh fork, where the random state is what the seed makes it."""
    evaluator = tables.evaluator_of(SpaceshipTitanic)
    text = """\
from sklearn.ensemble import RandomForestClassifier

pytestmark = pytest.mark.skipif(
    find_spec("sklearn") is None or find_spec("pandas") is None, reason="scikit-learn or pandas is not installed"
)


def create_ensemble_model():
    return RandomForestClassifier(5)
"""
    artifact = evaluator.task.starting_artifact("modular/working").edited({"create_ensemble_model": text})
    runs = []
    for batch in ([1], [0, 1], [1, 3]):
        instances = [Instance("train", index) for index in batch]
        trials = {
            str(t.instance): t for t in Evaluator(evaluator.spec).evaluate(artifact, instances, View(None)).trials
        }
        runs.append(render([trials["train/1"]], View(None), 60_000).text)
    assert runs[0] == runs[1] == runs[2]
    assert "0x" not in runs[0] + traced


def test_failed_call_shows_what_came_before() -> None:
    friedman = tables.evaluator_of(Friedman)
    artifact: Artifact = Friedman().starting_artifact("modular/working")
    artifact = artifact.edited({"train_model": "def train_model(model, x, y):\n    return model.fit(x[:5], y)\n"})
    evaluation = friedman.evaluate(artifact, [Instance("train", 0)], View(None))
    assert evaluation.failure is not None
    assert (evaluation.failure.component, evaluation.failure.line) == ("train_model", 2)
    assert "inconsistent numbers of samples" in evaluation.failure.message
    text = render(evaluation.trials, View(None), 60_000).text
    assert "create_ensemble_model() = RandomForestRegressor" in text
