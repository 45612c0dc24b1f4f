"""What the runs of a study need, looked at once for each arm before the first begins."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from genopt_gym.runs.preflight import problems
from genopt_gym.study.records import PlannedRun


def study_problems(runs: Iterable[PlannedRun]) -> list[str]:
    """What stands in the way of these runs, each sentence once; nothing is run and no model asked."""
    arms = {(run.config.id, run.arm): run for run in runs}
    found: dict[str, None] = {}
    for run in arms.values():
        with warnings.catch_warnings():
            # Of traces that will be cut: each run says so itself.
            warnings.simplefilter("ignore")
            found |= dict.fromkeys(problems(run.config.prepare()))
    return list(found)
