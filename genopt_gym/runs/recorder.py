"""Writes each step of a run down; of a resumed run, checks that it comes out as it is stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from genopt_gym.core.edit import EditOutcome
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import as_line
from genopt_gym.env import OptimizationEnv
from genopt_gym.runs.folder import RunFolder, read_config
from genopt_gym.runs.formats import writer
from genopt_gym.runs.learning import UPDATES
from genopt_gym.runs.steps import Step

NOT_ACCEPTABLE = (
    "{} of the run in {} comes out differently with what has changed, so this change cannot be accepted: put back what "
    "it was, or begin another run"
)


Texts = tuple[str, ...]


def _texts(texts: Mapping[str, str], names: Sequence[str]) -> Texts:
    """What an artifact is known by; agents may have lost a line's end."""
    return tuple(texts.get(name, "").strip() for name in names)


class StepRecorder:
    """The steps of one run.

    Args:
        folder: where they are stored.
        env: the environment that makes them.
        on_step: called with each step.
        extension: called once, when all that is stored of a run that was given more edits was made again.
        waited: seconds that were spent waiting for a person so far, which no step has cost.
        parents: of the last edit, as in ``Agent.parents``.
    """

    def __init__(
        self,
        folder: RunFolder,
        env: OptimizationEnv,
        on_step: Callable[[Step], None],
        extension: Callable[[], None] | None = None,
        waited: Callable[[], float] = float,
        parents: Callable[[], Sequence[Mapping[str, str]] | None] = lambda: None,
    ) -> None:
        self._folder = folder
        self._env = env
        self._on_step = on_step
        self._extension = extension
        self.when_replayed: Callable[[], object] | None = None
        """Called once, when the last stored step was made again."""
        self._step = 0
        self._waited = waited
        self._parents = parents
        self._made: dict[Texts, str] = {}
        self._since = self._working_time()

    @property
    def stored(self) -> int:
        """Steps that were there before."""
        return len(self._folder.steps.rows)

    @property
    def next_step(self) -> int:
        """The number of the step that comes next."""
        return self._step

    def record(self, reward: float, terminated: bool, truncated: bool, info: Mapping[str, Any]) -> None:
        """The environment has made a step.

        Raises:
            UserError: it is stored, and comes out differently now.
        """
        row = self._row(reward, terminated, truncated, info)
        replayed = self._step < self.stored
        if replayed:
            for name in {"problem", "parents"} & row.keys() - self._folder.steps.rows[self._step].keys():
                del row[name]  # written before that was kept
            self._check(self._folder.steps.rows[self._step], row)
            if self.when_replayed is not None and self._step + 1 == self.stored:
                self._folder.fence()
                self.when_replayed()
        if self._extension is not None and self._step + 1 >= self.stored:
            self._folder.fence()
            self._extension()
            self._extension = None
        if self._step + 1 == self.stored and as_line(self._folder.steps.rows[-1]) != as_line(row):
            self._folder.fence()
            self._folder.steps.replace_last(row)
        if not replayed or row["artifact"] != self._folder.steps.rows[self._step]["artifact"]:
            self._folder.fence()
            self._folder.keep_artifact(self._env.last.artifact)
        if not replayed:
            self._folder.steps.append(row)
        if self._step < len(self._folder.ledger.rows):
            cost = self._folder.ledger.rows[self._step]
        else:
            cost = self._cost()
            self._folder.ledger.append(cost)
        self._on_step(Step.of(row, cost, replayed))
        self._step += 1
        self._since = self._working_time()

    def _row(self, reward: float, terminated: bool, truncated: bool, info: Mapping[str, Any]) -> dict[str, Any]:
        env, result = self._env, self._env.last
        self._made.setdefault(_texts(result.artifact.texts, env.editable), info["artifact"])
        told = self._parents() if self._step else None
        places = [] if told is None else [self._made.get(_texts(parent, env.editable)) for parent in told]
        parents = {} if told is None else {"parents": list(dict.fromkeys(id for id in places if id is not None))}
        return {
            "step": self._step,
            "outcome": info["outcome"],
            "problem": result.problem,
            "accepted": info["accepted"],
            "score": result.score,
            "best_score": env.history[-1][2],
            "reward": reward,
            "validation_score": result.validation.score if result.validation else None,
            "artifact": info["artifact"],
            "horizon_shown": info["horizon_shown"],
            "trials": [
                {"instance": str(trial.instance), "score": trial.score, "steps": trial.steps}
                for trial in (result.train.trials if result.train else ())
            ],
            "terminated": terminated,
            "truncated_by": info["truncated_by"] or (UPDATES if truncated else None),
            **parents,
            # What the agent has chosen of the view; without it the step could not be made again.
            **({"view": view} if (view := env.view_changes) else {}),
        }

    def _check(self, stored: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        last = self._step + 1 == self.stored
        if self._extension is not None and last and stored["outcome"] == EditOutcome.BUDGET_SPENT:
            return  # it was not run for want of budget, and now it is
        ended_by = stored.get("truncated_by") or ""
        if row["truncated_by"] is None and (ended_by == UPDATES or (last and ended_by.startswith("budget of "))):
            # It was the last, and the run has more edits, or more budget, now.
            stored = {**stored, "truncated_by": None}
        if as_line(stored) == as_line(row):
            return
        if self._extension is not None:
            raise UserError(
                f"the run in {self._folder.path} cannot be given more edits: its agent goes by their number, and step "
                f"{self._step} would have been another; start a new run with more edits"
            )
        path = self._folder.path
        if self.when_replayed is not None:
            raise UserError(NOT_ACCEPTABLE.format(f"step {self._step}", path))
        raise UserError(
            f"step {self._step} of the run in {path} comes out differently now than it is stored; resume it with "
            f"{writer(read_config(path).get('versions'))}, which wrote it, or start anew elsewhere"
        )

    def _cost(self) -> dict[str, Any]:
        """Seconds of this step, and totals of the run so far."""
        total = self._env.evaluator.ledger.total
        return {
            "step": self._step,
            "seconds": round(self._working_time() - self._since, 4),
            "trials": total.trials,
            "inner_steps": total.inner_steps,
            "worker_seconds": round(total.seconds, 4),
            "models": {role: asdict(account) for role, account in self._env.evaluator.ledger.models.items()},
        }

    def _working_time(self) -> float:
        return time.perf_counter() - self._waited()
