"""Where tables are looked for, and what is said of those that are missing or damaged."""

from __future__ import annotations

import hashlib
from pathlib import Path

import gymnasium as gym
import pytest

from genopt_gym.envs.mlagentbench import data
from genopt_gym.envs.mlagentbench.data import CHECKSUM, FILE, HOUSE_PRICE, SPACESHIP_TITANIC, VARIABLE, DataError, find
from tests.helpers import tables

HOUSE = "GenOpt/MLAgentBench-HousePrice-v0"


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, and no data anywhere else."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def put(folder: Path, text: str | bytes, table: str = "house-price") -> Path:
    path = folder / table / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def good_text() -> str:
    return (tables.folder() / "house-price" / FILE).read_text(encoding="utf-8")


def test_order_of_places(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"in \$GENOPT_DATA or in .*`genopt data fetch house-price`"):
        find(HOUSE_PRICE)
    cached = put(data.cache_folder(), good_text())
    assert find(HOUSE_PRICE) == cached
    named = put(alone / "named" / "mlagentbench", good_text())
    monkeypatch.setenv(VARIABLE, str(alone / "named"))
    assert find(HOUSE_PRICE) == named
    passed = put(alone / "passed", good_text())
    assert find(HOUSE_PRICE, str(alone / "passed")) == passed
    with pytest.raises(DataError, match=r"is not in .*elsewhere: put Kaggle's"):
        find(HOUSE_PRICE, str(alone / "elsewhere"))


def test_missing_table_is_told_when_the_environment_is_made(alone: Path) -> None:
    with pytest.raises(DataError, match="house-prices-advanced-regression-techniques"):
        gym.make(HOUSE)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text.replace("OverallQual", "Quality", 1), "lacks the column OverallQual"),
        (lambda text: text.replace(",SalePrice", "", 1), "lacks the column SalePrice: is it Kaggle's"),
        (lambda text: text.replace(",", ";"), "one column only.*separated by commas"),
        (lambda text: text.replace(",", "\t"), "one column only.*separated by commas"),
        (lambda text: text.splitlines()[0] + "\n", "has no rows"),
        (lambda text: "\n".join(text.splitlines()[:5]), "has 4 rows; it needs 20"),
        (lambda text: "", "lacks the column Id"),
        (lambda text: b"\xff\xfe\x00broken", "cannot be read as a table"),
        (lambda text: "a,b\n1,2\n", "lacks the column Id, MSSubClass, .* and 76 more"),
    ],
)
def test_damaged_table_is_told(alone: Path, damage: object, words: str) -> None:
    assert callable(damage)
    put(alone, damage(good_text()))
    with pytest.raises(DataError, match=words):
        gym.make(HOUSE, data_dir=str(alone))


def test_checksum_is_held_against_what_was_fetched(alone: Path) -> None:
    path = put(alone, good_text())
    beside = path.with_name(CHECKSUM)
    beside.write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {FILE}\n", encoding="utf-8")
    assert find(HOUSE_PRICE, str(alone)) == path
    put(alone, good_text() + good_text().splitlines()[1] + "\n")
    with pytest.raises(DataError, match="its checksum is another"):
        find(HOUSE_PRICE, str(alone))


def test_label_that_is_missing_is_told(alone: Path) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed (extra ml)")
    lines = good_text().splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ","
    put(alone, "\n".join(lines))
    with pytest.raises(DataError, match="rows without a label in the column SalePrice"):
        data.read(HOUSE_PRICE, str(alone))


@pytest.mark.parametrize("text", ["", "rank,points\n1,2\n", "rank,score\n1,high\n", "rank,score\n"])
def test_leaderboard_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "leaderboard.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"leaderboard .*(cannot be read|has no rows)"):
        data.read_leaderboard(str(path))
    with pytest.raises(DataError, match="cannot be read"):
        gym.make(
            "GenOpt/MLAgentBench-SpaceshipTitanic-v0", data_dir=str(tables.folder()), leaderboard=str(tmp_path / "none")
        )


def test_columns_are_as_many_as_there_are() -> None:
    assert (len(HOUSE_PRICE.columns), len(SPACESHIP_TITANIC.columns)) == (81, 14)
