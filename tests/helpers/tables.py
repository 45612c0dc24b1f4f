"""Made-up tables in the form of Kaggle's two, written to a folder once per test run: no competition data is needed."""

from __future__ import annotations

import atexit
import csv
import random
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from genopt_gym.core.task import Task, TaskSpec
from genopt_gym.envs.mlagentbench.data import FILE, HOUSE_PRICE, SPACESHIP_TITANIC
from genopt_gym.envs.mlagentbench.house_price import HousePrice
from genopt_gym.envs.mlagentbench.spaceship_titanic import SpaceshipTitanic
from genopt_gym.evaluation import Evaluator

GRADES = ("Ex", "Gd", "TA", "Fa", "Po", "NA")
TEXTS = {
    "MSZoning",
    "Street",
    "Alley",
    "LotShape",
    "LandContour",
    "Utilities",
    "LotConfig",
    "LandSlope",
    "Neighborhood",
}
TEXTS |= {"Condition1", "Condition2", "BldgType", "HouseStyle", "RoofStyle", "RoofMatl", "Exterior1st", "Exterior2nd"}
TEXTS |= {"MasVnrType", "Foundation", "BsmtExposure", "BsmtFinType1", "BsmtFinType2", "Heating", "CentralAir", "Fence"}
TEXTS |= {"Electrical", "Functional", "GarageType", "GarageFinish", "PavedDrive", "MiscFeature", "SaleType"}
TEXTS |= {"SaleCondition"}
GRADED = {"ExterQual", "ExterCond", "BsmtQual", "BsmtCond", "HeatingQC", "KitchenQual", "FireplaceQu", "GarageQual"}
GRADED |= {"GarageCond", "PoolQC"}


@cache
def folder() -> Path:
    """``<folder>/house-price/train.csv`` and ``<folder>/spaceship-titanic/train.csv``, 200 rows each."""
    root = Path(tempfile.mkdtemp(prefix="genopt-tables-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    for table, rows in ((HOUSE_PRICE, houses(200)), (SPACESHIP_TITANIC, passengers(200))):
        (root / table.name).mkdir()
        write(root / table.name / FILE, list(table.columns), rows)
    return root


def evaluator_of(task: type[Task], **arguments: Any) -> Evaluator:
    """An evaluator that may see every split, of a task on made-up tables."""
    where = {"data_dir": str(folder())} if task in (HousePrice, SpaceshipTitanic) else {}
    spec = TaskSpec(f"{task.__module__}:{task.__name__}", {**where, **arguments})
    return Evaluator(spec, splits=("train", "validation", "test"))


def write(path: Path, columns: list[str], rows: list[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def houses(count: int, seed: int = 0) -> list[dict[str, object]]:
    draw = random.Random(seed)
    rows = []
    for number in range(1, count + 1):
        row: dict[str, object] = {}
        for name in HOUSE_PRICE.columns:
            if name in TEXTS:
                row[name] = draw.choice(["A", "B", "C", "D"]) if draw.random() > 0.05 else "NA"
            elif name in GRADED:
                row[name] = draw.choice(GRADES)
            else:
                row[name] = draw.randint(0, 1500)
        quality, area = draw.randint(1, 10), draw.randint(500, 3000)
        row |= {"Id": number, "OverallQual": quality, "GrLivArea": area, "YearBuilt": draw.randint(1900, 2010)}
        row["LotFrontage"] = draw.randint(20, 100) if draw.random() > 0.2 else "NA"
        row["SalePrice"] = round(8000 * quality + 60 * area * draw.uniform(0.9, 1.1))
        rows.append(row)
    return rows


def passengers(count: int, seed: int = 0) -> list[dict[str, object]]:
    draw = random.Random(seed)
    rows = []
    for number in range(1, count + 1):
        asleep = draw.random() < 0.4
        spent = {n: 0.0 if asleep else float(draw.randint(0, 900)) for n in ("RoomService", "FoodCourt", "Spa")}
        row: dict[str, object] = {
            "PassengerId": f"{number:04}_01",
            "HomePlanet": draw.choice(["Earth", "Europa", "Mars"]),
            "CryoSleep": asleep,
            "Cabin": f"{draw.choice('ABCDEFG')}/{draw.randint(0, 300)}/{draw.choice('PS')}",
            "Destination": draw.choice(["TRAPPIST-1e", "55 Cancri e", "PSO J318.5-22"]),
            "Age": draw.randint(0, 79),
            "VIP": draw.random() < 0.05,
            **spent,
            "ShoppingMall": 0.0,
            "VRDeck": 0.0 if asleep else float(draw.randint(0, 900)),
            "Name": f"{draw.choice(['Ada', 'Bea', 'Cy'])} {draw.choice(['Moor', 'Nash', 'Orr'])}",
            "Transported": (asleep or draw.random() < 0.2) == (draw.random() < 0.9),
        }
        for name in ("HomePlanet", "CryoSleep", "Cabin", "Age", "VIP", "Spa", "Name"):
            if draw.random() < 0.03:
                row[name] = ""
        rows.append(row)
    return rows
