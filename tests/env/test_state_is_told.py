"""Programs that act step by step may remember, and their contract says so, however little else it says."""

from __future__ import annotations

from typing import Any

import pytest

from genopt_gym.core.parameters import Parameters
from genopt_gym.core.task import TaskSpec
from genopt_gym.feedback import problem_context
from genopt_gym.registration import TABLE
from tests.helpers.extras import or_skipped

ACTING = ("Atari", "Control", "Heuristics", "MiniGrid", "NetHack", "Policy")
"""Families in which a component is called at every step of a trial; that nothing crosses to the next trial is shown in
``tests/evaluation/test_trial_state.py``."""
TASKS = {row.id: row.task for row in TABLE if row.id.removeprefix("GenOpt/").partition("-")[0] in ACTING}


@pytest.mark.parametrize("id", or_skipped(TASKS))
@pytest.mark.parametrize("little", [{}, {"documentation": "none", "context": "none"}], ids=["everything", "little"])
def test_it_is_said_that_state_lasts_for_a_trial(id: str, little: dict[str, Any]) -> None:
    task = TaskSpec(TASKS[id], {}).make()
    told = problem_context(task, task.starting_artifact(task.default_start), Parameters(**little))
    assert "may keep state between calls" in told
    assert "lasts for one trial" in told
