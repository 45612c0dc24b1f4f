"""The recipes of docs/coding-agents.md, each against a stand-in that prints what the tool documents."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from genopt_gym.core.journal import read_journal
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run
from tests.conftest import Genopt
from tests.helpers import assistant

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/coding-agents.md").read_text(encoding="utf-8")
CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL = {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 3}


class Recipe(NamedTuple):
    """A row of the page's table."""

    command: list[str]
    output: str
    continued: list[str] | None


def recipes() -> dict[str, Recipe]:
    found = {}
    for line in PAGE.splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[1].startswith("["):
            continued = json.loads(cells[3]) if cells[3] else None
            found[cells[0]] = Recipe(json.loads(cells[1]), cells[2], continued)
    return found


RECIPES = recipes()


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Stand-ins for all of them on the PATH: one PATH, for workers are started anew with every other."""
    programs = tmp_path_factory.mktemp("bin")
    for recipe in RECIPES.values():
        kind = recipe.output if recipe.output != "text" else "colours"
        words = shlex.join([sys.executable, "-S", str(Path(assistant.__file__)), kind])
        program = programs / recipe.command[0]
        program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(programs), prepend=os.pathsep)
        yield


@pytest.fixture
def tools(programs: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the stand-ins note their arguments and prompts."""
    notes = tmp_path / "notes"
    notes.mkdir()
    monkeypatch.setenv(assistant.NOTES, str(notes))
    return notes


def arguments(note: Path) -> list[str]:
    return note.read_text().partition("\n--\n")[0].split("\n") if note.read_text()[:3] != "--\n" else []


def test_the_common_ones_have_a_recipe() -> None:
    assert {"Claude Code", "Codex", "Gemini CLI", "Cursor"} <= set(RECIPES)


@pytest.mark.parametrize("tool", RECIPES)
def test_a_recipe_drives_a_run(tool: str, tools: Path, tmp_path: Path) -> None:
    recipe = RECIPES[tool]
    options: dict[str, Any] = {"command": recipe.command, "output": recipe.output}
    result = start_run(Config(CARTPOLE, "command", 0, 2, SMALL, options), tmp_path / "run")
    assert [row["outcome"] for row in read_journal(tmp_path / "run/steps.jsonl")[0]] == ["ok"] * 3
    assert arguments(tools / "1.txt") == recipe.command[1:]
    assert "#Feedback" in (tools / "1.txt").read_text()
    told = recipe.output in ("claude", "codex", "gemini")
    assert (result.models["proposer"].tokens > 0) is told


@pytest.mark.parametrize("tool", [name for name, recipe in RECIPES.items() if recipe.continued])
def test_a_recipe_goes_on_with_a_conversation(tool: str, tools: Path, tmp_path: Path) -> None:
    recipe = RECIPES[tool]
    options: dict[str, Any] = {"command": recipe.command, "output": recipe.output, "session": "continued"}
    options["continued_command"] = recipe.continued
    start_run(Config(CARTPOLE, "command", 0, 2, SMALL, options), tmp_path / "run")
    session = "thread-1" if recipe.output == "codex" else "s1"
    assert recipe.continued
    assert arguments(tools / "2.txt") == [word.replace("{session}", session) for word in recipe.continued[1:]]
    assert "Your last edit was run." in (tools / "2.txt").read_text()


def test_the_command_of_the_page_runs(tools: Path, genopt: Genopt) -> None:
    [line] = re.findall(r"^genopt run .*--agent command(?:.*\\\n)*.*$", PAGE, re.M)
    words = shlex.split(line.replace("\\\n", " "))
    small = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]
    ended = genopt(*words[1:], *small, "--edits", "1", "--out", "run")
    assert ended.code == 0, ended.err
    assert "model  proposer: 1 calls, 123 + 40 tokens, money $0.0100" in ended.out


def test_a_plan_takes_a_command(tools: Path, genopt: Genopt, tmp_path: Path) -> None:
    [agents] = re.findall(r"`(agents: .*)`", PAGE)
    plan = f"tasks: [{CARTPOLE}]\nparameters: {json.dumps(SMALL)}\n{agents}\nseeds: 1\nedits: 1\nbudget: {{calls: 3}}\n"
    (tmp_path / "plan.yaml").write_text(plan.replace("[claude, -p]", "[llm, -m, NAME]"))
    ended = genopt("study", "run", "plan.yaml")
    assert ended.code == 0, ended.err
    assert "1 of 1 runs are done" in ended.out
