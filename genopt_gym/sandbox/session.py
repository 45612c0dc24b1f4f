"""The worker's end of the sandbox: open sessions with confined children, and tell how they ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec

from genopt_gym.core.artifact import Program
from genopt_gym.core.evidence import Call, Failure
from genopt_gym.core.limits import Limits
from genopt_gym.sandbox import arrays, scratch, termination
from genopt_gym.sandbox.arrays import Sender
from genopt_gym.sandbox.channel import ChannelClosed, ChannelViolation, MessageChannel
from genopt_gym.sandbox.confined_child import ConfinedChild
from genopt_gym.sandbox.messages import CALLS_BYTES, PROMPT, READY, Answer, Exit, Job, read_answers
from genopt_gym.sandbox.shared_core import SharedCore
from genopt_gym.sandbox.tier import ConfinementError
from genopt_gym.sandbox.zygote import Zygote

CONFINEMENT_SECONDS = 30.0
"""How long a fork may take to confine itself on a busy machine; it needs less than a thousandth of a second."""


class SessionDied(Exception):
    """The confined process ended in mid-block.

    Attributes:
        failure: what became of it.
        slot: the trial it was busy with.
    """

    def __init__(self, failure: Failure, slot: int) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.slot = slot


class CallResult:
    """A trial's answer to one call, checked for form."""

    __slots__ = ("calls", "failure", "result")

    def __init__(self, result: Any, failure: Failure | None, calls: list[Call]) -> None:
        self.result = result
        self.failure = failure
        self.calls = calls


