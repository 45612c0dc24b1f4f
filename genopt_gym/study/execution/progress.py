"""How far the runs of a study are, read from the ends of their files while they are written."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from genopt_gym.study.folder import is_done, run_path
from genopt_gym.study.loader import metric_of
from genopt_gym.study.records import Plan

TAIL = 1 << 18
"""Bytes that surely hold a whole line."""


@dataclass(frozen=True)
class RunProgress:
    """Of one run.

    Attributes:
        edits: made so far.
        planned: of the run; it may end before.
        best: observed score so far, ``None`` before there is one.
        tokens: of all model calls so far.
        money: in US dollars; ``None`` once a price was not known.
        done: whether it has come to its end.
    """

    edits: int = 0
    planned: int = 0
    best: float | None = None
    tokens: int = 0
    money: float | None = 0.0
    done: bool = False


class StudyProgress:
    """Of all runs of a study in its folder."""

    def __init__(self, plan: Plan, study: Path) -> None:
        self._plan = plan
        self._study = study
        one_of = {run.config.id: run for run in plan.runs}
        self._metrics = {id: metric_of(run) for id, run in one_of.items()}
        self.of = {run.key: RunProgress(planned=run.config.edits or 0) for run in plan.runs}
        """By key."""
        self.look(self.of)
        self._began, self._before = time.monotonic(), self._edits

    def look(self, keys: Iterable[str]) -> None:
        """Look again at runs that may have moved on."""
        for key in list(keys):
            self.of[key] = _look(run_path(self._study, key), self.of[key])

    @property
    def done(self) -> int:
        return sum(progress.done for progress in self.of.values())

    @property
    def tokens(self) -> int:
        return sum(progress.tokens for progress in self.of.values())

    @property
    def money(self) -> float | None:
        known = [progress.money for progress in self.of.values() if progress.money is not None]
        return sum(known) if len(known) == len(self.of) else None

    @property
    def seconds_left(self) -> float | None:
        """At the pace since we look; ``None`` before the first edit."""
        made = self._edits - self._before
        left = sum(progress.planned - progress.edits for progress in self.of.values() if not progress.done)
        return left * (time.monotonic() - self._began) / made if made else None

    def best(self) -> dict[str, tuple[str, float]]:
        """Task to the arm that has come farthest, and its best observed score."""
        found: dict[str, tuple[str, float]] = {}
        for run in self._plan.runs:
            task, score = run.config.id, self.of[run.key].best
            if score is not None and (task not in found or self._metrics[task].better(score, found[task][1])):
                found[task] = (run.arm, score)
        return found

    @property
    def _edits(self) -> int:
        return sum(progress.edits for progress in self.of.values())


def _look(path: Path, before: RunProgress) -> RunProgress:
    step, cost = _last(path / "steps.jsonl"), _last(path / "ledger.jsonl")
    if step is None or cost is None:
        return before
    models = list(cost["models"].values())
    return replace(
        before,
        edits=step["step"],
        best=step["best_score"],
        tokens=sum(m["prompt_tokens"] + m["completion_tokens"] + m["lost_tokens"] for m in models),
        money=None if any(m["money"] is None for m in models) else float(sum(m["money"] for m in models)),
        done=is_done(path),
    )


def _last(path: Path) -> dict[str, Any] | None:
    """The last whole row of a journal that is being written; ``None`` if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            return dict(json.loads(file.read().split(b"\n")[-2]))
    except (OSError, ValueError, IndexError):
        return None
