"""Tabular learning: tasks whose artifact is a pipeline that fits on labelled rows and predicts others.

A trial is one division of a table's rows: the artifact gets features and labels of some, and the features of others,
whose labels stay in the worker. The rows are in random order and numbered anew, so that neither tells anything.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from genopt_gym.core.artifact import Component, Structure
from genopt_gym.core.checks import number
from genopt_gym.core.errors import ParameterError
from genopt_gym.core.evidence import Failure, Instance, Recorder
from genopt_gym.core.extras import need
from genopt_gym.core.limits import Limits
from genopt_gym.core.summary import summarized
from genopt_gym.core.task import Task
from genopt_gym.envs.disguise.tables import FEATURES, GOAL, TableDisguise, neutral_structures
from genopt_gym.envs.prediction_errors import Division, where_errors_are
from genopt_gym.envs.predictions import BadPredictions, read_classes, read_numbers
from genopt_gym.sandbox.arrays import Packed
from genopt_gym.sandbox.session import Session
from genopt_gym.sandbox.summaries import summary

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SHARES = (0.6, 0.2, 0.2)

PAPER: Mapping[str, Any] = {
    "shares": [0.64, 0.16, 0.2],
    "split_seed": 42,
    "refit": True,
    "feedback": ["score", "metrics", "staged", "progress"],
}
"""Of the rows that are not test, 80 of 100 are train: the test labels of a competition are nobody's to have."""

WORKFLOWS = {
    "one_function": "def workflow(x, y, test_data):\n    return train_model(x, y, test_data)\n",
    "modular": """\
def workflow(x, y, test_data):
    x, test_data = preprocess(x, test_data)
    x, test_data = select_features(x, y, test_data)
    model = create_ensemble_model()
    model = train_model(model, x, y)
    return predict(model, test_data)
""",
}


@dataclass(frozen=True)
class Facts:
    """What contracts tell about a table, whatever the structure.

    Attributes:
        features: what the columns of ``x`` and ``test_data`` mean.
        labels: what ``y`` holds.
        predictions: what has to be returned, and how it is judged.
    """

    features: str
    labels: str
    predictions: str


ROWS = """\
x is a pandas DataFrame, one row for each labelled example. test_data is a DataFrame with the same columns: the rows
to predict. In both the rows are in random order and numbered from 0."""


def structures(facts: Facts, implementations: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, Structure]:
    """One function or five in a fixed workflow, with contracts that say the same, whoever they say it to.

    Args:
        facts: of the table.
        implementations: structure to implementation to component to text.
    """
    data = f"{ROWS}\n{facts.features}"
    labels = f"y is a numpy array, as long as x: {facts.labels}"
    answer = f"Returns a numpy array with a prediction for each row of test_data, in this order: {facts.predictions}"
    frames = "tuple[DataFrame, DataFrame]"
    components = {
        "one_function": (
            Component(
                "train_model",
                "train_model(x: DataFrame, y: ndarray, test_data: DataFrame) -> ndarray",
                "\n".join([data, labels, answer]),
            ),
        ),
        "modular": (
            Component(
                "preprocess",
                f"preprocess(x: DataFrame, test_data: DataFrame) -> {frames}",
                f"{data}\nReturns both, made ready for learning: missing values, texts, scales, new columns.",
            ),
            Component(
                "select_features",
                f"select_features(x: DataFrame, y: ndarray, test_data: DataFrame) -> {frames}",
                f"x and test_data are what preprocess returned.\n{labels}\nReturns both, with the columns that matter.",
            ),
            Component(
                "create_ensemble_model",
                "create_ensemble_model() -> object",
                "Returns a model, or several, not fitted yet; train_model gets it.",
            ),
            Component(
                "train_model",
                "train_model(model: object, x: DataFrame, y: ndarray) -> object",
                f"x is what select_features returned.\n{labels}\nReturns the fitted model; predict gets it.",
            ),
            Component(
                "predict",
                "predict(model: object, test_data: DataFrame) -> ndarray",
                f"model is what train_model returned, and test_data what select_features did.\n{answer}",
            ),
        ),
    }
    return {name: Structure(components[name], WORKFLOWS[name], texts) for name, texts in implementations.items()}


