"""A table under a disguise: neutral column names in another order, words for categories, other labels."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from genopt_gym.core.artifact import Structure
from genopt_gym.envs.disguise.words import Words

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MAX_CATEGORIES = 50
"""A column with no more different texts is one of categories; in others each run of letters gets its word."""
MAX_POWER = 3

GOAL = "Write a pipeline that learns from labelled rows of a table, and predicts the labels of others."
FEATURES = """\
The columns hold numbers, truth values or texts; what they mean is not told. Missing values, if any, are NaN."""
STUBS: Mapping[str, Mapping[str, str]] = {
    "one_function": {
        "train_model": "def train_model(x, y, test_data):\n    return [sorted(y)[len(y) // 2]] * len(test_data)\n"
    },
    "modular": {
        "preprocess": "def preprocess(x, test_data):\n    return x, test_data\n",
        "select_features": "def select_features(x, y, test_data):\n    return x, test_data\n",
        "create_ensemble_model": "def create_ensemble_model():\n    return None\n",
        "train_model": "def train_model(model, x, y):\n    return sorted(y)[len(y) // 2]\n",
        "predict": "def predict(model, test_data):\n    return [model] * len(test_data)\n",
    },
}
"""The middle label, whatever the row."""


class TableDisguise:
    """The disguise of one table.

    Args:
        number: which disguise, from 0; the same gives the same, anywhere.
        classes: the labels there are; None where labels are numbers on a scale.

    >>> disguise = TableDisguise(1, (False, True))
    >>> labels = np.array([True, False])
    >>> disguise.original(disguise.labels(labels)).tolist()
    [True, False]
    """

    def __init__(self, number: int, classes: tuple[Any, ...] | None) -> None:
        rng = random.Random(f"disguise {number}")
        self._words = Words(number)
        self._columns = f"columns of disguise {number}"
        self._known = classes
        self._codes = rng.sample(range(len(classes or ())), len(classes or ()))
        self._scale = 2.0 ** rng.choice([power for power in range(-MAX_POWER, MAX_POWER + 1) if power])

    @property
    def classes(self) -> tuple[int, ...] | None:
        """The labels there are, under the disguise."""
        return None if self._known is None else tuple(range(len(self._known)))

    def features(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table under neutral names, its columns in another order."""
        order = random.Random(self._columns).sample(list(table.columns), len(table.columns))
        return type(table)({self._words(str(name)): self._column(table[name]) for name in order})

    def labels(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Labels as they are sent: whole numbers for classes, else numbers on another scale."""
        if self._known is None:
            return labels * self._scale
        table = dict(zip(self._known, self._codes, strict=True))
        return np.array([table[label] for label in labels.tolist()], np.int64)

    def original(self, labels: NDArray[Any]) -> NDArray[Any]:
        """The labels that these stand for."""
        if self._known is None:
            scaled: NDArray[Any] = labels / self._scale
            return scaled
        table = np.asarray([self._known[self._codes.index(code)] for code in range(len(self._known))])
        return table[labels.astype(np.int64)]

    def _column(self, column: pd.Series[Any]) -> pd.Series[Any]:
        if column.dtype.kind in "biuf":
            return column
        say = self._words if column.nunique() <= MAX_CATEGORIES else self._words.within
        return column.map(lambda value: say(value) if isinstance(value, str) else value)


def neutral_structures(structures: Mapping[str, Structure], kept: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """The stub, and those implementations that name no column and no label."""
    return {
        name: {"stub": STUBS[name]} | {how: texts for how, texts in each.implementations.items() if how in kept}
        for name, each in structures.items()
    }
