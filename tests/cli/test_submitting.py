"""``genopt verify --solution``: anybody's solution, from JSON or Python, with the exact verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Genopt
from tests.envs.discovery.objects import cap_of_512, grid_of_circles

CIRCLES, CAPS = "GenOpt/Discovery-CirclePacking26-v0", "GenOpt/Discovery-CapSet8-v0"


def saved(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_json_file_is_verified_exactly(genopt: Genopt, tmp_path: Path) -> None:
    file = saved(tmp_path / "cap.json", json.dumps(cap_of_512()))
    ended = genopt("verify", "--solution", file, CAPS)
    assert ended.code == 0
    assert "valid: 512.0 (size of a cap set in dimension 8)" in ended.out
    assert "the value is exact: 512/1" in ended.out
    assert "the published value is 512 (FunSearch (Romera-Paredes et al. 2024)); this is 0 behind" in ended.out


def test_a_shrink_is_told(genopt: Genopt, tmp_path: Path) -> None:
    file = saved(tmp_path / "grid.json", json.dumps(grid_of_circles(6, 26)))
    ended = genopt("verify", "--solution", file, CIRCLES)
    assert ended.code == 0
    assert "valid: 2.16666666666666" in ended.out
    assert "after a shrink by 2.22e-16" in ended.out


def test_what_is_no_solution_is_refused_with_exit_code_1(genopt: Genopt, tmp_path: Path) -> None:
    file = saved(tmp_path / "few.json", json.dumps(grid_of_circles(6, 25)))
    ended = genopt("verify", "--solution", file, CIRCLES)
    assert ended.code == 1
    assert ended.out == "refused: there are 25 circles, but a solution has 26\n"
    nan = saved(tmp_path / "nan.json", "[[NaN, 0.5, 0]]")
    assert genopt("verify", "--solution", nan, CIRCLES).code == 1


@pytest.mark.parametrize(
    "text",
    [
        "solution = [[0.5, 0.5, 0.0]] * 26\n",
        "def construct(seed):\n    return [[0.5, 0.5, 0.0]] * 26\n",
        "EMPTY = [0.5, 0.5, 0.0]\n\ndef start(seed):\n    return [EMPTY] * 26\n\n"
        "def improve(solution, step):\n    return solution\n",
    ],
)
def test_python_files_run_confined(genopt: Genopt, tmp_path: Path, text: str) -> None:
    ended = genopt("verify", "--solution", saved(tmp_path / "mine.py", text), CIRCLES)
    assert ended.code == 0, ended
    assert "valid: 0.0" in ended.out
    spy = f"open({str(tmp_path / 'mine.py')!r})\n{text}"
    denied = genopt("verify", "--solution", saved(tmp_path / "spy.py", spy), CIRCLES)
    assert denied.code == 1
    assert denied.out.startswith("refused: PermissionError")


def test_a_refused_result_of_python_is_told_like_that_of_json(genopt: Genopt, tmp_path: Path) -> None:
    file = saved(tmp_path / "mine.py", "solution = [[0.5, 0.5, 0.0]] * 25\n")
    ended = genopt("verify", "--solution", file, CIRCLES)
    assert ended.code == 1
    assert ended.out == "refused: there are 25 circles, but a solution has 26\n"


@pytest.mark.parametrize(
    ("name", "text", "id", "words"),
    [
        ("broken.json", "[1, 2", CIRCLES, "holds no JSON that can be read"),
        ("broken.py", "def (", CIRCLES, "holds no Python that can be read"),
        ("empty.py", "x = 1\n", CIRCLES, "assigns no `solution`"),
        ("any.json", "[]", "GenOpt/Discovery-CapSet9-v0", "there is no environment"),
        ("any.json", "[]", "GenOpt/Control-CartPole-v0", "has no solutions to verify"),
    ],
)
def test_bad_input_ends_with_one_sentence(
    genopt: Genopt, tmp_path: Path, name: str, text: str, id: str, words: str
) -> None:
    ended = genopt("verify", "--solution", saved(tmp_path / name, text), id)
    assert ended.code == 2
    assert words in ended.err
    assert len(ended.err.strip().splitlines()) == 1


def test_a_missing_file_is_told(genopt: Genopt) -> None:
    assert genopt("verify", "--solution", "nowhere.json", CIRCLES).code == 2
