"""What a run shows at one moment, all of the same step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genopt_gym.core.task import Metric
from genopt_gym.runs.callbacks import RunStart
from genopt_gym.runs.steps import Step

PARTS = ("context", "artifact", "trace", "feedback", "steps")


@dataclass(frozen=True)
class Snapshot:
    """A run after a step, as an optimizer may see it.

    Attributes:
        start: what the run is made of.
        steps: all steps so far; the first is the reset.
        observation: what the last one showed.
        best: the step with the best observed score.
        best_texts: the artifact of that step.
    """

    start: RunStart
    steps: Sequence[Step]
    observation: Mapping[str, Any]
    best: Step
    best_texts: Mapping[str, str]

    @property
    def last(self) -> Step:
        return self.steps[-1]

    @property
    def metric(self) -> Metric:
        return self.start.metric

    @property
    def ended_by(self) -> str | None:
        """What ended the run with its last step, if anything."""
        return "solved" if self.last.terminated else self.last.truncated_by

    @property
    def artifact(self) -> dict[str, str]:
        """As it stands."""
        return dict(self.observation["artifact"])

    def part(self, name: str) -> str:
        """A part of the observation as text."""
        if name == "artifact":
            return "\n".join(f"=== {component} ===\n{text}" for component, text in self.artifact.items())
        if name == "steps":
            return "\n".join(map(_line, self.steps))
        return str(self.observation[name])

    def status(self) -> dict[str, Any]:
        """Scores, and what is left to spend, as plain data."""
        last, updates = self.last, self.start.updates
        made = last.step
        return {
            "edits_made": made,
            "edits_left": None if updates is None else updates - made,
            "score": last.score,
            "best_score": self.best.score,
            "best_step": self.best.step,
            "outcome": last.outcome,
            "accepted": last.accepted,
            "metric": self.metric.name,
            "better": "higher" if self.metric.direction == "maximize" else "lower",
            "solved_at": self.metric.solved,
            "budget": self._budget(),
            "ended_by": self.ended_by,
        }

    def _budget(self) -> dict[str, dict[str, float | None]]:
        """Of each limit what was spent, and what is left."""
        limits: Mapping[str, float] = self.start.config.parameters.get("budget") or {}
        last = self.last
        spent: dict[str, float | None] = {
            "trials": last.total_trials,
            "inner_steps": last.total_inner_steps,
            "tokens": last.tokens,
            "money": last.money,
            "calls": sum(each.get("calls", 0) + each.get("lost_calls", 0) for each in last.models.values()),
        }
        budget: dict[str, dict[str, float | None]] = {}
        for what, limit in limits.items():
            used = spent[what]
            budget[what] = {"limit": limit, "spent": used, "left": None if used is None else limit - used}
        return budget


def _line(step: Step) -> str:
    kept = "" if step.accepted else ", not kept"
    return f"step {step.step}: {step.outcome}{kept}, score {step.score:.6g}, best {step.best_score:.6g}"
