"""A default-deny system call filter: the policy of ``syscalls.py`` as a classic BPF program.

A refused call fails with EPERM, so artifact code sees a PermissionError and the evidence can say *forbidden*.
Only an entry for another architecture (``int 0x80``), whose numbers mean other calls, kills the process. The
numbers of x32 (from ``0x4000_0000``) lie in the last range, which like every gap is refused.

A call that is allowed whatever its arguments costs nothing: kernels from 5.11 on run the program for every
number when it is installed, and never again for those. That is also what installing costs, and why a number
is found by binary search.

Sources, in the kernel's tree: ``include/uapi/linux/{seccomp,filter,bpf_common,audit}.h``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from genopt_gym.sandbox import syscalls
from genopt_gym.sandbox.syscalls import FREE, LOW_HALF, OWN_PID, Architecture, Rule

KILL_PROCESS, ERRNO, ALLOW = 0x8000_0000, 0x0005_0000, 0x7FFF_0000
DENY: Final = ERRNO | errno.EPERM
NO_SUCH_CALL: Final = ERRNO | errno.ENOSYS
AUDIT_ARCH: Final[dict[Architecture, int]] = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}

LOAD, AND, RETURN = 0x20, 0x54, 0x06  # BPF_LD|W|ABS, BPF_ALU|AND|K, BPF_RET|K
JUMP, IF_EQUAL, IF_AT_LEAST = 0x05, 0x15, 0x35  # BPF_JMP with JA, JEQ|K, JGE|K
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16  # offsets in struct seccomp_data
FAR: Final = 0xFF  # how far a conditional jump reaches

SET_MODE_FILTER, GET_ACTION_AVAIL = 1, 2


class Instruction(NamedTuple):
    """``struct sock_filter``; ``k`` may be OWN_PID until the program is installed."""

    code: int
    k: int
    if_true: int = 0
    if_false: int = 0


Leaf = int | Rule
"""What becomes of a range of numbers: a return value, or a look at the arguments."""


class Filter:
    """An assembled program; install it in the process that it is to bind.

    The zygote assembles once; a fork writes its own process id into its copy of the program and installs it.

    Args:
        program: the instructions.
    """

    def __init__(self, program: Sequence[Instruction]) -> None:
        packed = [struct.pack("<HBBI", i.code, i.if_true, i.if_false, i.k & LOW_HALF) for i in program]
        self._pid_at = [8 * index + 4 for index, i in enumerate(program) if i.k == OWN_PID]
        self._code = ctypes.create_string_buffer(b"".join(packed), 8 * len(program))
        self._header = struct.pack("@HP", len(program), ctypes.addressof(self._code))  # struct sock_fprog

    def install(self) -> None:
        """Bind this process, for good. The caller must be its only thread.

        Raises:
            OSError: the kernel has no seccomp filters, or refuses this one.
        """
        pid = os.getpid()
        for position in self._pid_at:
            struct.pack_into("<I", self._code, position, pid)
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        syscalls.call("seccomp", SET_MODE_FILTER, 0, self._header)


def install(allow_open: bool, threads: bool = False) -> None:
    """Bind this process to the policy.

    Args:
        allow_open: let it name paths; only where Landlock decides which.
        threads: let it start threads (processes it never may).

    Raises:
        OSError: the system calls of this platform are not known, or the kernel refuses the filter.
    """
    assemble(allow_open, threads).install()


def assemble(allow_open: bool, threads: bool = False) -> Filter:
    """The policy as a program for this machine; see ``install``.

    Raises:
        OSError: the system calls of this platform are not known.
    """
    architecture = syscalls.architecture()
    if architecture is None:
        raise OSError(errno.ENOSYS, "no system call filter: the calls of this platform are not known")
    return Filter(instructions(syscalls.policy(allow_open, threads), architecture))


def available() -> bool:
    """Whether this kernel takes filters with the actions that this one needs."""
    try:
        for action in (KILL_PROCESS, ERRNO):
            syscalls.call("seccomp", GET_ACTION_AVAIL, 0, struct.pack("=I", action))
    except OSError:
        return False
    return True


def instructions(policy: dict[str, Rule], architecture: Architecture) -> list[Instruction]:
    """A program that allows what the policy allows, and refuses the rest."""
    numbers = syscalls.NUMBERS[architecture]
    leaves: dict[int, Leaf] = {numbers[name]: NO_SUCH_CALL for name in syscalls.ABSENT}
    for name, rule in policy.items():
        if name in numbers:
            leaves[numbers[name]] = ALLOW if rule == FREE else rule
    tree = _search(_ranges(leaves))
    starts: dict[Rule, int] = {}
    blocks: list[Instruction] = []
    program = []
    for position, step in enumerate(tree):
        if isinstance(step, Instruction):
            program.append(step)
            continue
        if step not in starts:
            starts[step] = len(tree) + len(blocks)
            blocks += _check(step)
        program.append(Instruction(JUMP, starts[step] - position - 1))
    return [
        Instruction(LOAD, ARCHITECTURE_AT),
        Instruction(IF_EQUAL, AUDIT_ARCH[architecture], if_true=1),
        Instruction(RETURN, KILL_PROCESS),
        Instruction(LOAD, NUMBER_AT),
        *program,
        *blocks,
    ]


def _ranges(leaves: dict[int, Leaf]) -> list[tuple[int, Leaf]]:
    """Where each range begins and what becomes of it; the last one has no end."""
    ranges: list[tuple[int, Leaf]] = []
    for number in range(max(leaves) + 2):
        leaf = leaves.get(number, DENY)
        if not ranges or ranges[-1][1] != leaf:
            ranges.append((number, leaf))
    return ranges


def _search(ranges: list[tuple[int, Leaf]]) -> list[Instruction | Rule]:
    """Binary search for the number's range; a rule stands where a jump to its block is to go."""
    if len(ranges) == 1:
        leaf = ranges[0][1]
        return [Instruction(RETURN, leaf) if isinstance(leaf, int) else leaf]
    middle = len(ranges) // 2
    below, above = _search(ranges[:middle]), _search(ranges[middle:])
    if len(below) > FAR:
        raise ValueError("the policy has too many ranges for one conditional jump")
    return [Instruction(IF_AT_LEAST, ranges[middle][0], if_true=len(below)), *below, *above]


def _check(rule: Rule) -> list[Instruction]:
    """Allow if every test of one alternative holds. Arguments have 64 bits and are compared half by half."""
    block: list[Instruction] = []
    for tests in rule:
        steps: list[Instruction] = []
        for argument, value, mask in tests:
            for shift in (0, 32):
                if half := mask >> shift & LOW_HALF:
                    steps.append(Instruction(LOAD, ARGUMENTS_AT + 8 * argument + shift // 8))
                    if half != LOW_HALF:
                        steps.append(Instruction(AND, half))
                    expected = value if value == OWN_PID else value >> shift & LOW_HALF
                    steps.append(Instruction(IF_EQUAL, expected))
        steps.append(Instruction(RETURN, ALLOW))
        for position, step in enumerate(steps):
            if step.code == IF_EQUAL:
                steps[position] = step._replace(if_false=len(steps) - position - 1)
        block += steps
    return [*block, Instruction(RETURN, DENY)]
