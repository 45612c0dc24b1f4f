"""Runs of a study in processes of this machine."""

from __future__ import annotations

import os
import selectors
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from genopt_gym.core.processes import HelperProcess, calling
from genopt_gym.evaluation.worker_process import default_workers
from genopt_gym.study.execution.worker import PATIENCE, Ended, RunJob
from genopt_gym.study.folder import storage

TAIL = 4000
"""Bytes of what a crashed process printed last that are kept."""


class LocalExecutor:
    """Each run in a process of its own; all end when this one does, whatever ends it.

    Args:
        workers: how many runs at once; the cores are shared evenly between them.
    """

    def __init__(self, workers: int) -> None:
        self.slots = workers
        self._selector = selectors.DefaultSelector()
        self._processes: list[_RunProcess] = []

    def start(self, job: RunJob) -> None:
        process = _RunProcess(job, max(1, default_workers() // self.slots))
        self._processes.append(process)
        self._selector.register(process.answers, selectors.EVENT_READ, process)

    def wait(self, seconds: float) -> Sequence[Ended]:
        found = []
        for key, _ in self._selector.select(seconds):
            process: _RunProcess = key.data
            if process.read():
                continue
            self._selector.unregister(process.answers)
            self._processes.remove(process)
            found.append(process.ended())
        return found

    def stop(self) -> None:
        for process in self._processes:
            process.let_go()
        for process in self._processes:
            process.stop()
        self._processes = []
        self._selector.close()


class _RunProcess:
    """A worker, our end of what it answers, and what it prints."""

    def __init__(self, job: RunJob, workers: int) -> None:
        self._key = job.key
        self._answer = b""
        self.answers, answer = os.pipe()
        with storage(Path(tempfile.gettempdir())), tempfile.TemporaryFile() as task:
            self._printed = tempfile.TemporaryFile()
            task.write(msgspec.json.encode(job))
            task.seek(0)
            self._process = HelperProcess(
                calling("genopt_gym.study.execution.worker:main", answer),
                environment=os.environ | {"GENOPT_WORKERS": str(workers)},
                descriptors=[answer],
                stdin=task,
                stdout=self._printed,
                stderr=self._printed,
            )
        os.close(answer)

    def read(self) -> bool:
        """Take in what it says; False when there is no more to come."""
        data = os.read(self.answers, 65536)
        self._answer += data
        return bool(data)

    def ended(self) -> Ended:
        self._process.stop(PATIENCE + 1)
        try:
            return msgspec.json.decode(self._answer, type=Ended)
        except msgspec.MsgspecError:
            size = os.fstat(self._printed.fileno()).st_size
            printed = os.pread(self._printed.fileno(), TAIL, max(0, size - TAIL)).decode(errors="replace")
            return Ended(self._key, "crashed", f"its process ended with {self._process.exit_code}\n{printed}")
        finally:
            self._close()

    def let_go(self) -> None:
        self._process.let_go()

    def stop(self) -> None:
        self._process.stop(PATIENCE + 1)
        self._close()

    def _close(self) -> None:
        os.close(self.answers)
        self._printed.close()
