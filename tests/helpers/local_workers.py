"""This process's workers, for tests that look at them or kill them."""

from __future__ import annotations

from genopt_gym.core.processes import HelperProcess
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.evaluation.worker_process import WorkerProcess


def worker_processes() -> list[HelperProcess]:
    """Those on this machine."""
    return [worker.process for worker in shared_pool()._handles if isinstance(worker, WorkerProcess)]
