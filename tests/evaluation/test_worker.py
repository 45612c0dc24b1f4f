"""Blocks of trials in a trusted worker: who is blamed for a death, and what the others get."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Sequence

import msgspec
import pytest

from genopt_gym.core.artifact import Program
from genopt_gym.core.evidence import Instance, Trial, View
from genopt_gym.core.processes import HelperProcess, calling
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.evaluation.worker import DONE, FAILED, Block, BlockResult
from genopt_gym.sandbox.channel import MessageChannel
from tests.helpers.local_workers import worker_processes
from tests.helpers.toys import Guess
from tests.helpers.waiting import wait_until

SPEC = TaskSpec("tests.helpers.toys:Guess", {})


def block(text: str, indices: Sequence[int], spec: TaskSpec = SPEC) -> Block:
    """A block of Guess: ``question`` tells the instance's index."""
    artifact = Guess().starting_artifact("plain/five").edited({"guess": text})
    return Block(spec, artifact.program, [Instance("train", i) for i in indices], View(None))


def trials(text: str, indices: Sequence[int]) -> list[Trial]:
    [answer] = shared_pool().run([block(text, indices)])
    return msgspec.msgpack.decode(answer, type=BlockResult).trials


def outcomes(text: str, indices: Sequence[int]) -> list[str]:
    return [trial.failure.outcome if trial.failure else "ok" for trial in trials(text, indices)]


DIES = """\
def overflow(levels):
    for _ in range(200_000): levels = map(abs, levels)
    return list(levels)

def guess(question, hint):
    for i in {}:
        if f' {{i}}?' in question: overflow([1])
    return 5
"""


def test_trials_come_in_the_order_of_the_instances() -> None:
    assert [trial.instance.index for trial in trials("def guess(q, h): return 5", [8, 3, 5])] == [8, 3, 5]


@pytest.mark.parametrize("culprit", range(5))
def test_death_fails_its_culprit_alone(culprit: int) -> None:
    expected = ["crashed" if i == culprit else "ok" for i in range(5)]
    assert outcomes(DIES.format([culprit]), range(5)) == expected


def test_survivors_run_in_a_new_process_from_the_start() -> None:
    """What module globals held when another trial took the process down is forgotten."""
    text = f"{DIES.format([1])}\nseen, dies = [], guess\ndef guess(question, hint):\n    seen.append(1)\n"
    text += "    return dies(question, hint) + 4 * (len(seen) - 1)\n"
    assert [trial.score for trial in trials(text, [0, 2, 1])] == [2, 2, 9]


def test_second_death_in_a_small_block_fails_the_rest() -> None:
    """Each death may cost seconds, so an artifact that keeps dying is not given every chance."""
    assert outcomes(DIES.format([1, 3]), range(5)) == ["crashed"] * 5


def test_trials_of_a_text_that_reaches_its_process_have_one_each() -> None:
    """Nothing has to run again then; a block still bears no more deaths."""
    text = DIES.format([1, 3]) + "\nimport os\n"
    assert outcomes(text, range(5)) == ["ok", "crashed", "ok", "crashed", "crashed"]


def test_large_block_bears_a_death_in_eight_trials() -> None:
    expected = ["crashed" if i in (1, 9) else "ok" for i in range(24)]
    assert outcomes(DIES.format([1, 9]), range(24)) == expected


def test_answer_carries_the_traceback_of_the_tasks_own_error() -> None:
    worker = WorkerByHand()
    broken = block("def guess(q, h): return 5", [0], TaskSpec("tests.helpers.toys:BrokenGuess", {}))
    answer = worker.ask(msgspec.msgpack.encode(broken))
    assert answer[:1] == FAILED
    assert b"LookupError: the task's own mistake" in answer
    healthy = block("def guess(q, h): return 5", [0])
    assert worker.ask(msgspec.msgpack.encode(healthy))[:1] == DONE
    worker.line.close()
    assert worker.ended() == 0


def test_unreadable_request_is_answered_with_an_error() -> None:
    worker = WorkerByHand()
    assert worker.ask(b"\xc1")[:1] == FAILED
    worker.line.close()
    assert worker.ended() == 0


def test_worker_ends_when_its_line_closes() -> None:
    worker = WorkerByHand()
    worker.line.close()
    assert worker.ended() == 0


def test_worker_ends_in_the_middle_of_a_block_when_the_main_process_is_gone() -> None:
    worker = WorkerByHand()
    worker.line.send(msgspec.msgpack.encode(block("def guess(q, h):\n    while True: pass", [0])))
    worker.process.let_go()
    assert worker.ended() == 0
    worker.line.close()


class WorkerByHand:
    """A worker as the pool starts one."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        scratch = tempfile.mkdtemp(prefix="genopt-")  # the worker removes it when it ends
        self.process = HelperProcess(
            calling("genopt_gym.evaluation.worker:main", theirs.fileno(), scratch),
            environment=os.environ,
            descriptors=[theirs.fileno()],
        )
        theirs.close()
        self.line = MessageChannel(ours, 1 << 20)

    def ask(self, message: bytes) -> bytes:
        self.line.send(message)
        return self.line.receive()

    def ended(self) -> int | None:
        """The exit code of its own end."""
        assert wait_until(self.process.has_ended, 30)
        self.process.stop(0)
        return self.process.exit_code


def test_programs_hold_nothing_about_scores() -> None:
    """All that a confined process gets of an artifact."""
    assert Program.__struct_fields__ == ("components", "workflow", "asks_model")


def test_interrupt_of_the_terminal_does_not_reach_workers() -> None:
    """Ctrl-C goes to the main process alone, which then closes its workers: they lead sessions of their own."""
    trials("def guess(q, h): return 5", [0])
    for process in worker_processes():
        assert os.getsid(process.pid) == process.pid != os.getsid(0)