class Session:
    """A confined child that holds one artifact for a block of trials; a context manager.

    Args:
        zygote: what forks the child.
        program: the artifact.
        seeds: one per trial; the position is the trial's slot.
        limits: what the child may use.
        traced: whether component calls are reported.
        llm: the model that artifacts may call, if any; it runs here, on the trusted side.
        packed: whether calls get the parts that the zygote's observer makes the workflow's one argument of.
        child: what to use instead of a new fork: a child of this zygote with these limits.
    """

    def __init__(
        self,
        zygote: Zygote,
        program: Program,
        seeds: Sequence[int],
        limits: Limits,
        traced: bool,
        llm: Callable[[str], str] | None = None,
        packed: bool = False,
        child: ConfinedChild | None = None,
    ) -> None:
        self.program = program
        self.packed = packed
        self._zygote = zygote
        self._limits = limits
        self._trials = len(seeds)
        self.core: SharedCore | None = None
        """Where turns are taken; None leaves it to the kernel."""
        self._llm = llm
        self.judge: Callable[[str], str] | None = None
        """What the task itself may ask about answers; set by whoever runs it."""
        self._prompts: dict[int, int] = {}
        self._child = child = child or ConfinedChild(zygote, limits)
        self.pid = child.pid
        self._line = MessageChannel(child.sock, (limits.answer_bytes + CALLS_BYTES) * len(seeds) + 1024)
        self._sender = Sender()
        self._deadline = self._looked = time.monotonic()
        self._free_before = scratch.free_bytes(self._child.scratch)
        job = Job(program.components, program.workflow, list(seeds), traced, limits.answer_bytes, packed)
        self.reply_bytes = 0
        """Size of the last reply."""
        self._await_confinement()
        self._deadline = time.monotonic() + CONFINEMENT_SECONDS
        self._send(self._sender.encode(job))

    def call(self, slots: Sequence[int], arguments: Sequence[Sequence[Any]]) -> list[CallResult]:
        """Call the workflow of each slot with its arguments.

        Raises:
            SessionDied: the child ran out of a limit, crashed, or broke the protocol.
        """
        now = time.monotonic()
        self._look_into_scratch(now)
        # What the child says of its progress may be false; whatever it says, it gets no more time than this.
        self._deadline = now + (len(slots) + 1) * self._limits.call_seconds
        if self.core is not None:
            self.core.begin_turn(now)
        self._send(self._sender.encode((slots, arguments)))
        message = self._receive()
        while message.startswith(PROMPT):
            self._answer_prompt(message[1:])
            message = self._receive()
        self.reply_bytes = len(message)
        try:
            read = arrays.read_answers if self._sender.has_sent_arrays else read_answers
            answers = read(memoryview(message)[1:])
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise self._died("crashed", "ProtocolViolation", f"its message cannot be read: {error}") from None
        if len(answers) != len(slots):
            raise self._died("crashed", "ProtocolViolation", "it answered another number of calls than it got")
        return [
            CallResult(
                answer.result,
                None if answer.problem is None else self._failure(answer),
                answer.calls,
            )
            for answer in answers
        ]

    def sibling(self, program: Program) -> Session:
        """Another child of the same zygote, with the same limits, for one trial that is not traced."""
        return Session(self._zygote, program, [0], self._limits, False)

    def send_signal(self, number: int) -> None:
        """Send the child a signal, such as SIGSTOP while another is being timed."""
        signal.pidfd_send_signal(self._child.pidfd, number)

    def close(self) -> Exit:
        """End the child and collect it; safe to call twice.

        Raises:
            ZygoteLost: nobody is left to collect it.
        """
        return self._child.close()

    def kill(self) -> None:
        """End the child; ``close`` is still to collect it."""
        self._child.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _await_confinement(self) -> None:
        ready, deadline = b"", time.monotonic() + CONFINEMENT_SECONDS
        while time.monotonic() < deadline:
            try:
                ready = self._line.receive()
                break
            except BlockingIOError:
                continue
            except ChannelClosed:
                break
        if ready != READY:
            tail = self._output_tail() or termination.explain(self.close(), self._limits)[2]
            self.close()
            raise ConfinementError(
                f"a process for artifact code could not be started and confined: {tail}; look at this shell's own "
                "limits (ulimit -a) and at the free memory"
            )

    def _answer_prompt(self, message: bytes) -> None:
        """Pass a prompt of the artifact's to the granted model, or refuse it."""
        slot, reply, refusal = self._slot(), "", ""
        asked = time.monotonic()
        if asked > self._deadline:
            raise self._too_slow()
        self._prompts[slot] = self._prompts.get(slot, 0) + 1
        if self._llm is None:
            refusal = "this task grants no model"
        elif self._prompts[slot] > self._limits.llm_calls:
            refusal = f"a trial may call the model {self._limits.llm_calls} times"
        else:
            try:
                reply = self._llm(msgspec.msgpack.decode(message, type=str))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise self._died("crashed", "ProtocolViolation", f"its prompt cannot be read: {error}") from None
            self._deadline += time.monotonic() - asked
        self._send(self._sender.encode((reply, refusal)))

    def _send(self, message: bytes) -> None:
        try:
            self._line.send(message, self._deadline)
        except ChannelClosed:
            raise self._explain_end() from None
        except TimeoutError:
            raise self._too_slow() from None

    def _receive(self) -> bytes:
        calls_begun, since = -1, 0.0
        while True:
            try:
                return self._line.receive(self._deadline)
            except BlockingIOError:
                now = time.monotonic()
                if self.core is not None:
                    self.core.release()
                self._look_into_scratch(now)
                if calls_begun != self._child.progress[1]:
                    calls_begun, since = self._child.progress[1], now - self._limits.call_seconds / 4
                if now - since >= self._limits.call_seconds or now > self._deadline:
                    raise self._too_slow() from None
            except ChannelViolation as violation:
                raise self._died("crashed", "ProtocolViolation", str(violation)) from None
            except ChannelClosed:
                raise self._explain_end() from None

    def _look_into_scratch(self, now: float) -> None:
        if now - self._looked < self._limits.call_seconds / 4:
            return
        self._looked = now
        if scratch.is_overfull(self._child.scratch, self._limits.file_mb, self._free_before):
            room = scratch.FULL_FILES * self._limits.file_mb
            message = f"its scratch folder holds more than the {scratch.MAX_ENTRIES} files or {room} MB allowed"
            raise self._died("forbidden", "ScratchLimit", message)

    def _too_slow(self) -> SessionDied:
        termination.ask_for_stack(self._child.pidfd, self._child.output)
        message = f"one call took longer than the {self._limits.call_seconds:g} s allowed"
        return self._died("timeout", "Timeout", message)

    def _failure(self, answer: Answer) -> Failure:
        problem = answer.problem
        assert problem is not None
        return Failure(**msgspec.structs.asdict(problem), output=self._output_tail())

    def _output_tail(self) -> str:
        return termination.output_tail(self._child.output)[0]

    def _explain_end(self) -> SessionDied:
        """Why a child that closed its line has ended."""
        # Its exit may lag behind the closed line; a child that only closed the line is killed by close().
        termination.wait_for_end(self._child.pidfd, 1.0)
        (tail, stack), slot = termination.output_tail(self._child.output), self._slot()
        outcome, kind, message = termination.explain(self.close(), self._limits)
        place = termination.place(stack, self.program)
        return SessionDied(Failure(outcome, kind, message, *place, output=tail), slot)

    def _died(self, outcome: str, kind: str, message: str) -> SessionDied:
        (tail, stack), slot = termination.output_tail(self._child.output), self._slot()
        self.close()
        place = termination.place(stack, self.program)
        return SessionDied(Failure(outcome, kind, message, *place, output=tail), slot)

    def _slot(self) -> int:
        """The trial in hand; the child may have written anything there."""
        return min(int(self._child.progress[0]), self._trials - 1)
