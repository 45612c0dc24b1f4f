"""The page of a run, written when it ends."""

from __future__ import annotations

import warnings

from genopt_gym.core.errors import UserError
from genopt_gym.runs.callbacks import Callback, RunStart
from genopt_gym.runs.result import Result
from genopt_gym.show.run_page import write_run_page


class RunPage(Callback):
    """Writes run.html into the run's folder: its curve, edits, evidence, prompts and replies."""

    def on_start(self, start: RunStart) -> None:
        self._folder = start.folder

    def on_end(self, result: Result | None) -> None:
        if result is None:
            return
        try:
            write_run_page(self._folder)
        except UserError as error:
            # The run itself is whole: whoever wants the page can ask for it.
            warnings.warn(f"the page of the run was not written: {error}", stacklevel=1)
