"""A trusted worker process: it holds games, answers and scores, and runs blocks of trials one after another.

It is exec'd with its line as an open descriptor, and ends when that line closes.
"""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from genopt_gym.core.artifact import Program
from genopt_gym.core.errors import UserError
from genopt_gym.core.evidence import Instance, Recorder, Trial, View
from genopt_gym.core.limits import Limits
from genopt_gym.core.processes import end_with_owner
from genopt_gym.core.reach import reaches
from genopt_gym.core.sources import SourcesChanged, changed_since, import_afresh
from genopt_gym.core.task import Task, TaskSpec
from genopt_gym.evaluation.model_requests import ModelRequestBroker
from genopt_gym.sandbox import scratch
from genopt_gym.sandbox.channel import ChannelClosed, MessageChannel
from genopt_gym.sandbox.confined_child import ConfinedChild, ReadyChild
from genopt_gym.sandbox.selftest import require_confinement
from genopt_gym.sandbox.session import Session, SessionDied
from genopt_gym.sandbox.shared_core import SharedCore
from genopt_gym.sandbox.tier import ConfinementError, choose
from genopt_gym.sandbox.zygote import Zygote, ZygoteLost

MAX_MESSAGE = 1 << 31


class Block(msgspec.Struct, frozen=True):
    """A request: trials that share one confined process."""

    task: TaskSpec
    program: Program
    instances: list[Instance]
    view: View | None


class BlockResult(msgspec.Struct, frozen=True):
    """The answer: trials in the order of the instances, and the worker's seconds for them and their process."""

    trials: list[Trial]
    seconds: float


DONE, FAILED, REFUSED, CHANGED, TOLD = b"\0", b"\1", b"\2", b"\4", b"\5"
"""First byte of an answer: what follows is a BlockResult, the traceback of the task's own code, why artifact code
cannot be confined here, which of the user's files are no longer those that the block is of, or what the task says in a
sentence of its own."""


EDITED = (
    "{} has been edited since this environment was made, and nothing is scored by another version in silence: make the "
    "environment again; an interrupted run goes on when the file is as it was, or with --accept-changes"
)


