"""Missing extras are one sentence, wherever they are missed."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from genopt_gym.core.extras import EXTRAS
from tests.conftest import Genopt

ROOT = Path(__file__).parents[2]
GROUPS = {"all", "standard", "docs", "test", "dev"}
WITHOUT = """\
import sys
sys.modules.update(dict.fromkeys({names!r}))
sys.argv = ["genopt", *{words!r}]
from genopt_gym.cli import main
main()
"""


def test_every_extra_is_known_by_its_modules() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(EXTRAS) == set(project["optional-dependencies"]) - GROUPS


def test_doctor_lists_every_extra(genopt: Genopt) -> None:
    ended = genopt("doctor")
    listed = ended.out.partition("extras:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()] == list(EXTRAS)


@pytest.mark.parametrize(
    ("names", "words", "told"),
    [
        (
            ["pandas", "sklearn"],
            "run GenOpt/Tabular-Friedman-v0 --agent random",
            "needs pandas and sklearn: pip install 'genopt-gym[ml]'",
        ),
        (["yaml"], "run task.yaml", "pip install 'genopt-gym[study]'"),
        (["openenv"], "openenv serve GenOpt/Control-CartPole-v0", "needs openenv: pip install 'genopt-gym[openenv]'"),
        (["litellm"], "run GenOpt/Control-CartPole-v0 --agent proposer --model openai/x", "'genopt-gym[llm]'"),
    ],
)
def test_a_missing_extra_ends_a_command_with_a_sentence(
    tmp_path: Path, names: list[str], words: str, told: str
) -> None:
    (tmp_path / "task.yaml").write_text("task: {function: a:b}\n")
    code = WITHOUT.format(names=names, words=words.split())
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 2, ended.stderr
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("id", ["GenOpt/Tabular-Friedman-v0", "GenOpt/Discovery-CapSet8-v0"])
def test_random_policies_are_for_tasks_with_episodes(id: str) -> None:
    command = [sys.executable, "-m", "genopt_gym.baselines.random_policy", id]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 2
    assert "has no episodes whose actions could be chosen at random" in ended.stderr
    assert "Traceback" not in ended.stderr
