"""What a study is made of, as plain data: runs that are planned, and what the index tells of runs that were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from genopt_gym.core.task import Metric
from genopt_gym.runs.config import Config

Match = Literal["updates", "trials", "tokens"]
State = Literal["planned", "unfinished", "failed", "damaged", "done"]


@dataclass(frozen=True)
class PlannedRun:
    """One run of a study.

    Attributes:
        key: names its folder under ``runs/``: unique in the study, readable, and the same whenever the plan is read.
        config: what ``genopt_gym.runs.loop.start_run`` takes.
        agent: label of the agent.
        levels: level of each factor, as a plain JSON value.
        arm: label of agent and levels together: what is compared. The same for every task and seed.
        seed: number of the replicate; runs of two arms with the same task and seed are a pair.
    """

    key: str
    config: Config
    agent: str
    levels: Mapping[str, Any]
    arm: str
    seed: int


@dataclass(frozen=True)
class Plan:
    """All runs of a study, and what they are to answer.

    Attributes:
        name: a short name.
        question: what the study asks, in a sentence or two.
        runs: in the order in which they are begun.
        factors: name of each factor to its levels.
        controls: labels of the agents that others are held against.
        match: what is equal between arms.
        budget: hard limits of the whole study (``money`` in US dollars, ``tokens``, ``trials``).
    """

    name: str
    question: str
    runs: Sequence[PlannedRun]
    factors: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    controls: Sequence[str] = ()
    match: Match = "updates"
    budget: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StepColumns:
    """The steps of a run as columns of equal length; entry 0 is the reset. Costs are totals of the run so far.

    Attributes:
        outcome: of each edit.
        score: as the agent saw it.
        validation_score: NaN where the artifact could not be run.
        best_validation: best validation score so far.
        horizon_shown: inner steps that the rendered trace held.
        trials: trials of train and validation.
        inner_steps: of those.
        seconds: wall time.
        prompt_tokens: of the agent's own model calls.
        tokens: of all model calls, attempts whose answer was lost included.
        money: US dollars; NaN once a price was not known.
    """

    outcome: Sequence[str]
    score: NDArray[np.float64]
    validation_score: NDArray[np.float64]
    best_validation: NDArray[np.float64]
    horizon_shown: NDArray[np.int64]
    trials: NDArray[np.int64]
    inner_steps: NDArray[np.int64]
    seconds: NDArray[np.float64]
    prompt_tokens: NDArray[np.int64]
    tokens: NDArray[np.int64]
    money: NDArray[np.float64]


@dataclass(frozen=True)
class RunRecord:
    """What the index tells of one run.

    Attributes:
        run: as it was planned.
        state: ``damaged`` runs have no steps; ``problem`` says what is wrong with them, or why a run ``failed``.
        metric: what its scores mean.
        steps: what is stored so far.
        horizon_asked: credit horizon in force; ``None`` is all.
        start_score, validation_score, confirmation_score, start_test_score, test_score, ended_by, best: as in
            ``genopt_gym.runs.loop.Result``; ``None`` until the run is done. ``best`` is the artifact's content id.
        versions: of the packages that made it.
        problem: one sentence, or empty.
    """

    run: PlannedRun
    state: State
    metric: Metric
    steps: StepColumns
    horizon_asked: int | None = None
    start_score: float | None = None
    validation_score: float | None = None
    confirmation_score: float | None = None
    start_test_score: float | None = None
    test_score: float | None = None
    ended_by: str | None = None
    best: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
