"""How a confined process ended, what it had printed, and where in the artifact it was."""

from __future__ import annotations

import os
import re
import select
import signal
import time
from typing import NamedTuple

from genopt_gym.core.artifact import Program
from genopt_gym.core.limits import Limits
from genopt_gym.sandbox.messages import STACK_SIGNAL, Exit

OUTPUT_TAIL = 500
STACK_BYTES = 1 << 16
STACK_BEGINS = "Stack (most recent call first):"
STACK_SECONDS = 0.2
SOURCE_CHARS = 200

_FRAME = re.compile(r'^  File "<component ([^">]*)>", line (\d{1,6})', re.MULTILINE)


class Place(NamedTuple):
    """A line of a component; None where it is not known."""

    component: str | None = None
    line: int | None = None
    source: str = ""


def output_tail(output: int) -> tuple[str, str]:
    """The tail of what a child has printed, and the stack it wrote at the end, if it did."""
    size = os.fstat(output).st_size
    text = os.pread(output, STACK_BYTES, max(0, size - STACK_BYTES)).decode("utf-8", "replace")
    printed, begins, stack = text.rpartition(STACK_BEGINS)
    if not begins or not stack.lstrip("\n").startswith("  File"):
        printed, stack = text, ""
    return printed[-OUTPUT_TAIL:], stack


def place(stack: str, program: Program) -> Place:
    """The innermost frame of a stack that belongs to a component; the child may have written anything there."""
    texts = {name: text.splitlines() for name, kind, text in program.components if kind == "python"}
    for name, number in _FRAME.findall(stack):
        line = int(number)
        if name in texts and 0 < line <= len(texts[name]):
            return Place(name, line, texts[name][line - 1].strip()[:SOURCE_CHARS])
    return Place()


def ask_for_stack(pidfd: int, output: int) -> None:
    """Have a child write its stack to its output; waits a moment for it."""
    size = os.fstat(output).st_size
    try:
        signal.pidfd_send_signal(pidfd, STACK_SIGNAL)
    except ProcessLookupError:
        return
    deadline, before = time.monotonic() + STACK_SECONDS, size
    while time.monotonic() < deadline:
        time.sleep(0.005)
        now = os.fstat(output).st_size
        if size < now == before:  # it has grown, and no longer grows
            return
        before = now


def wait_for_end(pidfd: int, seconds: float) -> None:
    """Wait until the process of ``pidfd`` has ended, at most ``seconds``."""
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    poller.poll(seconds * 1000)


def explain(exit_: Exit, limits: Limits) -> tuple[str, str, str]:
    """Outcome, type and message of the end of a child that closed its line."""
    ended_by = os.WTERMSIG(exit_.status) if os.WIFSIGNALED(exit_.status) else None
    # The kernel kills by a clock that it samples, on a busy machine well before its exact one, which is given here.
    out_of_time = exit_.cpu_seconds >= limits.cpu_seconds / 2
    if ended_by == signal.SIGXCPU or (ended_by == signal.SIGKILL and out_of_time):
        message = f"the trials used more than the {limits.cpu_seconds} s of processor time allowed"
        return "timeout", "CpuLimit", message
    if ended_by == signal.SIGSYS:
        return "forbidden", "ForbiddenCall", "it made a system call of another architecture, which is not allowed"
    if ended_by is not None:
        known = ended_by in set(signal.Signals)  # of the real-time ones only two have names
        name = signal.Signals(ended_by).name if known else f"signal {ended_by}"
        return "crashed", "ProcessEnded", f"the process was ended by {name}"
    message = f"the process ended by itself with exit code {os.waitstatus_to_exitcode(exit_.status)}"
    return "crashed", "ProcessEnded", message
