"""Trainers that are missing, or are another version than was tested, are told in one sentence."""

from __future__ import annotations

import subprocess
import sys

import pytest

from genopt_gym.core import extras
from genopt_gym.core.errors import UserError
from genopt_gym.training import versions


def test_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "missing_modules", lambda extra: ["trl"] if extra == "trl" else [])
    with pytest.raises(UserError, match=r"^training by TRL needs trl: pip install 'genopt-gym\[trl\]'$"):
        versions.need_trl()


@pytest.mark.parametrize("found", ["1.16.0", "1.16.3"])
def test_the_version_that_was_tested(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "missing_modules", lambda _: [])
    monkeypatch.setattr(versions, "version", lambda _: found)
    versions.need_trl()


@pytest.mark.parametrize("found", ["1.17.0", "1.1", "2.16.0"])
def test_another_version(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "missing_modules", lambda _: [])
    monkeypatch.setattr(versions, "version", lambda _: found)
    words = rf"^trl {found} is installed, and this is for 1\.16: pip install 'trl==1\.16\.\*'$"
    with pytest.raises(UserError, match=words):
        versions.need_trl()


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
