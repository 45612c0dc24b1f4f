"""Tables that need no download: Friedman's function with noise, and the digits that come with scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.tabular import Facts, TabularTask, structures

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

PASS_ON = """\
def preprocess(x, test_data):
    return x, test_data
"""
ALL_COLUMNS = """\
def select_features(x, y, test_data):
    return x, test_data
"""


def modular(
    model: str, train: str, predict: str, preprocess: str = PASS_ON, select: str = ALL_COLUMNS
) -> dict[str, str]:
    """Texts of the five components, by name."""
    return {
        "preprocess": preprocess,
        "select_features": select,
        "create_ensemble_model": model,
        "train_model": train,
        "predict": predict,
    }


FIT = """\
def train_model(model, x, y):
    return model.fit(x, y)
"""
PREDICT = """\
def predict(model, test_data):
    return model.predict(test_data)
"""
NO_MODEL = """\
def create_ensemble_model():
    return None
"""
NO_FIT = """\
def train_model(model, x, y):
    return model
"""


def constant(value: str) -> Mapping[str, Mapping[str, str]]:
    """The stubs of both structures: the same prediction for every row."""
    array = f"np.full(len(test_data), {value})"
    return {
        "one_function": {
            "train_model": f"import numpy as np\n\n\ndef train_model(x, y, test_data):\n    return {array}\n"
        },
        "modular": modular(
            NO_MODEL, NO_FIT, f"import numpy as np\n\n\ndef predict(model, test_data):\n    return {array}\n"
        ),
    }


FRIEDMAN_ROWS = 1000
NOISE = 1.0
FRIEDMAN_FACTS = Facts(
    features="""\
Columns x0 to x9 are numbers from 0 to 1, none missing, drawn independently. Not all of them matter.""",
    labels="the target, a smooth function of some columns, with interactions, plus normal noise of deviation 1.",
    predictions="""\
numbers on the scale of y. They are judged by the root of the mean squared error against values that have the noise
too, so that none can do better than about 1.""",
)
FRIEDMAN_STUBS = constant("14.0")


class Friedman(TabularTask):
    """Regression on Friedman's first function (Friedman 1991, doi 10.1214/aos/1176347963).

    Columns ``x0`` to ``x9`` are uniform on [0, 1]; the target is 10 sin(pi x0 x1) + 20 (x2 - 0.5)^2 + 10 x3 + 5 x4
    plus normal noise of standard deviation 1: no honest pipeline has a root mean squared error below about 1.
    1,000 rows, drawn anew for each ``split_seed``.
    """

    family = "Tabular"
    nameless_starts = ("working", "parametric")
    metric = Metric(
        name="root mean squared error of the predictions",
        low=20,
        high=0,
        floor=5.0,
        reference=1.1,
        solved=None,
        record=1.03491,
        direction="minimize",
        sources={
            "record": RECORD,
            "floor": "standard deviation of the target: the best constant",
            "reference": "the true function scores 1.0 (its noise); 1.1 leaves room for what has to be learned",
        },
    )
    goal = "Write a pipeline that learns a function of ten numbers from noisy examples, and predicts it for new ones."
    strategy = "Hint: linear models miss what two columns do together; columns that do not matter add noise."
    structures = structures(
        FRIEDMAN_FACTS,
        {
            "one_function": {
                "stub": FRIEDMAN_STUBS["one_function"],
                "working": {
                    "train_model": """\
from sklearn.ensemble import RandomForestRegressor


def train_model(x, y, test_data):
    model = RandomForestRegressor(n_estimators=50, random_state=1)
    return model.fit(x, y).predict(test_data)
"""
                },
            },
            "modular": {
                "stub": FRIEDMAN_STUBS["modular"],
                "working": modular(
                    """\
from sklearn.ensemble import RandomForestRegressor


def create_ensemble_model():
    return RandomForestRegressor(n_estimators=50, random_state=1)
""",
                    FIT,
                    PREDICT,
                ),
                "parametric": modular(
                    """\
from math import exp

from sklearn.kernel_ridge import KernelRidge


def create_ensemble_model():
    return KernelRidge(kernel="rbf", gamma=exp(2.0), alpha=exp(1.0))
""",
                    """\
def train_model(model, x, y):
    return model.fit(x, y - y.mean()), y.mean()
""",
                    """\
def predict(model, test_data):
    fitted, mean = model
    return mean + fitted.predict(test_data)
""",
                    select="""\
def select_features(x, y, test_data):
    weights = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    return x * weights, test_data * weights
