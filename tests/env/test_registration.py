"""What importing the package does: ids known to Gymnasium, nothing heavy, nothing of the tests."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import gymnasium as gym
import pytest

import genopt_gym
from genopt_gym.registration import TABLE, Row

HEAVY = ("litellm", "torch", "datasets", "sklearn", "pandas", "matplotlib", "ale_py", "cmaes", "PIL")


def loaded_after(code: str) -> set[str]:
    """Top-level modules and our own that a new interpreter holds after ``code``."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", script], text=True).split()
    return {name if name.startswith("genopt_gym") else name.partition(".")[0] for name in modules}


def test_import_is_light() -> None:
    assert loaded_after("import genopt_gym").isdisjoint(HEAVY)


def test_making_and_running_an_environment_needs_no_drawing() -> None:
    code = "import gymnasium, genopt_gym; gymnasium.make('GenOpt/Control-CartPole-v0').reset(seed=0)"
    assert loaded_after(code).isdisjoint(HEAVY)


IMPORT_ALL = """\
import importlib
for name in {names}:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name.startswith("genopt_gym"):
            raise
        # else it adapts a library that is not installed
"""


@pytest.mark.slow
def test_package_never_imports_its_conformance_suites() -> None:
    root = Path(genopt_gym.__file__).parent
    paths = [path.relative_to(root.parent).with_suffix("") for path in root.rglob("*.py")]
    names = [".".join(path.parts).removesuffix(".__init__") for path in paths if "testing" not in path.parts]
    loaded = loaded_after(IMPORT_ALL.format(names=names))
    assert "genopt_gym.runs.loop" in loaded
    assert loaded.isdisjoint({"genopt_gym.testing", "pytest", "hypothesis", "psutil"})


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.id)
def test_every_row_is_registered_as_its_task_declares(row: Row) -> None:
    spec = gym.spec(row.id)
    module, _, name = row.task.partition(":")
    task = getattr(import_module(module), name)
    assert spec.max_episode_steps == row.updates
    assert spec.nondeterministic is not task.deterministic
    assert row.id.startswith(f"GenOpt/{task.family}-")
    assert task.__doc__


def test_unknown_id_is_told_by_gymnasium() -> None:
    with pytest.raises(gym.error.NameNotFound, match="Control-CartPole"):
        gym.make("GenOpt/Control-CartPol-v0")
