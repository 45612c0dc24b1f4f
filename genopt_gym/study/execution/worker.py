"""One run of a study, in a process that its driver has started here or elsewhere."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from genopt_gym.core.errors import UserError
from genopt_gym.core.processes import end_with_owner
from genopt_gym.runs.callbacks import Callback, GivenCallback
from genopt_gym.runs.config import Config
from genopt_gym.runs.folder import FolderInUse
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.study.folder import STORAGE_ERRORS, Fence, Superseded, is_begun, run_path, storage_trouble

PATIENCE = 5.0
"""Seconds that a run without a driver has to come to an orderly end."""

HANDOVER = 60.0
"""Seconds to wait for a run's folder."""


class RunJob(msgspec.Struct, frozen=True):
    """A run to begin or to go on with.

    ``token`` is the driver's, ``callbacks`` are names that watch the run; with ``accept_changes`` it goes on although
    the user's own code or data has changed.
    """

    study: str
    key: str
    config: Config
    token: int
    callbacks: list[str] = []
    accept_changes: bool = False


class Ended(msgspec.Struct, frozen=True):
    """How it went: well, or what stopped it and why.

    ``refused`` would come out the same again, ``crashed`` perhaps not; ``storage`` and ``superseded`` concern the
    whole study.
    """

    key: str
    how: Literal["done", "refused", "crashed", "storage", "superseded"] = "done"
    error: str = ""


def carry_out(job: RunJob, callbacks: Sequence[Callback] = ()) -> Ended:
    """Begin the run or go on with it, whichever its folder says. Raises nothing but KeyboardInterrupt.

    ``callbacks`` watch it beside those that the job names.
    """
    study = Path(job.study)
    path = run_path(study, job.key)
    try:
        _run(job, path, Fence(study, job.token), ["page", *job.callbacks, *callbacks])
    except Superseded as error:
        return Ended(job.key, "superseded", str(error))
    except Exception as error:
        trouble = _storage_error(error)
        if trouble is not None:
            return Ended(job.key, "storage", storage_trouble(path, trouble))
        if isinstance(error, UserError):
            return Ended(job.key, "refused", str(error))
        return Ended(job.key, "crashed", traceback.format_exc())
    return Ended(job.key)


def _run(job: RunJob, path: Path, fence: Fence, callbacks: Sequence[GivenCallback]) -> None:
    """A process of an earlier driver, or of a lost node, may hold the folder: it is on its way out."""
    deadline = time.monotonic() + HANDOVER
    while True:
        try:
            fence()
            if is_begun(path):
                resume_run(path, callbacks, fence, accept_changes=job.accept_changes)
            else:
                start_run(job.config, path, callbacks, fence)
            return
        except FolderInUse:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _storage_error(error: BaseException | None) -> OSError | None:
    """The error of the disk that led to this one, if any."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in STORAGE_ERRORS:
            return error
        error = error.__cause__ or error.__context__
    return None


def _end() -> None:
    """The driver is gone, or wants us to stop."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(PATIENCE)
    os._exit(130)


def main(answer: int) -> None:
    """Carry out the job that standard input holds; how it ended is written to the descriptor ``answer``."""
    end_with_owner(_end)
    # What ends us with the driver is an interrupt, even where it was started with interrupts ignored (nohup, `&`).
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ended = carry_out(msgspec.json.decode(sys.stdin.buffer.read(), type=RunJob))
    except KeyboardInterrupt:
        sys.exit(130)
    os.write(answer, msgspec.json.encode(ended))
