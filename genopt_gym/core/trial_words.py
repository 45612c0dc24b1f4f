"""The feedback kind ``trials``: how far trials differ, so that noise is seen, and how episodes ended."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import stdev

from genopt_gym.core.evidence import Trial
from genopt_gym.core.feedback_kinds import FeedbackKind, Seen
from genopt_gym.core.task import Task
from genopt_gym.core.trace_cells import number


class TrialSpread(FeedbackKind):
    """How far the trials' scores are apart, with the standard error of their mean, and how episodes ended."""

    def lines(self, seen: Seen) -> Sequence[str]:
        lines = []
        for split, trials in seen.trials.items():
            parts = [*_spread(trials), *_endings(seen.task, trials)]
            if parts:
                lines.append(f"{split}, {_counted(len(trials), 'trial')}: {'; '.join(parts)}.")
        return lines


def _spread(trials: Sequence[Trial]) -> list[str]:
    scores = [trial.score for trial in trials]
    if len(scores) < 2:
        return []
    error = number(float(f"{stdev(scores) / sqrt(len(scores)):.2g}"))
    least, most = number(min(scores)), number(max(scores))
    if least == most:
        return [f"all scored {least}"]
    return [f"scores from {least} to {most}, standard error of their mean {error}"]


def _endings(task: Task, trials: Sequence[Trial]) -> list[str]:
    """What ended the episodes, and after how many steps; nothing of tasks whose trials are a single step."""
    if task.max_inner_steps == 1:
        return []
    kinds: dict[str, list[int]] = {}
    for trial in trials:
        steps = len(trial.instance.prefix) + trial.steps
        if trial.failure is not None:
            how = "failed"
        elif steps >= task.max_inner_steps:
            how = "at the cap"
        else:
            how = task.ending if trial.ended else "cut by the credit horizon"
        kinds.setdefault(how, []).append(steps)
    return [f"{len(steps)} {how} after {_range(steps)} steps" for how, steps in kinds.items()]


def _range(steps: Sequence[int]) -> str:
    return f"{min(steps):,}" if min(steps) == max(steps) else f"{min(steps):,} to {max(steps):,}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
