"""What `make docs` does where it cannot build, and what CONTRIBUTING says of the rules that tests hold to."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.helpers import offline
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


OFFLINE = """
import sys
sys.path.insert(0, "docs/_ext")
from tests.helpers import offline
offline.cut()
from genopt_docs.pages import generated_pages
print(len(generated_pages()))
"""


def test_pages_are_generated_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine on which nobody has fetched anything, too: no hub is asked, not even in vain."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in ("GENOPT_DATA", "GENOPT_BBEH_DIR", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    ended = subprocess.run([sys.executable, "-c", OFFLINE], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert offline.TOLD not in ended.stderr
    assert int(ended.stdout) > 200


def test_the_network_is_really_cut_there() -> None:
    code = (
        "from tests.helpers import offline; offline.cut(); import socket; socket.create_connection(('192.0.2.1', 80))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"{offline.TOLD} 192.0.2.1")


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
