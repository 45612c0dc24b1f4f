"""Callbacks for tests."""

from __future__ import annotations

import json
from collections.abc import Callable

from genopt_gym.runs.callbacks import Callback, RunStart
from genopt_gym.runs.result import Result
from genopt_gym.runs.steps import Step


class Watching(Callback):
    """Calls a function with each step."""

    def __init__(self, look: Callable[[Step], None]) -> None:
        self._look = look

    def on_step(self, step: Step) -> None:
        self._look(step)


class LiveLog(Callback):
    """A line of JSON for each thing that it is told, in ``live.jsonl`` of the run's folder."""

    def on_start(self, start: RunStart) -> None:
        self._file = (start.folder / "live.jsonl").open("a")
        self._write({"start": start.config.agent, "updates": start.updates, "stored": start.stored})

    def on_step(self, step: Step) -> None:
        self._write({"step": step.step, "score": step.score, "replayed": step.replayed})

    def on_end(self, result: Result | None) -> None:
        self._write({"end": None if result is None else result.ended_by})
        self._file.close()

    def _write(self, row: dict[str, object]) -> None:
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()
