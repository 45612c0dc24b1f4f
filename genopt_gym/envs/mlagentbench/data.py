"""Where competition data lies, and whether it is what it should be. It is the user's own: none comes with genopt_gym.

Looked for in ``data_dir``, then in ``$GENOPT_DATA``, then where ``genopt data fetch`` puts it; in each as
``<table>/train.csv`` or ``mlagentbench/<table>/train.csv``.
"""

from __future__ import annotations

import csv
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from genopt_gym.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

FILE = "train.csv"
CHECKSUM = "train.csv.sha256"
VARIABLE = "GENOPT_DATA"


class DataError(UserError):
    """Data are missing or damaged; the message says which, and what to do."""


class DataMissing(DataError):
    """Data are nowhere they are looked for."""


@dataclass(frozen=True)
class CompetitionTable:
    """A competition's labelled table.

    Attributes:
        name: of its folder.
        competition: Kaggle's name for it.
        label: the column to predict.
        names: of all columns that must be there, the label too, in the competition's order; separated by spaces.
        sha256: of the file that Kaggle hands out.
        openml: name and version of the same table there, if it is.
    """

    name: str
    competition: str
    label: str
    names: str
    sha256: str
    openml: tuple[str, int] | None = None

    @property
    def columns(self) -> list[str]:
        return self.names.split()


HOUSE_PRICE = CompetitionTable(
    name="house-price",
    competition="house-prices-advanced-regression-techniques",
    label="SalePrice",
    names=(
        "Id MSSubClass MSZoning LotFrontage LotArea Street Alley LotShape LandContour Utilities LotConfig "
        "LandSlope Neighborhood Condition1 Condition2 BldgType HouseStyle OverallQual OverallCond YearBuilt "
        "YearRemodAdd RoofStyle RoofMatl Exterior1st Exterior2nd MasVnrType MasVnrArea ExterQual ExterCond "
        "Foundation BsmtQual BsmtCond BsmtExposure BsmtFinType1 BsmtFinSF1 BsmtFinType2 BsmtFinSF2 BsmtUnfSF "
        "TotalBsmtSF Heating HeatingQC CentralAir Electrical 1stFlrSF 2ndFlrSF LowQualFinSF GrLivArea "
        "BsmtFullBath BsmtHalfBath FullBath HalfBath BedroomAbvGr KitchenAbvGr KitchenQual TotRmsAbvGrd "
        "Functional Fireplaces FireplaceQu GarageType GarageYrBlt GarageFinish GarageCars GarageArea "
        "GarageQual GarageCond PavedDrive WoodDeckSF OpenPorchSF EnclosedPorch 3SsnPorch ScreenPorch PoolArea "
        "PoolQC Fence MiscFeature MiscVal MoSold YrSold SaleType SaleCondition SalePrice"
    ),
    sha256="1e18addf81e5e4d347cc17ee6075bbe4a42b7fa26b9e5b063e8f692a5f929d41",
    openml=("house_prices", 1),
)
SPACESHIP_TITANIC = CompetitionTable(
    name="spaceship-titanic",
    competition="spaceship-titanic",
    label="Transported",
    names=(
        "PassengerId HomePlanet CryoSleep Cabin Destination Age VIP RoomService FoodCourt ShoppingMall Spa "
        "VRDeck Name Transported"
    ),
    sha256="17336d553f49ebdf6ecb266d2b5d3746e5dd308445f7c7864141c4f28d2a88d0",
)
TABLES = {table.name: table for table in (HOUSE_PRICE, SPACESHIP_TITANIC)}


def cache_folder() -> Path:
    """Where fetched data is kept: ``$XDG_CACHE_HOME/genopt_gym``, by default beneath ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "genopt_gym"


def find(table: CompetitionTable, data_dir: str | None = None) -> Path:
    """The table's file; looked at, as far as can be without reading it all in.

    Raises:
        DataMissing: it is nowhere.
        DataError: it is not what it should be.
    """
    named = [data_dir] if data_dir is not None else [os.environ.get(VARIABLE) or None, str(cache_folder())]
    for folder in named:
        for middle in ("", "mlagentbench"):
            path = Path(folder or os.devnull, middle, table.name, FILE)
            if path.is_file():
                check(table, path)
                return path
    where = f"in {data_dir}" if data_dir is not None else f"in ${VARIABLE} or in {cache_folder()}"
    raise DataMissing(
        f"the table {table.name} is not {where}: put Kaggle's {FILE} of the competition {table.competition} into a "
        f"folder DIR/{table.name} and name it by data_dir=DIR or {VARIABLE}=DIR, or `genopt data fetch {table.name}`"
    )


def check(table: CompetitionTable, path: Path) -> None:
    """Look at header, rows and checksum.

    Raises:
        DataError: columns or rows are missing, or the file is not what was fetched.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            rows = sum(1 for row in reader if row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table: {error}") from None
    missing = [name for name in table.columns if name not in header]
    if len(header) == 1 and len(missing) > 1:
        raise DataError(f"{path} has one column only, {header[0][:60]!r}: its values must be separated by commas")
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise DataError(f"{path} lacks the column {', '.join(missing[:5])}{more}: is it Kaggle's {FILE}, with labels?")
    if rows < 20:
        raise DataError(f"{path} has {rows or 'no'} rows; it needs 20 at least, to be divided")
    beside = path.with_name(CHECKSUM)
    if beside.is_file() and beside.read_text(encoding="utf-8").split()[:1] != [checksum(path)]:
        raise DataError(f"{path} is not the file that was fetched (its checksum is another): fetch it again")


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(table: CompetitionTable, data_dir: str | None) -> pd.DataFrame:
    """The table, its columns in the competition's order.

    Raises:
        DataError: as ``find``; or a label is missing.
    """
    import pandas as pd

    path = find(table, data_dir)
    frame = pd.read_csv(path)[list(table.columns)]
    if frame[table.label].isna().any():
        raise DataError(f"{path} has rows without a label in the column {table.label}")
    return frame


def read_leaderboard(path: str) -> list[float]:
    """The scores of a leaderboard file: those in its column ``score``, or ``Score``.

    Raises:
        DataError: there is no such file or column.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [{key.lower(): value for key, value in row.items() if key} for row in csv.DictReader(file)]
        scores = [float(row["score"]) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise DataError(f"the leaderboard {path} cannot be read, it needs a column `score`: {error!r}") from None
    if not scores:
        raise DataError(f"the leaderboard {path} has no rows")
    return scores
