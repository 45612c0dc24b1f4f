"""Runs of a study on a Ray cluster: the study's folder lies on storage that all nodes share."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from genopt_gym.evaluation.ray_connection import connect
from genopt_gym.study.execution.worker import Ended, RunJob, carry_out

RETRIES = 10
"""How many dying nodes one run may meet; each time it is continued elsewhere."""
AHEAD = 2
"""Runs that are handed to Ray for each core it has: none idles, and a cluster that can grow sees what waits."""


class RayExecutor:
    """Each run a Ray task of one core.

    Args:
        address: of the cluster; ``None`` takes the one that is set up here, or starts Ray on this machine.
        workers: how many runs at once; ``None`` is as many as the cluster has cores.

    Raises:
        UserError: Ray is not installed, or the cluster cannot be reached.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self._ray, self._started = connect(address)
        self._workers = workers
        self._refs: dict[Any, str] = {}
        self._task = self._ray.remote(num_cpus=1, max_retries=RETRIES)(_carry_out)

    @property
    def slots(self) -> int:
        return self._workers or AHEAD * max(1, int(self._ray.cluster_resources().get("CPU", 0)))

    def start(self, job: RunJob) -> None:
        self._refs[self._task.remote(job, sys.path, _settings())] = job.key

    def wait(self, seconds: float) -> Sequence[Ended]:
        found = []
        for ref in self._ray.wait(list(self._refs), timeout=seconds)[0]:
            key = self._refs.pop(ref)
            try:
                found.append(self._ray.get(ref))
            except self._ray.exceptions.RayError as error:
                found.append(Ended(key, "crashed", str(error)))
        return found

    def stop(self) -> None:
        for ref in self._refs:
            self._ray.cancel(ref, force=True)
        self._refs = {}
        if self._started:
            self._ray.shutdown()


def _settings() -> dict[str, str]:
    """What of our environment a run has to know wherever it is; keys are the nodes' own."""
    return {name: value for name, value in os.environ.items() if name.startswith("GENOPT_")}


def _carry_out(job: RunJob, paths: list[str], settings: dict[str, str]) -> Ended:
    """On a node: it finds modules where the driver does, and leaves the other cores alone."""
    sys.path += [path for path in paths if path not in sys.path]
    os.environ.update(settings, GENOPT_WORKERS="1")
    return carry_out(job)
