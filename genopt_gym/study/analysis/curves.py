"""Learning curves: how good the best artifact is after so many edits, trials, tokens or so much money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from genopt_gym.core.intervals import Array, mean_bands
from genopt_gym.study.analysis.statistics import task_name
from genopt_gym.study.records import Match, RunRecord

AXES = {"edits": "edits", "trials": "trials", "tokens": "tokens", "money": "US dollars"}
POINTS = 80
"""Of a curve; more cannot be seen."""
BAND_RESAMPLES = 500
"""Fewer than of figures that are printed: there are thousands of points, and nobody reads a digit off a band."""


@dataclass(frozen=True)
class Curve:
    """Mean over tasks and seeds of the best validation score so far, normalised, and its 95 % interval over seeds.

    Attributes:
        x: what was spent, rising.
        mean, low, high: of the same length; ``low`` and ``high`` are ``None`` under three seeds.
        seeds: runs behind it, the least of any task and arm.
    """

    x: Array
    mean: Array
    low: Array | None
    high: Array | None
    seeds: int


@dataclass(frozen=True)
class TimeToBest:
    """When a run first had the artifact that was its best at the end.

    ``edits`` is 0 where nothing was better than the start.
    """

    edits: int
    trials: int
    tokens: int
    seconds: float


def curve(records: Iterable[RunRecord], axis: str) -> Curve | None:
    """The curve of an arm, or of all arms at one level, over one of ``AXES``; ``None`` if there is none.

    Every point is a mean over the same runs: a run that is done keeps its best score to the end of the axis, and an
    unfinished one ends the whole curve where it stands. Failed and damaged runs do not count. Runs of one task and
    arm are drawn again together.
    """
    strata: dict[tuple[str, str], list[tuple[Array, Array, bool]]] = {}
    for record in records:
        if record.state in ("done", "unfinished") and len(record.steps.outcome):
            spent = _spent(record, axis)
            if not np.isfinite(spent).all():
                return None
            stratum = strata.setdefault((task_name(record.run), record.run.arm), [])
            stratum.append((spent, _best(record), record.state == "done"))
    runs = [run for stratum in strata.values() for run in stratum]
    if not runs:
        return None
    start = max(spent[0] for spent, _, _ in runs)
    end = min((spent[-1] for spent, _, done in runs if not done), default=max(spent[-1] for spent, _, _ in runs))
    if end <= start:
        return None
    x = np.linspace(start, end, POINTS)
    if axis == "edits" and end < POINTS:
        x = np.arange(start, end + 1)
    values = [
        np.array([best[np.searchsorted(spent, x, side="right") - 1] for spent, best, _ in stratum])
        for stratum in strata.values()
    ]
    return Curve(x, *mean_bands(values, BAND_RESAMPLES), min(map(len, values)))


def time_to_best(record: RunRecord) -> TimeToBest | None:
    """``None`` unless the run is done."""
    if record.state != "done" or not len(record.steps.outcome):
        return None
    best, steps = _best(record), record.steps
    first = int(np.argmax(best == best[-1]))
    return TimeToBest(first, int(steps.trials[first]), int(steps.tokens[first]), float(steps.seconds[first]))


def axes_used(records: Sequence[RunRecord], match: Match = "updates") -> list[str]:
    """The axes along which something was spent; the one that is equal between arms comes first."""
    used = [
        axis for axis in AXES if any(len(r.steps.outcome) and np.nan_to_num(_spent(r, axis))[-1] > 0 for r in records)
    ]
    return sorted(used, key=lambda axis: axis != matched_axis(match))


def matched_axis(match: Match) -> str:
    """The axis of what is equal between arms.

    >>> matched_axis("updates"), matched_axis("trials")
    ('edits', 'trials')
    """
    return "edits" if match == "updates" else match


def _spent(record: RunRecord, axis: str) -> Array:
    steps = record.steps
    columns = {"trials": steps.trials, "tokens": steps.tokens, "money": steps.money}
    return np.asarray(np.arange(len(steps.outcome)) if axis == "edits" else columns[axis], dtype=np.float64)


def _best(record: RunRecord) -> Array:
    """Normalised; an artifact that cannot be run is as bad as can be."""
    metric = record.metric
    scores = np.where(np.isnan(record.steps.best_validation), metric.worst, record.steps.best_validation)
    return np.array([metric.normalise(score) for score in scores.tolist()])