""",
                ),
            },
        },
    )

    def load_table(self) -> tuple[pd.DataFrame, NDArray[Any]]:
        import pandas as pd

        draw = np.random.default_rng([self.split_seed % 2**63, 1991])
        x = draw.random((FRIEDMAN_ROWS, 10))
        y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
        y += NOISE * draw.standard_normal(FRIEDMAN_ROWS)
        return pd.DataFrame(x, columns=[f"x{i}" for i in range(10)]), y

    def grade(self, actual: NDArray[Any], predicted: NDArray[Any]) -> tuple[float, dict[str, float]]:
        error = float(np.sqrt(np.mean((actual - predicted) ** 2)))
        r2 = 1 - error**2 / float(np.var(actual))
        return error, {"mean absolute error": float(np.mean(np.abs(actual - predicted))), "r2": r2}

    def suspicion(self, score: float) -> str:
        # 5 standard errors of what the noise alone leaves in the smallest sets of rows there are.
        if score > 0.6 * NOISE:
            return ""
        return "the predictions hold the noise too, which cannot be known from the features: were the rows drawn again?"

    def staged(self, score: float) -> str:
        if score > 3:
            return "Little is explained yet: a constant has an error of about 5, the noise alone 1."
        if score > 1.5:
            return "The large effects are found; look for what columns do together; leave out those without use."
        return "Close to 1.0, the noise, which nobody can predict."


DIGITS_FACTS = Facts(
    features="""\
A row is a drawing of 8 x 8 pixels; column pixel_3_5 is row 3, column 5, counted from 0 at the upper left: whole
numbers from 0 (white) to 16 (black), none missing.""",
    labels="the digit that was written, 0 to 9, as an integer. The ten are about equally frequent.",
    predictions="digits, 0 to 9. The score is the share of rows that are right.",
)
DIGITS_STUBS = constant("3")


class Digits(TabularTask):
    """Classification of handwritten digits (Alpaydin and Kaynak 1998, doi 10.24432/C50P49; scikit-learn's copy).

    1,797 rows of 64 whole numbers from 0 to 16, columns ``pixel_<row>_<column>``; the label is the digit.
    """

    family = "Tabular"
    nameless_starts = ("working", "parametric")
    classes = tuple(range(10))
    metric = Metric(
        name="share of digits recognised",
        low=0,
        high=1,
        floor=0.1,
        reference=0.99,
        solved=None,
        sources={"floor": "ten classes, about equally frequent", "reference": "a tuned kernel machine, measured here"},
    )
    goal = "Write a pipeline that learns to recognise handwritten digits from small drawings, and recognises new ones."
    strategy = "Hint: what matters is how alike two drawings are as a whole; no single pixel decides."
    structures = structures(
        DIGITS_FACTS,
        {
            "one_function": {
                "stub": DIGITS_STUBS["one_function"],
                "working": {
                    "train_model": """\
from sklearn.linear_model import LogisticRegression


def train_model(x, y, test_data):
    model = LogisticRegression(max_iter=500)
    return model.fit(x, y).predict(test_data)
"""
                },
            },
            "modular": {
                "stub": DIGITS_STUBS["modular"],
                "working": modular(
                    """\
from sklearn.linear_model import LogisticRegression


def create_ensemble_model():
    return LogisticRegression(max_iter=500)
""",
                    FIT,
                    PREDICT,
                ),
                "parametric": modular(
                    """\
from math import exp

from sklearn.svm import SVC


def create_ensemble_model():
    return SVC(gamma=exp(-1.0), C=exp(-2.0))
""",
                    FIT,
                    PREDICT,
                    preprocess="""\
def preprocess(x, test_data):
    def ink(frame):
        return (frame * 0.06).abs() ** abs(0.2)

    return ink(x), ink(test_data)
""",
                ),
            },
        },
    )

    def load_table(self) -> tuple[pd.DataFrame, NDArray[Any]]:
        import pandas as pd
        from sklearn.datasets import load_digits

        pixels, digits = load_digits(return_X_y=True)
        names = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
        return pd.DataFrame(pixels.astype(np.int64), columns=names), digits.astype(np.int64)

    def grade(self, actual: NDArray[Any], predicted: NDArray[Any]) -> tuple[float, dict[str, float]]:
        recalls = [float(np.mean(predicted[actual == digit] == digit)) for digit in np.unique(actual)]
        return float(np.mean(actual == predicted)), {"worst digit's recall": min(recalls)}

    def staged(self, score: float) -> str:
        if score < 0.5:
            return "Most digits are not recognised."
        if score < 0.95:
            return "Most digits are recognised; compare drawings as a whole."
        return "Nearly all digits are recognised; what is left are unclear drawings."
