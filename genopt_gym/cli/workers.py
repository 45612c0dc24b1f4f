"""Where, and how many, workers a command was given."""

from __future__ import annotations

import os

from genopt_gym.core.errors import UserError
from genopt_gym.evaluation.worker_process import RAY


def choose_workers(workers: str | None, address: str | None) -> None:
    """Let this process use so many workers; or those of a Ray cluster.

    Raises:
        UserError: it is neither a number nor ``ray``, or an address is given without ``ray``.
    """
    if workers is not None:
        if workers != RAY and not (workers.isdecimal() and int(workers) > 0):
            raise UserError(f"--workers is a whole number from 1, or ray, and not {workers!r}")
        os.environ["GENOPT_WORKERS"] = workers
    if address is not None:
        if os.environ.get("GENOPT_WORKERS") != RAY:
            raise UserError("--address is that of a Ray cluster: add --workers ray")
        os.environ["RAY_ADDRESS"] = address