class TabularTask(Task):
    """A task about one table of features and labels.

    A train trial holds out one fold of the train rows and learns from the others; the validation trial learns from
    all train rows and predicts the validation rows. So does the test trial with the test rows; with ``refit`` it
    learns from train and validation rows.

    Args:
        shares: of the rows for train, validation and test.
        refit: whether the last fit, before test, has the validation rows too.
        train_size: into how many folds the train rows are cut: the number of train trials.
        fit_seconds: time for one trial, fits and predictions together.
        memory_mb: address space for it, beside what the libraries take.
        split_seed: which rows go where.
    """

    profile: str = "data"
    error_costs: ClassVar[Any] = "artifact"
    block_size: ClassVar[int] = 1
    default_start: ClassVar[str] = "modular/stub"
    has_fresh_instances: ClassVar[bool] = False  # every row of the table is in a split
    protocols: ClassVar[Mapping[str, Mapping[str, Any]]] = {"default": {}, "paper": PAPER}
    classes: ClassVar[tuple[Any, ...] | None] = None
    """The labels there are; None where labels are numbers on a scale."""
    disguised_start: ClassVar[str] = "modular/stub"
    nameless_starts: ClassVar[tuple[str, ...]] = ()
    """Implementations that name no column and no label: a disguised table has them, too."""
    disguise: TableDisguise | None = None

    def __init__(
        self,
        *,
        shares: Sequence[float] = SHARES,
        refit: bool = False,
        train_size: int = 5,
        fit_seconds: float = 60.0,
        memory_mb: int = 4096,
        split_seed: int = 0,
    ) -> None:
        need("ml", type(self).__name__)
        super().__init__(split_seed=split_seed, train_size=train_size, validation_size=1, test_size=1)
        if not isinstance(shares, Sequence) or isinstance(shares, str) or len(shares) != 3:
            raise ParameterError(f"shares must be three positive numbers that add up to 1, got {shares!r}", "shares")
        if abs(sum(number("each of the shares", share, above=0, parameter="shares") for share in shares) - 1) > 1e-6:
            raise ParameterError(f"shares must be three positive numbers that add up to 1, got {shares!r}", "shares")
        if train_size < 2:
            raise ParameterError(
                f"train_size must be at least 2, as a train trial holds one fold out, got {train_size}", "train_size"
            )
        if not isinstance(refit, bool):
            raise ParameterError(f"refit must be true or false, got {refit!r}", "refit")
        number("fit_seconds", fit_seconds, above=0)
        number("memory_mb", memory_mb, above=0)
        self._shares = [float(share) for share in shares]
        self._refit = refit
        seconds = float(fit_seconds)
        self.limits = Limits(seconds, int(2 * seconds) + 10, int(memory_mb), answer_bytes=1 << 22)
        self._table: tuple[pd.DataFrame, NDArray[Any]] | None = None
        self._divisions: dict[Instance, Division] = {}

    @abstractmethod
    def load_table(self) -> tuple[pd.DataFrame, NDArray[Any]]:
        """All features, one row each, and their labels. Called in the worker, once."""

    @abstractmethod
    def grade(self, actual: NDArray[Any], predicted: NDArray[Any]) -> tuple[float, dict[str, float]]:
        """The score of predictions, and other metrics by name."""

    def suspicion(self, score: float) -> str:
        """Why no honest pipeline can have this score; empty if one can."""
        return ""

    def put_on(self, disguise: int) -> None:
        self.disguise = TableDisguise(disguise, self.classes)
        classes = self.disguise.classes
        labels = "numbers." if classes is None else f"integers, 0 to {classes[-1]}."
        aim = "Less is better." if self.metric.direction == "minimize" else "More is better."
        facts = Facts(FEATURES, labels, f"{labels} {aim}")
        self.structures = structures(facts, neutral_structures(self.structures, self.nameless_starts))
        self.goal, self.strategy = GOAL, ""
        name = "error of the predictions" if classes is None else "share of rows predicted right"
        self.metric = replace(self.metric, name=name)

    def run(self, session: Session, recorders: Sequence[Recorder]) -> None:
        """One call for each trial."""
        for slot, recorder in enumerate(recorders):
            division = self._divide(recorder.instance)
            words = summarized(division.words) if recorder.tracing else None
            [reply] = session.call([slot], [division.sent])
            last = session.program.components[-1][0]
            if failure := reply.failure:
                if failure.outcome == "contract_broken" and failure.component is None:
                    failure = msgspec.structs.replace(failure, component=last)
                recorder.fail(failure, words, reply.calls)
                continue
            try:
                predicted = self._read(reply.result, len(division.actual))
            except BadPredictions as error:
                failure = Failure("contract_broken", "ValueError", str(error), last)
                recorder.fail(failure, words, reply.calls)
                continue
            score, metrics = self.grade(division.actual, self._original(predicted))
            if suspicion := self.suspicion(score):
                suspicion = "no honest pipeline has such a score" if self.disguise is not None else suspicion
                recorder.fail(Failure("forbidden", "ImpossibleScore", suspicion, last), words, reply.calls)
                continue
            low, high = self.metric.bounds
            score = min(max(score, low), high)
            answer: dict[str, str] | None = None
            if recorder.tracing:
                actual = summary(self._sent(division.actual))
                answer = {"predicted": summary(predicted), "actual": actual}
                if recorder.instance.split == "train":
                    answer["errors"] = self._errors(division, predicted)
            recorder.step(words, reply.calls, answer and summarized(answer), score, session.reply_bytes)
            recorder.finish(score, ended=True, metrics={} if self.disguise is not None else metrics)

    def residuals(self, actual: NDArray[Any], predicted: NDArray[Any]) -> NDArray[Any]:
        """By how much each prediction is off, in what the score is computed from."""
        off: NDArray[Any] = predicted - actual
        return off

    def _errors(self, division: Division, predicted: NDArray[Any]) -> str:
        """Where the errors are, in the labels that the program knows."""
        actual = self._sent(division.actual)
        residuals = None
        if self.classes is None:
            residuals = self.residuals(division.actual, self._original(predicted))
        return where_errors_are(division.features, actual, predicted, residuals)

    def _read(self, result: Any, rows: int) -> NDArray[Any]:
        classes = self.classes if self.disguise is None else self.disguise.classes
        return read_numbers(result, rows) if classes is None else read_classes(result, rows, classes)

    def _sent(self, labels: NDArray[Any]) -> NDArray[Any]:
        return labels if self.disguise is None else self.disguise.labels(labels)

    def _original(self, labels: NDArray[Any]) -> NDArray[Any]:
        return labels if self.disguise is None else self.disguise.original(labels)

    def _divide(self, instance: Instance) -> Division:
        if instance not in self._divisions:
            if self._table is None:
                features, labels = self.load_table()
                self._table = (features if self.disguise is None else self.disguise.features(features)), labels
            features, labels = self._table
            learned, predicted = self.rows(instance, len(labels))
            x, test_data = (features.iloc[rows].reset_index(drop=True) for rows in (learned, predicted))
            y = self._sent(labels[learned])
            words = {"x": summary(x), "y": summary(y), "test_data": summary(test_data)}
            division = Division((Packed(x), Packed(y), Packed(test_data)), labels[predicted], test_data, words)
            self._divisions[instance] = division
        return self._divisions[instance]

    def rows(self, instance: Instance, total: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Positions in the table of the rows to learn from, and of those to predict."""
        import numpy as np

        order = np.random.default_rng(self.split_seed % 2**63).permutation(total)
        ends = [int(self._shares[0] * total), int((self._shares[0] + self._shares[1]) * total)]
        train, validation, test = np.split(order, ends)
        if instance.split == "train":
            folds = np.array_split(train, self._sizes["train"])
            held_out = folds.pop(instance.index)
            return np.concatenate(folds), held_out
        if instance.split == "validation":
            return train, validation
        return (np.concatenate([train, validation]) if self._refit else train), test
