"""A study that has been run; tests copy it before they damage it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.helpers.small_study import Inline, run_small, small_plan


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("studies") / "finished"
    run_small(path, small_plan(), Inline())
    return path


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(finished, tmp_path / "study"))
