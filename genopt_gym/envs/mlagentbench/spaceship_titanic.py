"""Spaceship Titanic: which passengers were transported to another dimension."""

from __future__ import annotations

from bisect import bisect_left
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
A row is a passenger of a spaceship. Columns, any but the first may be missing (NaN):
- PassengerId: a text, group_number; who travels together shares the group, and often a family name;
- HomePlanet, Destination: texts, three of each; Name: first and family name;
- CryoSleep, VIP: true or false; who is in cryosleep spends nothing;
- Cabin: a text, deck/number/side, the side P (port) or S (starboard);
- Age: in years; RoomService, FoodCourt, ShoppingMall, Spa, VRDeck: what was spent there.""",
    labels="booleans, whether the passenger was transported; about half of them were.",
    predictions="booleans. The score is the share of rows that are right.",
)
STUBS = constant("False")
COLUMNS = '["HomePlanet", "CryoSleep", "Destination", "VIP", "Deck", "Side"]'
WORKING = {
    "one_function": {
        "train_model": f"""\
import pandas as pd
from sklearn.linear_model import LogisticRegression


def train_model(x, y, test_data):
    tables = []
    for frame in (x, test_data):
        cabin = frame["Cabin"].str.split("/", expand=True)
        tables.append(pd.get_dummies(frame.assign(Deck=cabin[0], Side=cabin[2])[{COLUMNS}]))
    known, new = tables
    model = LogisticRegression()
    return model.fit(known, y).predict(new.reindex(columns=known.columns, fill_value=False))
"""
    },
    "modular": modular(
        """\
from sklearn.linear_model import LogisticRegression


def create_ensemble_model():
    return LogisticRegression()
""",
        FIT,
        PREDICT,
        preprocess="""\
def preprocess(x, test_data):
    frames = []
    for frame in (x, test_data):
        cabin = frame["Cabin"].str.split("/", expand=True)
        frames.append(frame.assign(Deck=cabin[0], Side=cabin[2]))
    return frames[0], frames[1]
""",
        select=f"""\
import pandas as pd


def select_features(x, y, test_data):
    names = {COLUMNS}
    known = pd.get_dummies(x[names])
    return known, pd.get_dummies(test_data[names]).reindex(columns=known.columns, fill_value=False)
""",
    ),
}
PARAMETRIC = modular(
    """\
from math import exp

from sklearn.linear_model import LogisticRegression


def create_ensemble_model():
    return LogisticRegression(C=exp(-6.0))
""",
    FIT,
    """\
def predict(model, test_data):
    return model.decision_function(test_data) > 0.4
""",
    preprocess="""\
import numpy as np
import pandas as pd


def preprocess(x, test_data):
    both = pd.concat([x, test_data])
    pleasure = np.arcsinh((both["RoomService"] + both["Spa"] + both["VRDeck"]).fillna(0.0) * np.exp(-7.0))
    goods = np.arcsinh((both["FoodCourt"] + both["ShoppingMall"]).fillna(0.0) * np.exp(-7.0))
    young = np.exp(-both["Age"].fillna(both["Age"].median()) / np.exp(5.0))
    flags = both[["CryoSleep", "VIP"]].eq(True)
    kinds = pd.get_dummies(both[["HomePlanet", "Destination"]]).assign(deck=both["Cabin"].str.slice(stop=True))
    kinds = pd.get_dummies(kinds, columns=["deck"], dtype=float)
    numbers = pd.DataFrame({"pleasure": 0.3 * pleasure, "goods": -0.3 * goods, "young": 0.3 * young})
    table = pd.concat([numbers, 0.2 * flags, 0.5 * kinds], axis="columns")
    return table[: len(x)], table[len(x) :]
""",
)


class SpaceshipTitanic(TabularTask):
    """Predict which passengers were transported (Kaggle's "Spaceship Titanic"; its data are made up).

    8,693 labelled rows of 13 features: texts, truth values and numbers, some missing. The score is the accuracy, a
    share of rows; F1, precision and recall are reported, and, given a leaderboard, the percentage of its scores that
    the accuracy beats. The labelled rows are easier or harder than Kaggle's own test by chance only.

    Args:
        data_dir: the folder in which ``spaceship-titanic/train.csv`` lies; see ``genopt_gym.envs.mlagentbench.data``.
        leaderboard: a CSV file with a column ``score``.
        **others: as for any table, see ``TabularTask``.
    """

    family = "MLAgentBench"
    classes = (False, True)
    metric = Metric(
        name="share of passengers predicted right",
        low=0,
        high=1,
        floor=0.504,
        reference=0.81,
        solved=None,
        sources={
            "floor": "the more frequent label, of all rows",
            "reference": "a pipeline with engineered columns and five boosted models, measured here",
        },
    )
    goal = "Write a pipeline that learns which passengers of a spaceship were transported, and predicts it for others."
    strategy = "Hint: what passengers spent tells much, and so does where in the ship they were and with whom."
    structures = structures(
        FACTS,
        {
            "one_function": {"stub": STUBS["one_function"], "working": WORKING["one_function"]},
            "modular": {"stub": STUBS["modular"], "working": WORKING["modular"], "parametric": PARAMETRIC},
        },
    )

    def __init__(self, *, data_dir: str | None = None, leaderboard: str | None = None, **others: Any) -> None:
        super().__init__(**others)
        self._data_dir = data_dir
        self._leaderboard = sorted(data.read_leaderboard(leaderboard)) if leaderboard is not None else []
        data.find(data.SPACESHIP_TITANIC, data_dir)

    def load_table(self) -> tuple[pd.DataFrame, NDArray[Any]]:
        frame = data.read(data.SPACESHIP_TITANIC, self._data_dir)
        return frame.drop(columns="Transported"), frame["Transported"].to_numpy(bool)

    def grade(self, actual: NDArray[Any], predicted: NDArray[Any]) -> tuple[float, dict[str, float]]:
        import numpy as np

        accuracy = float(np.mean(actual == predicted))
        hits = int(np.sum(actual & predicted))
        precision = hits / max(int(np.sum(predicted)), 1)
        recall = hits / max(int(np.sum(actual)), 1)
        f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
        metrics = {"F1": f1, "precision": precision, "recall": recall}
        if self._leaderboard:
            beaten = bisect_left(self._leaderboard, accuracy)
            metrics["Kaggle percentile"] = 100 * beaten / len(self._leaderboard)
        return accuracy, metrics

    def staged(self, score: float) -> str:
        if score < 0.55:
            return "Hardly better than one label for all: check that the model learns at all."
        if score < 0.75:
            return "The pipeline learns something; give it more of the columns."
        if score < 0.8:
            return "The main columns are used; take texts apart, and look at what passengers spent."
        return "What is left is in details, such as groups and blended models."
