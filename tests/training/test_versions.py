"""Trainers that are missing, or are another version than was tested, are told in one sentence."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from genopt_gym.core import extras
from genopt_gym.core.errors import UserError
from genopt_gym.training import versions

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize("extra", versions.TESTED)
def test_missing(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "missing_modules", lambda _: [extra])
    with pytest.raises(UserError, match=rf"^training needs {extra}: pip install 'genopt-gym\[{extra}\]'$"):
        versions.need_trainer(extra, "training")


@pytest.mark.parametrize("found", ["1.16.0", "1.16.3"])
def test_the_version_that_was_tested(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "missing_modules", lambda _: [])
    monkeypatch.setattr(versions, "version", lambda _: found)
    versions.need_trainer("trl", "training")


@pytest.mark.parametrize("extra", versions.TESTED)
@pytest.mark.parametrize("found", ["1.17.0", "1.1", "2.16.0", "0.1", "0.40"])
def test_another_version(extra: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "missing_modules", lambda _: [])
    monkeypatch.setattr(versions, "version", lambda _: found)
    package, tested = versions.TESTED[extra]
    words = f"{package} {found} is installed, and this is for {tested}: pip install '{package}=={tested}.*'"
    with pytest.raises(UserError, match=f"^{re.escape(words)}$"):
        versions.need_trainer(extra, "training")


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("verifiers", "verifiers", "verifiers"),
        ("skyrl", "skyrl_gym", "skyrl"),
        ("openenv.app", "openenv", "openenv"),
    ],
)
def test_an_adapter_whose_trainer_is_missing_says_what_to_install(module: str, package: str, extra: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; import genopt_gym.training.{module}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode != 0
    told = ended.stderr.splitlines()[-1]
    assert told.startswith("genopt_gym.training.versions.TrainerMissing: ")
    assert told.endswith(f"needs {package}: pip install 'genopt-gym[{extra}]'")


def test_each_version_is_the_one_of_the_extra() -> None:
    extras = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for extra, (package, tested) in versions.TESTED.items():
        [asked] = [each for each in extras[extra] if each.startswith(package)]
        assert asked.startswith(f"{package}>={tested},<")


def test_the_command_ends_with_the_sentence() -> None:
    code = (
        "import sys; sys.modules['trl'] = None; from genopt_gym.core import extras;"
        "extras.missing_modules = lambda extra: ['trl'];"
        "from genopt_gym.training.numbers import main; main(['--out', 'nowhere'])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].endswith("training by TRL needs trl: pip install 'genopt-gym[trl]'")
    assert "Traceback" not in ended.stderr
