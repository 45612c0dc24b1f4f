"""What `make docs` does where it cannot build, and what CONTRIBUTING says of the rules that tests hold to."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

from tests.helpers.pages import ROOT
from tests.project.test_sizes import FILE_LINES

WITHOUT = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "furo" else found(name)
sys.path.insert(0, "docs")
from build import main
sys.exit(main([]))
"""


def test_without_the_extra_one_sentence_says_what_to_install() -> None:
    ended = subprocess.run([sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "docs: the site needs furo: pip install -e '.[docs]'\n"


def test_an_option_that_there_is_not_is_one_sentence() -> None:
    ended = subprocess.run([sys.executable, "docs/build.py", "--fast"], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr == "docs: there is no --fast; there is --quick\n"


def test_contributing_states_the_rules_that_are_held_to() -> None:
    words = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"lines of at most {project['tool']['ruff']['line-length']} characters" in words
    assert f"about {FILE_LINES} lines at most" in words
    assert project["tool"]["mypy"]["strict"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^make ([\w-]+)", words, re.MULTILINE))
    assert targets <= set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    assert "docs" in targets


def test_every_room_that_contributing_names_is_there() -> None:
    words = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:genopt_gym|tests|docs|envs|agents|core|runs|study|llm|sandbox)/[\w/.]+?)`", words)
    places = (ROOT, ROOT / "genopt_gym")
    assert len(named) > 5
    assert [name for name in named if not any((place / name).exists() for place in places)] == []
