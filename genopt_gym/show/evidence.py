"""What a step's evidence was, out of what its run has stored. Nothing is run and no model is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from genopt_gym.core.errors import UserError
from genopt_gym.env import OptimizationEnv
from genopt_gym.evaluation import Evaluation
from genopt_gym.observation import Observation, Observer
from genopt_gym.run_state import RunState
from genopt_gym.runs.folder import EvaluationFile
from genopt_gym.runs.replay import replay_steps, stored_environment

ASKS_MODEL = "its artifacts ask a model, and what their trials came to is not stored with the run"
NOT_STORED = "the run's folder holds no evaluation of step {}"


class NotStored(Exception):
    """An evaluation would have to be run again."""


class StoredOnly:
    """Results of blocks that a run has stored, however far it has come; one that is missing is an error.

    Args:
        file: of the run.
    """

    def __init__(self, file: EvaluationFile) -> None:
        self._file = file

    def get(self, key: str) -> bytes:
        """Raises NotStored."""
        found = self._file.get(key)
        if found is None:
            self._file.scan()
            found = self._file.get(key)
        if found is None:
            raise NotStored
        return found

    def __setitem__(self, key: str, value: bytes) -> None:
        raise AssertionError("whoever looks at a run adds nothing to it")


class EvidenceObserver(Observer):
    """Renders no trace: that takes longer than all the rest of a replay."""

    def observe(
        self, run: RunState, previous_score: float | None, truncated_by: str | None
    ) -> tuple[Observation, dict[str, Any]]:
        return {"feedback": self.feedback(run, previous_score)}, {"artifact": run.last.artifact.id}


class EvidenceReader:
    """Evidence step by step, in the order of the steps; a run that goes on is followed.

    Args:
        folder: of the run.

    Attributes:
        problem: why there is none from the next step on; empty if nothing stands in the way.
        env: the environment of the run, if it could be made.
        count: of how many steps evidence was read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: list[Mapping[str, Any]] = []
        self.count = 0
        self.env: OptimizationEnv | None = None
        self.problem = ""
        self._file: EvaluationFile | None = None
        path = folder / "evaluations.bin"
        if not path.exists():
            self.problem = "the run's folder has no evaluations.bin"
            return
        self._file = EvaluationFile(path, read_only=True)
        try:
            self.env = stored_environment(folder, StoredOnly(self._file))
        except UserError as error:
            self.problem = f"the run's environment cannot be made here: {error}"
            return
        if self.env.start.asks_model:
            self.problem = ASKS_MODEL
        self.env.observer = EvidenceObserver
        self._steps = replay_steps(self.env, folder, self._coming())

    def next(self, row: Mapping[str, Any]) -> bytes | None:
        """Evidence of the next step as JSON; ``None``, with ``problem`` set, if it cannot be had.

        Args:
            row: of ``steps.jsonl``.
        """
        if self.problem:
            return None
        assert self.env is not None
        self._rows.append(row)
        try:
            observation, _ = next(self._steps)
            found = _encoded(self.env, observation["feedback"])
        except NotStored:
            self.problem = NOT_STORED.format(self.count)
        except UserError as error:
            self.problem = str(error)
        except Exception as error:  # of a task's own code, which may have changed since
            self.problem = f"the run's environment cannot be stepped again here: {error}"
        else:
            self.count += 1
            return found
        return None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _coming(self) -> Iterator[Mapping[str, Any]]:
        while True:
            yield self._rows[self.count]


def _encoded(env: OptimizationEnv, feedback: str) -> bytes:
    last = env.last
    facts = {
        "feedback": feedback,
        "message": last.message,
        "trials": last.train.trials if last.train else [],
        "validation": _scores(last.validation),
    }
    try:
        return msgspec.json.encode(facts)
    except (TypeError, msgspec.MsgspecError):  # an artifact returns what it likes, such as a mapping with lists as keys
        return msgspec.json.encode(msgspec.to_builtins(facts, str_keys=True))


def _scores(evaluation: Evaluation | None) -> list[dict[str, Any]]:
    return [
        {"instance": str(trial.instance), "score": trial.score, "steps": trial.steps, "failure": trial.failure}
        for trial in (evaluation.trials if evaluation else ())
    ]
