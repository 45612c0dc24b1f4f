"""Files and functions are short enough to be read in one go, as CONTRIBUTING says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE_LINES, FUNCTION_LINES = 300, 60


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


def test_no_file_is_too_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files("genopt_gym", "tests", "benchmarks")
    }
    assert {path: length for path, length in lengths.items() if length > FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    found = {}
    for path in python_files("genopt_gym"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    found[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = length
    assert found == {}
