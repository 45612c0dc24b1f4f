"""TensorBoard: a log in the run's folder, for ``tensorboard --logdir``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genopt_gym.runs.callbacks import RunStart
from genopt_gym.show.trackers.base import Tracker

FOLDER = "tensorboard"


class TensorBoard(Tracker):
    """Logs to tensorboard/ in the run's folder; tensorboard --logdir RUN shows it."""

    name = "tensorboard"

    def begin(self, start: RunStart, config: Mapping[str, Any], known: str | None) -> str:
        """Open a log file; TensorBoard reads all files of a folder as one log."""
        from genopt_gym.show.trackers.tensorboard_events import EventLog

        self._log = EventLog(start.folder / FOLDER)
        if known is None:
            rows = "\n".join(f"| {key} | {_plain(str(value))} |" for key, value in config.items())
            self._log.texts(0, {"configuration": f"| key | value |\n|---|---|\n{rows}"})
        return FOLDER

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """One series each."""
        self._log.scalars(step, values)

    def texts(self, step: int, words: Mapping[str, str], source: str, diff: str) -> None:
        """As preformatted text: TensorBoard takes its texts for Markdown."""
        told = "  \n".join(f"{key}: {_plain(value)}" for key, value in words.items())
        self._log.texts(step, {"edit": told, "artifact": _block(source), "diff": _block(diff)})

    def finish(self, final: Mapping[str, float], film: Path | None, whole: bool) -> None:
        """At the last step."""
        last = max(self._state["steps"] - 1, 0)
        self._log.scalars(last, {f"final/{name}": value for name, value in final.items()})
        if film is not None:
            self._log.film(last, film)
        self._log.close()


def _block(text: str) -> str:
    """Indented, so that no line of it can end the block."""
    return "\n".join(f"    {line}" for line in text.splitlines()) or "(nothing)"


def _plain(text: str) -> str:
    """Without what Markdown and tables take for their own."""
    return "".join(f"\\{letter}" if letter in "\\`*_|<>[]" else letter for letter in text.replace("\n", " "))
