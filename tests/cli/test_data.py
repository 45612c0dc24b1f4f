"""``genopt data fetch``, with stand-ins for Kaggle and openml: nothing is asked of either."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from genopt_gym.cli.data import fetch
from genopt_gym.core.errors import UserError
from genopt_gym.envs.mlagentbench.data import CHECKSUM, FILE, HOUSE_PRICE, find
from tests.helpers import tables


@pytest.fixture
def kaggle(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was asked of a Kaggle that hands out made-up tables."""
    asked: list[tuple[str, str]] = []
    module: Any = ModuleType("kagglehub")

    def competition_download(name: str, path: str) -> str:
        asked.append((name, path))
        if name == "spaceship-titanic":
            raise PermissionError("403 Client Error\nlong explanation")
        return str(tables.folder() / "house-price" / FILE)

    module.competition_download = competition_download
    monkeypatch.setitem(sys.modules, "kagglehub", module)
    return asked


def test_fetched_table_is_found_and_not_fetched_again(
    kaggle: list[tuple[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        fetch("house-price", folder=tmp_path)
    assert kaggle == [("house-prices-advanced-regression-techniques", FILE)]
    assert find(HOUSE_PRICE, str(tmp_path)) == tmp_path / "house-price" / FILE
    assert sorted(path.name for path in (tmp_path / "house-price").iterdir()) == [FILE, CHECKSUM]
    said = capsys.readouterr().out
    assert "not byte for byte the file that Kaggle hands out" in said
    assert "is there already" in said


def test_default_is_the_cache_folder(
    kaggle: list[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("GENOPT_DATA", raising=False)
    fetch("house-price")
    assert find(HOUSE_PRICE) == tmp_path / "genopt_gym" / "house-price" / FILE


def test_what_cannot_be_fetched_is_told(kaggle: list[tuple[str, str]], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no table 'titanic' to fetch; there are house-price, spaceship-titanic"):
        fetch("titanic")
    with pytest.raises(UserError, match="kaggle or openml, not from 'web'"):
        fetch("house-price", "web")
    with pytest.raises(UserError, match=r"PermissionError: 403 Client Error \(sign in .*join the competition"):
        fetch("spaceship-titanic", folder=tmp_path)
    with pytest.raises(UserError, match="is not on openml"):
        fetch("spaceship-titanic", "openml", tmp_path)
    assert list((tmp_path / "spaceship-titanic").iterdir()) == []


def test_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(UserError, match=r"genopt-gym\[kaggle\]'; or fetch from openml"):
        fetch("house-price", folder=tmp_path)


def test_openml_gives_house_prices(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed (extra ml)")
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed (extra ml)")
    frame = pandas.read_csv(tables.folder() / "house-price" / FILE)

    class Bunch:
        def __init__(self, frame: Any) -> None:
            self.frame = frame

    monkeypatch.setattr(datasets, "fetch_openml", lambda **_: Bunch(frame))
    fetch("house-price", "openml", tmp_path)
    again = pandas.read_csv(find(HOUSE_PRICE, str(tmp_path)))
    assert again.equals(frame)
    monkeypatch.setattr(datasets, "fetch_openml", lambda **_: Bunch(frame.drop(columns="SalePrice")))
    with pytest.raises(UserError, match=r"what openml sent is not .*house-price: .* lacks the column SalePrice"):
        fetch("house-price", "openml", tmp_path / "other")
