"""Runs of a study in processes of this machine."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from genopt_gym.evaluation.pool import default_workers
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
        self._processes: list[_Process] = []

    def start(self, job: RunJob) -> None:
        process = _Process(job, max(1, default_workers() // self.slots))
        self._processes.append(process)
        self._selector.register(process.answers, selectors.EVENT_READ, process)

    def wait(self, seconds: float) -> Sequence[Ended]:
        found = []
        for key, _ in self._selector.select(seconds):
            process: _Process = key.data
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


class _Process:
    """A worker and our ends of its pipes."""

    def __init__(self, job: RunJob, workers: int) -> None:
        self._key = job.key
        self._answer = b""
        with storage(Path(tempfile.gettempdir())):
            self._printed = tempfile.TemporaryFile()
        # It finds modules where we find them: tasks and agents may be the user's own.
        start = f"import sys; sys.path[:] = {sys.path!r}; from genopt_gym.study.execution.worker import main; main()"
        # In a session of its own, so that Ctrl-C comes to us alone.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", start],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            env=os.environ | {"GENOPT_WORKERS": str(workers)},
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.answers = self._process.stdout
        try:
            self._process.stdin.write(msgspec.json.encode(job) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has died: seen when its answer is read

    def read(self) -> bool:
        """Take in what it says; False when there is no more to come."""
        data = os.read(self.answers.fileno(), 65536)
        self._answer += data
        return bool(data)

    def ended(self) -> Ended:
        self._wait()
        try:
            return msgspec.json.decode(self._answer, type=Ended)
        except msgspec.MsgspecError:
            size = os.fstat(self._printed.fileno()).st_size
            printed = os.pread(self._printed.fileno(), TAIL, max(0, size - TAIL)).decode(errors="replace")
            return Ended(self._key, "crashed", f"its process ended with {self._process.returncode}\n{printed}")
        finally:
            self._close()

    def let_go(self) -> None:
        """It sees its standard input end, and comes to its own end."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass

    def stop(self) -> None:
        self._wait()
        self._close()

    def _wait(self) -> None:
        self.let_go()
        try:
            self._process.wait(PATIENCE + 1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _close(self) -> None:
        self.answers.close()
        self._printed.close()
