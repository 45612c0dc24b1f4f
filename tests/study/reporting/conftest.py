"""The report of a finished study, for all tests that only look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.made_up_study import made, noisy, planned
from tests.helpers.report_pages import save


@pytest.fixture(scope="package")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report folder of a finished study in which everything is known."""
    plan = planned()
    study = tmp_path_factory.mktemp("study")
    save(study, plan, [made(run, noisy(run), noisy(run) - 3, tokens_per_edit=100) for run in plan.runs])
    return study / "report"


@pytest.fixture
def page(whole: Path) -> str:
    return (whole / "index.html").read_text(encoding="utf-8")
