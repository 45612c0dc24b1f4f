"""What trackers have in common: what is told of a run, once each, also where it is resumed."""

from __future__ import annotations

import difflib
import json
from abc import abstractmethod
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from genopt_gym.core.artifact import Program
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import write_atomically
from genopt_gym.core.script import listing, script
from genopt_gym.runs.callbacks import Callback, RunStart
from genopt_gym.runs.folder import read_program
from genopt_gym.runs.result import Result
from genopt_gym.runs.steps import Step

FILM = "best.gif"


class Tracker(Callback):
    """Tells a tracker of each step: scores, outcome, costs, the artifact and its diff; at the end the film.

    A tracker of somebody's is a subclass with five methods. What it was told of stands in the run's folder, so a
    resumed run goes on in the same run of the tracker, without a step twice.
    """

    name: ClassVar[str]
    """Of its package, of its extra, and of its file in the run's folder."""

    def __init__(self) -> None:
        # Before anything has begun, so that a missing package leaves no folder behind.
        if find_spec(self.name) is None:
            raise UserError(f"the tracker {self.name} needs its extra: pip install 'genopt-gym[{self.name}]'")

    def on_start(self, start: RunStart) -> None:
        """Begin a run of the tracker, or go on with the one that belongs to this folder."""
        self._folder = start.folder
        self._begun = False
        self._state = self._read_state()
        config = {
            "id": start.config.id,
            "agent": start.config.agent,
            "seed": start.config.seed,
            "edits": start.updates,
            **{f"parameter.{name}": _flat(value) for name, value in start.config.parameters.items()},
            **{f"agent.{name}": _flat(value) for name, value in start.config.agent_options.items()},
        }
        self._accepted: Program | None = None
        self._before: Step | None = None
        self._state["run"] = self.begin(start, config, self._state.get("run"))
        self._keep_state()
        self._begun = True

    def on_step(self, step: Step) -> None:
        """Tell of the step, unless the tracker knows it."""
        artifact = self._read(step.artifact)
        if step.step >= self._state["steps"]:
            self.scalars(step.step, scalars_of(step, self._before))
            words = {"outcome": step.outcome, "artifact": step.artifact}
            source = "" if artifact is None else script(artifact.components, artifact.workflow)
            self.texts(step.step, words, source, _diff(self._accepted, artifact))
            self._state["steps"] = step.step + 1
            self._keep_state()
        self._before = step
        if step.accepted and artifact is not None:
            self._accepted = artifact

    def on_end(self, result: Result | None) -> None:
        """Tell of the end; of a run that was stopped only that it was."""
        if not self._begun:
            return  # its server was not there
        final: dict[str, float] = {}
        film = self._folder / FILM
        if result is not None:
            scores = {
                "start_validation": result.start_score,
                "best_validation": result.validation_score,
                "confirmation": getattr(result, "confirmation_score", None),
                "start_test": result.start_test_score,
                "best_test": result.test_score,
            }
            final = {name: score for name, score in scores.items() if score is not None}
        self.finish(final, film if result is not None and film.exists() else None, result is not None)

    @abstractmethod
    def begin(self, start: RunStart, config: Mapping[str, Any], known: str | None) -> str:
        """Begin, or go on with the tracker's run ``known``.

        Args:
            start: of the run.
            config: what it is made of, flat.
            known: what this method has returned when the run was begun; ``None`` for a new one.

        Returns:
            Names the tracker's run.

        Raises:
            UserError: its server is missing; the sentence says what to do.
        """

    @abstractmethod
    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers of a step."""

    @abstractmethod
    def texts(self, step: int, words: Mapping[str, str], source: str, diff: str) -> None:
        """Outcome and content id of a step's artifact, its source, and its diff from the one it was made from."""

    @abstractmethod
    def finish(self, final: Mapping[str, float], film: Path | None, whole: bool) -> None:
        """Final scores, and the film where there is one; ``whole`` is False for a run that was stopped."""

    def _read(self, id: str) -> Program | None:
        try:
            return read_program(self._folder, id)
        except UserError:
            return None

    def _read_state(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._path.read_bytes()))
        except (OSError, ValueError):
            return {"steps": 0}

    def _keep_state(self) -> None:
        write_atomically(self._path, json.dumps(self._state).encode() + b"\n")

    @property
    def _path(self) -> Path:
        return self._folder / f"tracker-{self.name}.json"


def scalars_of(step: Step, before: Step | None) -> dict[str, float]:
    """A step's numbers under the names that trackers show, without those that are not known."""
    found: dict[str, float | None] = {
        "score": step.score,
        "best_score": step.best_score,
        "validation_score": step.validation_score,
        "reward": step.reward,
        "accepted": float(step.accepted),
        "ran": float(step.outcome in ("ok", "unchanged")),
        "horizon_shown": step.horizon_shown,
        "spent/trials": step.total_trials,
        "spent/inner_steps": step.total_inner_steps,
        "spent/tokens": step.tokens,
        "spent/money": step.money,
        "spent/worker_seconds": step.worker_seconds,
        "step/seconds": step.seconds,
        "step/tokens": step.tokens - (before.tokens if before else 0),
    }
    return {name: float(value) for name, value in found.items() if value is not None}


def _diff(before: Program | None, after: Program | None) -> str:
    if before is None or after is None:
        return ""
    old, new = (listing(each.components, each.workflow).splitlines(keepends=True) for each in (before, after))
    return "".join(difflib.unified_diff(old, new, "before", "after"))


def run_name(start: RunStart) -> str:
    """What a tracker's run is called: task, agent and seed."""
    task = start.config.id.rpartition("/")[2]
    return f"{task}-{start.config.agent.rpartition(':')[2]}-seed{start.config.seed}"


def _flat(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) or value is None else json.dumps(value, default=str)
