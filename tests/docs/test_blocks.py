"""Code in the guides: each block is run by a test, or says why it is not; each command is one that there is."""

from __future__ import annotations

import re
import shlex
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
import typer
from genopt_docs.facts import WITHOUT_DATA

from genopt_gym.agents import AGENTS
from genopt_gym.cli import app
from genopt_gym.cli.showing import environment_keywords, task_keywords
from genopt_gym.core.task import TaskSpec
from genopt_gym.study.planning.plan import load_plan
from genopt_gym.study.planning.source import read_yaml
from tests.conftest import Genopt
from tests.helpers.pages import DOCUMENTS, ROOT, Block, blocks, commands

BLOCKS = list(blocks())
REASONS = {
    "needs a key": "a paid model",
    "needs an account": "Kaggle's tables, which are the reader's own to get",
    "installs": "what is installed anywhere is tried by `make dist`; here the extras are known",
}
"""Why a block is run by no test. What can be made for a test, or made smaller, is no reason."""
CHECKED = "checked by "
SHELL = [block for block in BLOCKS if block.language == "bash"]


EXTRAS = re.compile(r"(?:genopt-gym|\.)\[([\w,]+)\]")


def named(found: list[Block]) -> Any:
    return [pytest.param(block, id=block.name) for block in found]


@pytest.mark.parametrize("block", named([block for block in BLOCKS if block.mark]))
def test_what_is_said_of_a_block_is_a_known_reason_or_a_test_of_its_document(block: Block) -> None:
    if block.mark.startswith(CHECKED):
        test = ROOT / block.mark.removeprefix(CHECKED)
        page = block.page.removeprefix("docs/")
        words = test.read_text(encoding="utf-8")
        assert page in words or Path(page).parent.name in words, f"{test} is not about {page}"
    else:
        assert block.mark in REASONS


def test_few_blocks_are_run_by_no_test() -> None:
    """But those that ask a paid model: each new one has to be looked at."""
    found = [(block.page, block.mark) for block in BLOCKS if block.mark in REASONS and block.mark != "needs a key"]
    assert sorted(found) == [
        ("docs/mlagentbench.md", "needs an account"),
        ("docs/stable-baselines3.md", "installs"),
        ("docs/start.md", "installs"),
        ("docs/start.md", "installs"),
    ]


def test_every_block_that_could_run_says_what_runs_it_or_is_run_here() -> None:
    run_here = {"python", "bash"}
    unmarked = {block.language for block in BLOCKS if not block.mark} - {"text"}
    assert unmarked <= run_here


@pytest.mark.parametrize("page", [*DOCUMENTS, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_every_extra_that_a_document_names_is_one(page: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {name for found in EXTRAS.findall(page.read_text(encoding="utf-8")) for name in found.split(",")}
    assert named <= set(project["optional-dependencies"])


def test_what_asks_a_paid_model_says_so() -> None:
    for block in SHELL:
        if "provider/name" in block.code or "OPENAI_API_KEY" in block.code:
            assert block.mark == "needs a key", block.name


@pytest.mark.parametrize("block", named([block for block in SHELL if any(commands(block))]))
def test_every_command_is_one_that_there_is(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its options are known, its agent too, and what it sets is a keyword of its environment."""
    for name, value in WITHOUT_DATA.items():
        monkeypatch.setenv(name, value)
    for words in commands(block):
        parsed(words)
        option = dict(pairwise(words))
        if ":" not in option.get("--agent", ""):
            assert option.get("--agent", "random") in AGENTS
        ids = [word for word in words if word.startswith("GenOpt/") and "$" not in word]
        keys = [value.partition("=")[0] for word, value in pairwise(words) if word == "--set"]
        for id in ids:
            assert set(keys) <= keywords_of(id), (block.name, id)


def parsed(words: list[str]) -> None:
    """The command line is read as `genopt` reads it; nothing is run."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
    command.make_context("genopt", list(words))


def keywords_of(id: str) -> set[str]:
    task = TaskSpec(gym.spec(id).kwargs["task"], {}).load()
    return {"disguise", *(each.name for each in [*environment_keywords(task), *task_keywords(task)])}


PLAIN_PYTHON = [block for block in BLOCKS if block.language == "python" and not block.mark]


@pytest.mark.slow
@pytest.mark.parametrize("block", named(PLAIN_PYTHON))
def test_python_runs_as_it_stands(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {"__name__": "guide", "gym": gym}
    exec(compile(block.code, block.name, "exec"), space)
    assert any(isinstance(value, gym.Env | gym.vector.VectorEnv) for value in space.values())
    for value in space.values():
        if isinstance(value, gym.Env | gym.vector.VectorEnv):
            value.close()


@pytest.mark.slow
@pytest.mark.parametrize("block", named([block for block in SHELL if not block.mark]))
def test_commands_run_as_they_stand(block: Block, genopt: Genopt) -> None:
    for line in block.code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        assert not words or words[0] == "genopt", f"{block.name}: this test runs genopt alone"
        if words:
            ended = genopt(*words[1:])
            assert ended.code == 0, ended.err


def test_the_plan_of_the_guide_to_studies_is_one() -> None:
    [block] = [block for block in BLOCKS if block.code.startswith("# plan.yaml\n")]
    assert len(load_plan(dict(read_yaml(block.code, "plan").value)).runs) == 80
