"""Finding questions: in a checkout, in the copy, on the hub; and one clear sentence where there are none."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.extras import EXTRAS
from genopt_gym.envs.bbeh import data
from genopt_gym.envs.bbeh.data import QuestionsError
from genopt_gym.runs.config import Config
from tests.envs.bbeh.checkout import REAL, examples, make_checkout, needs_real_questions

REAL_COUNTS = {
    "boardgame_qa": 200,
    "boolean_expressions": 200,
    "causal_understanding": 200,
    "disambiguation_qa": 120,
    "dyck_languages": 200,
    "geometric_shapes": 200,
    "linguini": 200,
    "movie_recommendation": 200,
    "multistep_arithmetic": 200,
    "shuffled_objects": 200,
}


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No questions but those that a test brings, and no way to a hub."""
    monkeypatch.delenv(data.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, "datasets", hub_that_gives(None))


def hub_that_gives(splits: Any) -> ModuleType:
    """A stand-in for ``datasets``; without splits its hub cannot be reached."""
    module = ModuleType("datasets")
    module.asked = []  # type: ignore[attr-defined]

    def load_dataset(name: str) -> Any:
        module.asked.append(name)
        if splits is None:
            raise ConnectionError("Couldn't reach 'BBEH/bbeh' on the Hub\nand more lines")
        return splits

    module.load_dataset = load_dataset  # type: ignore[attr-defined]
    module.__spec__ = importlib.util.spec_from_loader("datasets", None)
    return module


def hub_rows(slugs: tuple[str, ...] = data.SLUGS) -> dict[str, dict[str, list[Any]]]:
    """As the hub has them: one table, tasks in turn, names with blanks."""
    rows = [(slug.replace("_", " "), e.input, e.target, 0) for slug in slugs for e in examples(slug, 4)]
    names = ("task", "input", "target", "mini")
    return {"train": {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}}


def test_every_task_loads_from_a_checkout(tmp_path: Path) -> None:
    folder = make_checkout(tmp_path, count=5)
    assert len(data.SLUGS) == 23
    for slug in data.SLUGS:
        assert data.load(slug, folder) == examples(slug, 5)


def test_a_whole_repository_will_do_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_checkout(tmp_path / "repository" / "bbeh", count=3)
    monkeypatch.setenv(data.VARIABLE, str(tmp_path / "repository"))
    assert len(data.load("nycc")) == 3
    assert data.status() == f"23 of 23 tasks in {tmp_path / 'repository'}"


def test_the_argument_goes_before_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(data.VARIABLE, make_checkout(tmp_path / "a", count=3))
    assert len(data.load("nycc", make_checkout(tmp_path / "b", count=4))) == 4


@pytest.mark.parametrize("by", ["argument", "variable"])
def test_a_named_folder_without_the_task_is_never_replaced(
    by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_checkout(data.copy_folder())
    folder = make_checkout(tmp_path / "partial", slugs=["nycc"])
    if by == "variable":
        monkeypatch.setenv(data.VARIABLE, folder)
    with pytest.raises(QuestionsError, match=r"there is no .*bbeh_linguini/task\.json: is .* a checkout"):
        data.load("linguini", folder if by == "argument" else None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is damaged"),
        (b'{"examples": [{"input": "q", "tar', "is damaged"),
        (b'{"examples": [{"input": "q"}]}', "target"),
        (b'{"examples": [{"input": "q", "target": 3}]}', "Expected `str`"),
        (b'{"examples": "none"}', "Expected `array`"),
        (b"[]", "Expected `object`"),
        (b"\xff\xfe{", "is damaged"),
        (b'{"examples": []}', "holds no question"),
    ],
)
def test_damaged_files(content: bytes, words: str, tmp_path: Path) -> None:
    folder = make_checkout(tmp_path, slugs=["nycc"])
    path = tmp_path / "benchmark_tasks" / "bbeh_nycc" / "task.json"
    path.write_bytes(content)
    with pytest.raises(QuestionsError, match=words) as caught:
        data.load("nycc", folder)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_absent_is_one_sentence_that_names_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    for reason, hub in (("Couldn't reach", hub_that_gives(None)), ("no BBEH questions", None)):
        monkeypatch.setitem(sys.modules, "datasets", hub)
        if hub is None:
            monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        with pytest.raises(UserError, match=reason) as caught:
            Config("GenOpt/BBEH-NYCC-v0", "random").make()
        message = str(caught.value)
        assert all(way in message for way in (data.VARIABLE, "data_dir=", data.REPOSITORY, "genopt-gym[hf]", data.HUB))
        assert "\n" not in message
    assert data.status().startswith("none in ")


def test_the_hub_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = hub_that_gives(hub_rows())
    monkeypatch.setitem(sys.modules, "datasets", hub)
    for slug in ("sarc_triples", "boardgame_qa", "sarc_triples"):
        assert data.load(slug) == examples(slug, 4)
    assert hub.asked == [data.HUB]
    assert data.status() == f"23 of 23 tasks in {data.copy_folder()}"
    assert not list(data.copy_folder().rglob("tmp*"))


def test_a_hub_that_holds_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", hub_that_gives(hub_rows(data.SLUGS[:-1])))
    with pytest.raises(QuestionsError, match="lacks the tasks zebra_puzzles"):
        data.load("nycc")
    monkeypatch.setitem(sys.modules, "datasets", hub_that_gives({"train": {"text": []}}))
    with pytest.raises(QuestionsError, match="has not the columns"):
        data.load("nycc")
    assert not data.copy_folder().exists()


def test_the_hub_as_datasets_gives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the real ``datasets`` makes of such a table is read the same."""
    monkeypatch.delitem(sys.modules, "datasets")
    datasets = pytest.importorskip("datasets")
    table = datasets.DatasetDict({name: datasets.Dataset.from_dict(rows) for name, rows in hub_rows().items()})
    monkeypatch.setattr(datasets, "load_dataset", lambda name: table)
    assert data.load("web_of_lies") == examples("web_of_lies", 4)


def test_doctor_names_the_extras() -> None:
    assert {"hf", "reasoning"} <= set(EXTRAS)


@needs_real_questions
def test_the_real_tasks_load() -> None:
    assert {slug: len(data.load(slug, REAL)) for slug in REAL_COUNTS} == REAL_COUNTS
    with pytest.raises(QuestionsError, match="there is no"):
        data.load("zebra_puzzles", REAL)


@needs_real_questions
def test_the_layout_is_the_real_one(tmp_path: Path) -> None:
    """What we write has the real files' form."""
    make_checkout(tmp_path, slugs=["nycc"], count=2)
    ours = json.loads((tmp_path / "benchmark_tasks" / "bbeh_nycc" / "task.json").read_text())
    real = json.loads((Path(REAL) / "benchmark_tasks" / "bbeh_linguini" / "task.json").read_text())
    assert set(ours) <= set(real)
    assert set(ours["examples"][0]) == set(real["examples"][0])
