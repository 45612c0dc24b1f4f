"""trackio: Hugging Face's local tracker; ``trackio show`` opens its dashboard."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genopt_gym.runs.callbacks import RunStart
from genopt_gym.show.trackers.base import Tracker, run_name

PROJECT = "genopt-gym"
"""Unless TRACKIO_PROJECT says otherwise."""


class Trackio(Tracker):
    """Logs to trackio on this machine: series, a table of edits with their diffs, the film; trackio show opens it."""

    name = "trackio"

    def __init__(self) -> None:
        super().__init__()
        import trackio

        self._trackio = trackio

    def begin(self, start: RunStart, config: Mapping[str, Any], known: str | None) -> str:
        """Begin a run in the project, or go on with the one that belongs to the folder."""
        self._rows: list[dict[str, Any]] = []
        name = known or f"{run_name(start)}-{os.urandom(3).hex()}"
        project = os.environ.get("TRACKIO_PROJECT", PROJECT)
        self._trackio.init(
            project=project, name=name, config=dict(config), resume="allow" if known else "never", embed=False
        )
        return name

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """By the number of the step."""
        self._trackio.log(dict(values), step=step)

    def texts(self, step: int, words: Mapping[str, str], source: str, diff: str) -> None:
        """Rows of a table that is sent at the end."""
        self._rows.append({"step": step, **words, "diff": diff, "program": source})

    def finish(self, final: Mapping[str, float], film: Path | None, whole: bool) -> None:
        """The table, final scores and the film."""
        import pandas as pd

        told: dict[str, Any] = {f"final/{name}": value for name, value in final.items()}
        if self._rows:
            told["edits"] = self._trackio.Table(dataframe=pd.DataFrame(self._rows))
        if film is not None:
            told["film"] = self._trackio.Video(str(film), format="gif")
        if told:
            self._trackio.log(told)
        self._trackio.finish()
