"""Weights & Biases, online or offline (``WANDB_MODE=offline``, then ``wandb sync``)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genopt_gym.core.errors import UserError
from genopt_gym.runs.callbacks import RunStart
from genopt_gym.show.trackers.base import Tracker, run_name

PROJECT = "genopt-gym"
"""Unless WANDB_PROJECT says otherwise."""
EDITS = ("step", "outcome", "artifact", "diff")
"""Columns of the table of edits."""


class WeightsAndBiases(Tracker):
    """Logs to Weights & Biases: series, a table of edits with diffs, artifacts, the film; its WANDB_ variables hold."""

    name = "wandb"

    def __init__(self) -> None:
        super().__init__()
        import wandb

        self._wandb = wandb
        if os.environ.get("WANDB_MODE", "online") == "online" and not wandb.api.api_key:
            raise UserError("wandb knows no login here: run `wandb login`, or set WANDB_MODE=offline and sync later")

    def begin(self, start: RunStart, config: Mapping[str, Any], known: str | None) -> str:
        """Begin a run in the project, or go on with the one that belongs to the folder."""
        wandb = self._wandb
        self._rows: list[list[Any]] = []
        run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=run_name(start),
            config=dict(config),
            dir=str(start.folder),
            id=known,
            resume="allow" if known else None,
            settings=wandb.Settings(console="off", silent=True),
        )
        self._run = run
        return str(run.id)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """By the number of the step."""
        self._run.log(dict(values), step=step)

    def texts(self, step: int, words: Mapping[str, str], source: str, diff: str) -> None:
        """A row of the table, and the source as an artifact of its own version."""
        self._rows.append([step, words["outcome"], words["artifact"], diff])
        program = self._wandb.Artifact(f"program-{self._run.id}", type="program", metadata={"step": step, **words})
        with program.new_file("program.py") as file:
            file.write(source)
        self._run.log_artifact(program, aliases=[f"step-{step}"])

    def finish(self, final: Mapping[str, float], film: Path | None, whole: bool) -> None:
        """The table, final scores as the summary, the film."""
        if self._rows:
            self._run.log({"edits": self._wandb.Table(columns=list(EDITS), data=self._rows)})
        if film is not None:
            self._run.log({"film": self._wandb.Video(str(film), format="gif")})
        for name, value in final.items():
            self._run.summary[f"final/{name}"] = value
        self._run.finish(exit_code=0 if whole else 1)
