"""House prices: what a house in Ames, Iowa, sold for, from 80 columns about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genopt_gym.core.task import Metric
from genopt_gym.envs.bundled import FIT, PREDICT, constant, modular
from genopt_gym.envs.mlagentbench import data
from genopt_gym.envs.tabular import Facts, TabularTask, structures

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FACTS = Facts(
    features="""\
A row is a sale of a house in Ames, Iowa, 2006 to 2010; 80 columns, areas in square feet:
- numbers such as LotArea, GrLivArea (living area), TotalBsmtSF, 1stFlrSF, 2ndFlrSF, GarageArea, GarageCars, FullBath,
  TotRmsAbvGrd, Fireplaces, YearBuilt, YearRemodAdd, MoSold, YrSold; OverallQual and OverallCond are grades 1 to 10;
  MSSubClass is a number that stands for a kind of dwelling; Id is a running number;
- texts such as Neighborhood, MSZoning, HouseStyle, Foundation, SaleCondition; those in Qual, Cond or QC are grades:
  Ex, Gd, TA, Fa, Po, from excellent to poor.
Missing values are NaN; in PoolQC, Alley, Fence, FireplaceQu, Garage... and Bsmt... that means there is none.""",
    labels="the price in US dollars, SalePrice, from about 35,000 to 755,000, with a long tail to the right.",
    predictions="""\
prices in dollars, above 0. They are judged by the root of the mean squared difference of natural logarithms: an error
of 10% counts the same for a cheap house and a dear one.""",
)
COLUMNS = """\
["MSSubClass", "LotArea", "OverallQual", "OverallCond", "YearBuilt", "YearRemodAdd", "1stFlrSF", "2ndFlrSF",
            "LowQualFinSF", "GrLivArea", "FullBath", "HalfBath", "BedroomAbvGr", "KitchenAbvGr", "TotRmsAbvGrd",
            "Fireplaces", "WoodDeckSF", "OpenPorchSF", "EnclosedPorch", "3SsnPorch", "ScreenPorch", "PoolArea",
            "MiscVal", "MoSold", "YrSold"]"""
STUBS = constant("180000.0")
WORKING = {
    "one_function": {
        "train_model": f"""\
from sklearn.ensemble import RandomForestRegressor


def train_model(x, y, test_data):
    names = {COLUMNS}
    model = RandomForestRegressor(random_state=1)
    return model.fit(x[names], y).predict(test_data[names])
"""
    },
    "modular": modular(
        """\
from sklearn.ensemble import RandomForestRegressor


def create_ensemble_model():
    return RandomForestRegressor(random_state=1)
""",
        FIT,
        PREDICT,
        select=f"""\
def select_features(x, y, test_data):
    names = {COLUMNS}
    return x[names], test_data[names]
""",
    ),
}
PARAMETRIC = modular(
    """\
from math import exp

from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor


def create_ensemble_model():
    return Ridge(alpha=exp(9.0)), KNeighborsRegressor(weights="distance")
""",
    """\
import numpy as np


def train_model(model, x, y):
    linear, near = model
    target = np.log(y)
    return linear.fit(x, target), near.fit(x, target)
""",
    """\
import numpy as np


def predict(model, test_data):
    linear, near = model
    share = np.tanh(abs(0.2))
    logarithm = share * linear.predict(test_data) + (True - share) * near.predict(test_data)
    return np.exp(logarithm + 0.1)
""",
    preprocess="""\
import numpy as np
import pandas as pd


def preprocess(x, test_data):
    both = pd.concat([x, test_data])
    numbers = both.select_dtypes("number")
    numbers = np.arcsinh(numbers.fillna(numbers.median()) * np.exp(-9.0))
    numbers = (numbers - numbers.mean()) / numbers.std()
    kinds = pd.get_dummies(both.select_dtypes(exclude="number"), dtype=float)
    table = pd.concat([numbers.clip(-abs(1.0), abs(1.0)), 4.0 * kinds], axis="columns").fillna(False)
    return table[: len(x)], table[len(x) :]
""",
)


class HousePrice(TabularTask):
    """Predict what houses in Ames, Iowa, sold for (Kaggle's "House Prices"; De Cock 2011).

    1,460 labelled rows of 80 features, numbers and texts, in US dollars and square feet. The score is the root mean
    squared error of the natural logarithm of the price, as on Kaggle. The mean absolute error, in dollars, and r2 are
    reported.

    Args:
        data_dir: the folder in which ``house-price/train.csv`` lies; see ``genopt_gym.envs.mlagentbench.data``.
        **others: as for any table, see ``TabularTask``.
    """

    family = "MLAgentBench"
    nameless_starts = ("parametric",)
    metric = Metric(
        name="root mean squared error of the natural logarithm of the price",
        low=3,
        high=0,
        floor=0.40,
        reference=0.12,
        solved=None,
        direction="minimize",
        sources={
            "floor": "standard deviation of the logarithm of the price: the best constant",
            "reference": "a pipeline with engineered columns and two blended models, measured here",
        },
    )
    goal = "Write a pipeline that learns from sales of houses what a house sells for, and predicts other sales."
    strategy = "Hint: prices vary by factors, not by sums; many texts are grades in disguise; areas can be added up."
    structures = structures(
        FACTS,
        {
            "one_function": {"stub": STUBS["one_function"], "working": WORKING["one_function"]},
            "modular": {"stub": STUBS["modular"], "working": WORKING["modular"], "parametric": PARAMETRIC},
        },
    )

    def __init__(self, *, data_dir: str | None = None, **others: Any) -> None:
        super().__init__(**others)
        self._data_dir = data_dir
        data.find(data.HOUSE_PRICE, data_dir)

    def load_table(self) -> tuple[pd.DataFrame, NDArray[Any]]:
        import numpy as np

        frame = data.read(data.HOUSE_PRICE, self._data_dir)
        return frame.drop(columns="SalePrice"), frame["SalePrice"].to_numpy(np.float64)

    def residuals(self, actual: NDArray[Any], predicted: NDArray[Any]) -> NDArray[Any]:
        import numpy as np

        error: NDArray[Any] = np.log(np.maximum(predicted, 1.0)) - np.log(actual)
        return error

    def grade(self, actual: NDArray[Any], predicted: NDArray[Any]) -> tuple[float, dict[str, float]]:
        import numpy as np

        error = self.residuals(actual, predicted)
        r2 = 1 - float(np.mean((actual - predicted) ** 2) / np.var(actual))
        metrics = {"mean absolute error": float(np.mean(np.abs(actual - predicted))), "r2": r2}
        return float(np.sqrt(np.mean(error**2))), metrics

    def staged(self, score: float) -> str:
        if score > 0.35:
            return "Hardly better than always predicting the same price: check that the model learns at all."
        if score > 0.2:
            return (
                "The pipeline learns something; give it the columns that matter most, and the logarithm of the price."
            )
        if score > 0.14:
            return "The main columns are used; look at missing values, at texts, and at the long tail of prices."
        return "What is left is in details, such as combined columns and blended models."
