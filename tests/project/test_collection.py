"""What pytest is told to ignore holds nothing that it should have collected."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPTIONS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["addopts"].split()
IGNORED = [ROOT / option.removeprefix("--ignore=") for option in OPTIONS if option.startswith("--ignore")]


def test_what_is_ignored_is_named_and_there() -> None:
    assert not any(option.startswith("--ignore-glob") for option in OPTIONS)
    assert all(path.exists() for path in IGNORED), IGNORED


@pytest.mark.parametrize("path", IGNORED, ids=lambda path: path.name)
def test_what_is_ignored_holds_no_tests(path: Path) -> None:
    for file in path.rglob("*.py") if path.is_dir() else [path]:
        text = file.read_text(encoding="utf-8")
        assert not file.name.startswith("test_")
        assert ">>> " not in text
        names = [node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        assert not any(name.startswith(("test_", "Test")) for name in names)
