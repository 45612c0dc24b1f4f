"""Records of runs that nobody made: what they came to follows from their arm, task and seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from genopt_gym.core.task import Metric
from genopt_gym.runs.config import Config
from genopt_gym.study.records import Plan, PlannedRun, RunRecord, StepColumns

METRIC = Metric("points", low=-10, high=100, floor=0, reference=50, solved=None)
TASKS = ("GenOpt/Atari-Pong-v0", "GenOpt/Control-CartPole-v0")
HORIZONS = {"credit_horizon": [1, 400]}

Final = Callable[[PlannedRun], float]


def planned(
    tasks: Sequence[str] = TASKS,
    factors: Mapping[str, Sequence[Any]] = HORIZONS,
    agents: Sequence[str] = ("hill-climbing",),
    controls: Sequence[str] = ("random",),
    seeds: int = 3,
) -> Plan:
    """The full crossing; controls are run at every level too."""
    runs = []
    for task, agent, levels, seed in product(tasks, (*agents, *controls), product(*factors.values()), range(seeds)):
        chosen = dict(zip(factors, levels, strict=True))
        words = " ".join(f"{name}={level}" for name, level in chosen.items())
        arm = f"{agent} {words}".strip()
        key = f"{task.split('/')[1]}-{arm}-{seed}".replace(" ", "-")
        runs.append(PlannedRun(key, Config(task, agent, seed, parameters=chosen), agent, chosen, arm, seed))
    return Plan("made-up", "Does a longer credit horizon help?", runs, factors, controls)


def made(
    run: PlannedRun, score: float, test: float | None = None, steps: int = 10, tokens_per_edit: int = 0
) -> RunRecord:
    """A run that rose from 0 to ``score`` in a straight line, and has ``test`` (or ``score``) on test."""
    edits = np.arange(steps + 1)
    best = score * edits / steps
    trials = 4 + 8 * edits
    asked = run.levels.get("credit_horizon")
    return RunRecord(
        run=run,
        state="done",
        metric=METRIC,
        steps=StepColumns(
            outcome=["ok", *(("runtime_error" if edit % 4 == 0 else "ok") for edit in edits[1:])],
            score=best,
            validation_score=best,
            best_validation=best,
            horizon_shown=np.full(steps + 1, min(asked or 100, 100)),
            trials=trials,
            inner_steps=50 * trials,
            seconds=np.float64(1.5) * edits,
            prompt_tokens=tokens_per_edit * edits,
            tokens=2 * tokens_per_edit * edits,
            money=np.float64(2e-6) * tokens_per_edit * edits,
        ),
        horizon_asked=asked,
        start_score=0.0,
        validation_score=score,
        start_test_score=0.0,
        test_score=score if test is None else test,
        ended_by="updates",
        best="0123456789abcdef",
        versions={"python": "3.11.7", "genopt-gym": "0.1.0"},
    )


def unfinished(record: RunRecord, steps: int) -> RunRecord:
    """The run when ``steps`` edits were made."""
    cut = {name: column[: steps + 1] for name, column in vars(record.steps).items()}
    return replace(
        record,
        state="unfinished",
        steps=StepColumns(**cut),
        start_score=None,
        validation_score=None,
        start_test_score=None,
        test_score=None,
        ended_by=None,
        best=None,
    )


def noisy(run: PlannedRun) -> float:
    """A longer horizon helps by 10 points, hill climbing by 15; what is left is noise of 3."""
    noise = np.random.default_rng(sum(run.key.encode())).normal(0, 3)
    longer = run.levels.get("credit_horizon") == 400 and run.agent != "random"
    return float(20 + 10 * longer + 15 * (run.agent != "random") + noise)
