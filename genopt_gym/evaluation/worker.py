"""A trusted worker process: it holds games, answers and scores, and runs blocks of trials one after another.

It is exec'd with its line as an open descriptor, and ends when that line closes.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import traceback
from collections.abc import Sequence

import msgspec

from genopt_gym.artifact import Program
from genopt_gym.evidence import Instance, Recorder, Trial, View
from genopt_gym.sandbox.host import Session, SessionDied, Zygote, ZygoteLost
from genopt_gym.sandbox.line import Line, LineClosed
from genopt_gym.task import Task, TaskSpec

MAX_MESSAGE = 1 << 31


class Block(msgspec.Struct, frozen=True):
    """A request: trials that share one confined process."""

    task: TaskSpec
    program: Program
    instances: list[Instance]
    view: View | None


class BlockResult(msgspec.Struct, frozen=True):
    """The answer: trials in the order of the instances."""

    trials: list[Trial]
    seconds: float


DONE, FAILED = b"\0", b"\1"
"""First byte of an answer: a BlockResult follows, or the traceback of the task's own code."""


class Worker:
    """Keeps tasks and zygotes between blocks."""

    def __init__(self) -> None:
        self._tasks: dict[bytes, Task] = {}
        self._zygotes: dict[str, Zygote] = {}

    def run(self, block: Block) -> list[Trial]:
        task = self._task(block.task)
        failed_score = task.metric.low
        recorders = [Recorder(instance, block.view, failed_score) for instance in block.instances]
        pending = list(range(len(recorders)))
        losses = deaths = 0
        while pending:
            try:
                self._run_together(task, block, [recorders[i] for i in pending])
                break
            except SessionDied as death:
                recorders[pending[death.slot]].fail(death.failure)
                deaths += 1
                if deaths >= max(2, len(recorders) // 8):
                    # Each death may have cost seconds: an artifact that keeps dying is not given every chance.
                    for recorder in recorders:
                        if recorder.trial is None:
                            recorder.fail(death.failure)
            except ZygoteLost:
                losses += 1
                if losses > 1:
                    raise
                self._zygotes.pop(task.profile).close()
            # What unfinished trials had done is lost with the process: they start again, without the culprit.
            pending = [i for i in pending if recorders[i].trial is None]
            for i in pending:
                recorders[i] = Recorder(block.instances[i], block.view, failed_score)
        return [recorder.trial for recorder in recorders if recorder.trial is not None]

    def _run_together(self, task: Task, block: Block, recorders: Sequence[Recorder]) -> None:
        if task.profile not in self._zygotes:
            self._zygotes[task.profile] = Zygote(task.profile)
        seeds = [task.seed(recorder.instance) for recorder in recorders]
        zygote = self._zygotes[task.profile]
        with Session(zygote, block.program, seeds, task.limits, traced=block.view is not None) as session:
            task.run(session, recorders)

    def _task(self, spec: TaskSpec) -> Task:
        key = msgspec.json.encode(spec)
        if key not in self._tasks:
            self._tasks[key] = spec.make()
        return self._tasks[key]


def _end_with_parent(lifeline: int) -> None:
    """The lifeline is a pipe that nobody writes to: its end means that the main process is gone."""
    os.read(lifeline, 1)
    os._exit(0)


def main(line_fd: int, lifeline: int) -> None:
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    line = Line(socket.socket(fileno=line_fd), MAX_MESSAGE)
    worker = Worker()
    decoder = msgspec.msgpack.Decoder(Block)
    while True:
        try:
            message = line.receive()
        except LineClosed:
            return
        started = time.perf_counter()
        try:
            trials = worker.run(decoder.decode(message))
            answer = DONE + msgspec.msgpack.encode(BlockResult(trials, time.perf_counter() - started))
        except Exception:
            answer = FAILED + traceback.format_exc().encode()
        line.send(answer)