class Worker:
    """Keeps tasks and zygotes between blocks."""

    def __init__(self, scratch_root: str, line: MessageChannel) -> None:
        self._scratch_root = scratch_root
        self._line = line
        self._tasks: dict[bytes, Task] = {}
        self._zygotes: dict[tuple[str, str], Zygote] = {}
        self._deaths = 0
        """Of processes, in the block in hand."""
        self._ready = ReadyChild()
        self._latest: tuple[Zygote, Limits] | None = None
        """Of which a child was used last."""
        self._ended: Session | None = None
        """Whose child was killed, and is to be collected."""

    def run(self, block: Block) -> list[Trial]:
        task = self._task(block.task)
        recorders = [Recorder(instance, block.view, task.metric.worst) for instance in block.instances]
        self._deaths = 0
        models = [task.model if block.program.asks_model else None, task.judge]
        if concurrency := max((model.concurrency for model in models if model is not None), default=0):
            self._run_apart(task, block, recorders, concurrency)
            return [recorder.trial for recorder in recorders if recorder.trial is not None]
        together = list(range(len(recorders)))
        # A namespace keeps trials apart only from what stays within one.
        for group in [[i] for i in together] if _reaches_others(block.program) else [together]:
            if not self._run_group(task, block, recorders, group):
                break
        return [recorder.trial for recorder in recorders if recorder.trial is not None]

    def _run_group(self, task: Task, block: Block, recorders: list[Recorder], group: Sequence[int]) -> bool:
        """Run these trials, in as many processes as it takes; False where it died so often that all have failed."""
        pending = list(group)
        losses = 0
        while pending:
            try:
                self._run_together(task, block, [recorders[i] for i in pending])
                break
            except SessionDied as death:
                recorders[pending[death.slot]].fail(death.failure)
                self._deaths += 1
                if self._deaths >= max(2, len(recorders) // 8):
                    # Each death may have cost seconds: an artifact that keeps dying is not given every chance.
                    for recorder in recorders:
                        if recorder.trial is None:
                            recorder.fail(death.failure)
                    return False
            except ZygoteLost:
                losses += 1
                if losses > 1:
                    raise
                self._zygotes.pop((task.profile, task.observer)).close()
            # What unfinished trials had done is lost with the process: they start again, without the culprit.
            pending = [i for i in pending if recorders[i].trial is None]
            for i in pending:
                recorders[i] = Recorder(block.instances[i], block.view, task.metric.worst)
        return True

    def get_ready(self) -> None:
        """While nobody waits: collect the last block's process, and have one ready for a block like it."""
        self._collect()
        if self._latest is not None:
            with contextlib.suppress(OSError):  # the next block finds out
                self._ready.prepare(*self._latest)

    def _collect(self) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            with contextlib.suppress(ZygoteLost):  # nobody is left to ask how it ended
                ended.close()

    def _run_together(self, task: Task, block: Block, recorders: Sequence[Recorder]) -> None:
        """Run these trials in one process."""
        self._collect()
        zygote = self._zygote(task)
        self._latest = zygote, task.limits
        child = self._ready.take(zygote, task.limits)
        self._ended = session = self._session(task, block, recorders, child=child)
        session.core = SharedCore(session.pid)
        try:
            task.run(session, recorders)
        finally:
            session.kill()
            session.core.release()

    def _session(
        self,
        task: Task,
        block: Block,
        recorders: Sequence[Recorder],
        llm: Callable[[str], str] | None = None,
        child: ConfinedChild | None = None,
    ) -> Session:
        seeds = [task.seed(recorder.instance, "artifact") for recorder in recorders]
        traced = block.view is not None
        packed = bool(task.observer) and not traced  # a trace holds whole observations, which are then at hand
        return Session(self._zygote(task), block.program, seeds, task.limits, traced, llm, packed, child)

    def _run_apart(self, task: Task, block: Block, recorders: Sequence[Recorder], concurrency: int) -> None:
        """Each trial in a confined process of its own, for most of its time is spent waiting for the model."""
        self._zygote(task)
        desk = ModelRequestBroker(self._line)

        def run(recorder: Recorder) -> None:
            name = str(recorder.instance)
            llm = desk.for_trial(name) if block.program.asks_model and task.model is not None else None
            try:
                with self._session(task, block, [recorder], llm) as session:
                    session.judge = desk.for_trial(name, "judge")
                    task.run(session, [recorder])
            except SessionDied as death:
                recorder.fail(death.failure)

        with ThreadPoolExecutor(min(concurrency, len(recorders))) as threads:
            trials = [threads.submit(run, recorder) for recorder in recorders]
            desk.serve_until(trials)
        for trial in trials:
            trial.result()

    def _zygote(self, task: Task) -> Zygote:
        key = (task.profile, task.observer)
        if key not in self._zygotes:
            tier = choose()
            self._zygotes[key] = Zygote(task.profile, tier, self._scratch_root, task.observer)
            require_confinement(self._zygotes[key], tier)
        return self._zygotes[key]

    def _task(self, spec: TaskSpec) -> Task:
        key = msgspec.json.encode(spec)
        if key not in self._tasks:
            if spec.sources:
                import_afresh(spec.sources)
            task = spec.make()
            # Looked at when all is imported: a file that is edited meanwhile is told, and never scored by in part.
            if changed := changed_since(spec.sources):
                raise SourcesChanged(EDITED.format(", ".join(changed)))
            self._tasks[key] = task
        return self._tasks[key]


def _reaches_others(program: Program) -> bool:
    """Whether a trial could leave something in its process that the next would find."""
    return any(kind == "python" and reaches(text) for _, kind, text in program.components)


def main(line_fd: int, scratch_root: str) -> None:
    """Serve blocks until the line closes; or, in the middle of one, until the main process is gone."""

    def end() -> None:
        scratch.remove(scratch_root)
        os._exit(0)

    end_with_owner(end)
    line = MessageChannel(socket.socket(fileno=line_fd), MAX_MESSAGE)
    worker = Worker(scratch_root, line)
    decoder = msgspec.msgpack.Decoder(Block)
    # Traces are many small objects that live until a block ends: looking for cycles among them finds nothing.
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)
    preparing = 0.0
    while True:
        try:
            message = line.receive()
        except ChannelClosed:
            break
        started = time.perf_counter()
        try:
            trials = worker.run(decoder.decode(message))
            seconds = preparing + time.perf_counter() - started
            answer = DONE + msgspec.msgpack.encode(BlockResult(trials, seconds))
        except ConfinementError as error:
            answer = REFUSED + str(error).encode()
        except SourcesChanged as error:
            answer = CHANGED + str(error).encode()
        except UserError as error:
            answer = TOLD + str(error).encode()
        except Exception:
            answer = FAILED + traceback.format_exc().encode()
        try:
            line.send(answer)
        except ChannelClosed:
            break
        started = time.perf_counter()
        worker.get_ready()
        preparing = time.perf_counter() - started
    scratch.remove(scratch_root)
