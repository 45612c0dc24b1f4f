"""What a task, a function or an agent of the user's own is made of: every way in which it can change is seen."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.sources import SourcesChanged, changed_since, check_imported, differing, sources_of

FILES = {
    "staleness_score.py": (
        "import staleness_helper\nfrom staleness_package import part\n\nLIMIT = 3\n\n\n"
        "def score(workflow, seed):\n    from staleness_late import late\n    import importlib\n"
        "    named = importlib.import_module('staleness_named')\n    return LIMIT\n"
    ),
    "staleness_helper.py": "from staleness_further import further\n",
    "staleness_further.py": "def further():\n    return 1\n",
    "staleness_late.py": "def late():\n    return 1\n",
    "staleness_named.py": "VALUE = 1\n",
    "staleness_package/__init__.py": "SETTING = 1\n",
    "staleness_package/part.py": "from . import sibling\n",
    "staleness_package/sibling.py": "ANSWER = 1\n",
    "staleness_component.py": "def say():\n    return 1\n",
    "staleness_agent.py": "class Mine:\n    pass\n",
    "staleness_rule.py": "class Patient:\n    pass\n",
    "rows.csv": "question,answer\n1+1,2\n",
}
VALUES: dict[str, Any] = {
    "function": "staleness_score:score",
    "components": ["staleness_component:say"],
    "accept": "staleness_rule:Patient",
    "agent": "staleness_agent:Mine",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The files, where modules are found."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("staleness_")]:
        del sys.modules[name]


def now(folder: Path) -> dict[str, str]:
    return sources_of(VALUES, files=[str(folder / "rows.csv")])


@pytest.mark.parametrize("file", FILES)
def test_an_edit_of_any_file_is_seen_and_named(folder: Path, file: str) -> None:
    before = now(folder)
    assert len(before) == len(FILES)
    assert changed_since(before) == []
    (folder / file).write_text((folder / file).read_text().replace("1", "2").replace("pass", "x = 1").replace("3", "4"))
    (folder / file).write_text((folder / file).read_text() + "\n")
    assert changed_since(before) == [file] == differing(before, now(folder))


def test_a_file_that_is_gone_is_named_and_one_that_is_new_too(folder: Path) -> None:
    before = now(folder)
    (folder / "staleness_late.py").unlink()
    assert changed_since(before) == ["staleness_late.py"]
    (folder / "staleness_late.py").write_text("import staleness_new\n")
    (folder / "staleness_new.py").write_text("")
    assert differing(before, now(folder)) == ["staleness_late.py", "staleness_new.py"]


def test_what_is_installed_is_not_the_users_own(folder: Path) -> None:
    (folder / "staleness_helper.py").write_text("import numpy, json, genopt_gym.env\nimport staleness_further\n")
    assert set(now(folder)) == {*(name for name in FILES if name != "rows.csv"), f"file:{folder / 'rows.csv'}"}


def test_what_is_hashed_is_not_run(folder: Path) -> None:
    (folder / "staleness_package/__init__.py").write_text("raise SystemExit\n")
    assert "staleness_package/part.py" in now(folder)
    assert "staleness_package" not in sys.modules


def test_source_that_was_sent_is_followed_too(folder: Path) -> None:
    assert list(sources_of("import staleness_named\n\n\ndef score(workflow, seed):\n    return 1\n")) == [
        "staleness_named.py"
    ]


@pytest.mark.parametrize(("before", "after"), [("return 1", "return 2"), ("def further", "BONUS = 3\n\n\ndef further")])
def test_a_module_that_was_edited_after_its_import_is_refused_until_it_is_reloaded(
    folder: Path, before: str, after: str
) -> None:
    module = importlib.import_module("staleness_further")
    check_imported(VALUES)
    path = folder / "staleness_further.py"
    path.write_text(path.read_text().replace(before, after) + "# longer\n")
    with pytest.raises(SourcesChanged, match=r"staleness_further\.py was edited .* importlib\.reload"):
        check_imported(VALUES)
    importlib.invalidate_caches()
    importlib.reload(module)
    check_imported(VALUES)


def test_a_module_that_was_edited_before_it_was_first_asked_for_is_refused(folder: Path) -> None:
    importlib.import_module("staleness_further")
    (folder / "staleness_further.py").write_text("def further():\n    return 22\n")
    with pytest.raises(SourcesChanged, match=r"staleness_further\.py was edited"):
        check_imported(VALUES)
