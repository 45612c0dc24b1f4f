"""What README.md, docs/start.md and docs/studies.md show as output is what their code prints, numbers included."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import Genopt
from tests.helpers.pages import ROOT, blocks, command_lines

START, STUDIES, README = ROOT / "docs/start.md", ROOT / "docs/studies.md", ROOT / "README.md"


def shown(page: Path, language: str, mark: str) -> tuple[str, str]:
    """A block of code of a document, and the output that stands below it."""
    for code, output in pairwise(blocks(page)):
        if code.language == language and mark in code.code and output.language == "text":
            return code.code, output.code
    raise AssertionError(f"{page.name} shows no {language} with {mark}, and what it prints")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "mark",
    [
        pytest.param("credit_horizon=3", id="step by step"),
        pytest.param("class Nudge", id="a comparison", marks=pytest.mark.slow),
    ],
)
def test_python_prints_what_is_shown(
    mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, output = shown(START, "python", mark)
    assert code.count("\n") <= 25
    exec(code, {"__name__": "start"})
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == output.splitlines()
    assert mark != "class Nudge" or (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_five_seeds_end_with_the_table_that_is_shown(genopt: Genopt) -> None:
    code, output = shown(START, "bash", "--seeds 5")
    [words] = [shlex.split(line) for line in code.splitlines()]
    ended = genopt(*words[1:])
    assert ended.code == 0, ended.err
    table = [line.split() for line in output.splitlines() if line]
    printed = [line.split() for line in ended.out.splitlines()]
    assert [line for line in table if line not in printed] == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_first_study_ends_with_what_is_shown(genopt: Genopt, tmp_path: Path) -> None:
    plan, run, output = list(blocks(STUDIES))[:3]
    name = plan.code.partition("\n")[0].removeprefix("# ")
    (tmp_path / name).write_text(plan.code)
    [words] = command_lines(run)
    assert words[-1] == name
    ended = genopt(*words[1:])
    assert ended.code == 0, ended.err
    assert ended.out.endswith(output.code)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_demo_ends_with_the_scores_that_are_shown(genopt: Genopt) -> None:
    recipe = re.search(r"\$\(BIN\)/genopt (run GenOpt/Atari-Pong-v0.*?)\n\n", (ROOT / "Makefile").read_text(), re.S)
    assert recipe
    ended = genopt(*shlex.split(recipe[1].replace("\\\n", " ")))
    assert ended.code == 0, ended.err
    _, output = shown(START, "bash", "make demo")
    for line in output.splitlines():
        if line.startswith(("start ", "best ")) and "validation" in line:
            assert line.split() in [each.split() for each in ended.out.splitlines()]
    steps = [line.split()[:7] for line in output.splitlines() if line.startswith("step ")]
    assert [step for step in steps if step not in [line.split()[:7] for line in ended.out.splitlines()]] == []


def test_the_readme_prints_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    code, output = shown(README, "python", "gym.make")
    exec(code, {"__name__": "readme"})
    assert capsys.readouterr().out == output


def test_the_readme_names_files_that_are_there() -> None:
    names = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text(encoding="utf-8"))
    assert len(names) > 5
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_readme_is_short() -> None:
    words = README.read_text(encoding="utf-8")
    assert len(words.splitlines()) <= 100
    assert words.count("](docs/pong.gif)") == 1
