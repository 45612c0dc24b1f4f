"""System calls: their numbers on two architectures, which of them artifact code may make, how we make ours.

Whatever is not in the policy below is refused, so these lists are what has to be defended. They hold what
CPython with NumPy, SciPy, pandas and scikit-learn needs once it is loaded, and nothing that was only
convenient.

Sources, in the kernel's tree: ``arch/x86/entry/syscalls/syscall_64.tbl``,
``include/uapi/asm-generic/unistd.h`` (numbers); ``include/uapi/linux/{futex,prctl,sched}.h``,
``include/uapi/asm-generic/{fcntl,ioctls,mman}.h`` (arguments).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from collections.abc import Iterable
from functools import cache
from typing import Final, Literal, NamedTuple

Architecture = Literal["x86_64", "aarch64"]

# name, number on x86_64, number on aarch64 ("-": that architecture has no such call)
_TABLE: Final = """
access 21 -               getegid 108 177           nanosleep 35 101          rt_sigpending 127 136
alarm 37 -                geteuid 107 175           newfstatat 262 79         rt_sigprocmask 14 135
brk 12 214                getgid 104 176            open 2 -                  rt_sigreturn 15 139
chdir 80 49               getitimer 36 102          openat 257 56             sched_getaffinity 204 123
clock_getres 229 114      getpid 39 172             poll 7 -                  sched_yield 24 124
clock_gettime 228 113     getppid 110 173           ppoll 271 73              select 23 -
clock_nanosleep 230 115   getrandom 318 278         prctl 157 167             sendto 44 206
clone 56 220              getrlimit 97 163          pread64 17 67             set_robust_list 273 99
clone3 435 435            getrusage 98 165          prlimit64 302 261         setitimer 38 103
close 3 57                gettid 186 178            pselect6 270 72           sigaltstack 131 132
dup 32 23                 gettimeofday 96 169       pwrite64 18 68            stat 4 -
dup2 33 -                 getuid 102 174            read 0 63                 statx 332 291
dup3 292 24               ioctl 16 29               readlink 89 -             tgkill 234 131
exit 60 93                kill 62 129               readlinkat 267 78         time 201 -
exit_group 231 94         lseek 8 62                readv 19 65               times 100 153
faccessat 269 48          lstat 6 -                 recvfrom 45 207           tkill 200 130
faccessat2 439 439        madvise 28 233            rename 82 -               uname 63 160
fcntl 72 25               mkdir 83 -                renameat 264 38           unlink 87 -
fstat 5 80                mkdirat 258 34            renameat2 316 276         unlinkat 263 35
ftruncate 77 46           mmap 9 222                restart_syscall 219 128   write 1 64
futex 202 98              mprotect 10 226           rmdir 84 -                writev 20 66
getcwd 79 17              mremap 25 216             rseq 334 293
getdents64 217 61         munmap 11 215             rt_sigaction 13 134

landlock_add_rule 445 445             landlock_restrict_self 446 446
landlock_create_ruleset 444 444       seccomp 317 277
"""


def _numbers(column: Literal[0, 1]) -> dict[str, int]:
    words = iter(_TABLE.split())
    rows = zip(words, words, words, strict=True)
    return {name: int(numbers[column]) for name, *numbers in rows if numbers[column] != "-"}


NUMBERS: Final[dict[Architecture, dict[str, int]]] = {"x86_64": _numbers(0), "aarch64": _numbers(1)}


@cache
def architecture() -> Architecture | None:
    """Whose numbers this process uses; None where we know none (not Linux, not 64 bit, another machine)."""
    if sys.platform != "linux" or sys.maxsize < 2**32 or sys.byteorder != "little":
        return None
    machine = platform.machine()
    return "x86_64" if machine == "x86_64" else "aarch64" if machine == "aarch64" else None


# --- what artifact code may call -------------------------------------------------------------------

LOW_HALF: Final = 0xFFFF_FFFF
BOTH_HALVES: Final = 0xFFFF_FFFF_FFFF_FFFF
OWN_PID: Final = 1 << 64
"""Stands for the child's own process id, which is known only after the fork."""


class ArgumentTest(NamedTuple):
    """Holds when ``argument & mask == value``.

    The kernel reads an ``int`` argument from the low half of the register and ignores the rest, so the mask
    is the low half; a pointer or an ``unsigned long`` needs ``BOTH_HALVES``.
    """

    argument: int
    value: int
    mask: int = LOW_HALF


Rule = tuple[tuple[ArgumentTest, ...], ...]
"""Alternatives; a call is allowed when all tests of one alternative hold."""

FREE: Final[Rule] = ((),)


def _one_of(argument: int, values: Iterable[int], mask: int = LOW_HALF) -> Rule:
    return tuple((ArgumentTest(argument, value, mask),) for value in values)


def _none_of_bits(argument: int, bits: int) -> ArgumentTest:
    return ArgumentTest(argument, 0, bits)


_FREE_CALLS: Final = """
    read write readv writev pread64 pwrite64 lseek close fstat dup dup2 dup3 poll ppoll select pselect6
    brk munmap mremap rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending sigaltstack restart_syscall
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times setitimer getitimer alarm
    getpid gettid getppid getuid geteuid getgid getegid getrandom getrlimit getrusage sched_yield uname
    exit exit_group
"""

# Landlock decides which paths may be opened, made, renamed and removed. It cannot restrict stat, readlink and
# chdir, so names, sizes and times of files outside can be learned; what it cannot restrict and would *change*
# something (chmod, chown, utime, setxattr) is missing here, and so are links, devices, mounts, and openat2,
# whose arguments lie in memory where a filter cannot look.
_PATH_CALLS: Final = """
    newfstatat statx stat lstat access faccessat faccessat2 readlink readlinkat getdents64 getcwd chdir
    ftruncate mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2
"""

O_ACCMODE, O_WRONLY, O_RDWR, O_TRUNC, O_ASYNC = 0o3, 0o1, 0o2, 0o1000, 0o20000
F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC = 0, 1, 2, 3, 4, 1030
TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX = 0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451
PROT_WRITE, PROT_EXEC, MAP_ANONYMOUS = 0x2, 0x4, 0x20
MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL, MSG_NOSIGNAL = 0x2, 0x40, 0x100, 0x4000
PR_SET_NAME, PR_GET_NAME, PR_SET_NO_NEW_PRIVS = 15, 16, 38
FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET, FUTEX_COMMAND = 0, 1, 9, 10, 0x7F
HARMLESS_ADVICE: Final = (0, 1, 2, 3, 4, 8, 14, 15)  # normal to dontneed, free, (no)hugepage
PTHREAD_FLAGS: Final = (0x3D_0F00, 0x7D_0F00)  # of glibc and musl: CLONE_VM, SIGHAND, THREAD and the like

_USUAL_FLAGS: Final = MSG_PEEK | MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL
_USUAL_MESSAGE: Final = _none_of_bits(3, LOW_HALF & ~_USUAL_FLAGS)
_OWN_PROCESS: Final[Rule] = _one_of(0, (OWN_PID,))

_CHECKED_CALLS: Final[dict[str, Rule]] = {
    # Signals go to this process only. Landlock scopes them too, but not before ABI 6.
    "kill": _OWN_PROCESS,
    "tkill": _OWN_PROCESS,
    "tgkill": _OWN_PROCESS,
    "sched_getaffinity": _one_of(0, (0, OWN_PID)),
    # Reading one's own limits; a non-null second pointer would set them.
    "prlimit64": tuple((ArgumentTest(0, pid), ArgumentTest(2, 0, BOTH_HALVES)) for pid in (0, OWN_PID)),
    # No owner, signal, lease, lock, notification, seal or pipe size: F_SETOWN makes the kernel signal others.
    "fcntl": (
        *_one_of(1, (F_GETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC, F_DUPFD)),
        (ArgumentTest(1, F_SETFL), _none_of_bits(2, O_ASYNC)),
    ),
    "ioctl": _one_of(1, (TCGETS, FIOCLEX, FIONCLEX, FIONBIO, FIONREAD, TIOCGWINSZ)),
    # The line is connected: no address. Out-of-band data on unix sockets has been a way into the kernel.
    "sendto": ((ArgumentTest(4, 0, BOTH_HALVES), _USUAL_MESSAGE),),
    "recvfrom": ((_USUAL_MESSAGE,),),
    "prctl": _one_of(0, (PR_SET_NAME, PR_GET_NAME)),
    # Waiting and waking; priority inheritance and requeueing are bug-prone and unused by CPython and OpenMP.
    "futex": _one_of(1, (FUTEX_WAIT_BITSET, FUTEX_WAKE, FUTEX_WAIT, FUTEX_WAKE_BITSET), FUTEX_COMMAND),
    "madvise": _one_of(2, HARMLESS_ADVICE),
    # No memory becomes executable, so without files there is no new machine code. With files there is (see
    # below); nothing else relies on this.
    "mprotect": ((_none_of_bits(2, PROT_EXEC),),),
    "mmap": ((_none_of_bits(2, PROT_EXEC),),),
}

_OPEN_ALTERNATIVES: Final = ((0, O_TRUNC), (O_WRONLY, O_ACCMODE), (O_RDWR, O_ACCMODE))

_CHECKED_PATH_CALLS: Final[dict[str, Rule]] = {
    # Before ABI 3 Landlock let whoever may read a file truncate it: O_TRUNC only when opening for writing.
    "openat": tuple((ArgumentTest(2, value, mask),) for value, mask in _OPEN_ALTERNATIVES),
    "open": tuple((ArgumentTest(1, value, mask),) for value, mask in _OPEN_ALTERNATIVES),
    # Extension modules are imported late: their code is mapped from a file, never writable.
    "mmap": ((_none_of_bits(2, PROT_EXEC),), (_none_of_bits(2, PROT_WRITE), _none_of_bits(3, MAP_ANONYMOUS))),
}

_THREAD_CALLS: Final[dict[str, Rule]] = {
    "clone": _one_of(0, PTHREAD_FLAGS, BOTH_HALVES),
    "set_robust_list": FREE,
    "rseq": FREE,
}

ABSENT: Final = ("clone3",)
"""Answered with ENOSYS, so that glibc falls back to clone, whose flags a filter can see."""


def policy(allow_open: bool, threads: bool) -> dict[str, Rule]:
    """The allowed calls and what is asked of their arguments, by name."""
    allowed = dict.fromkeys(_FREE_CALLS.split(), FREE) | _CHECKED_CALLS
    if allow_open:
        allowed |= dict.fromkeys(_PATH_CALLS.split(), FREE) | _CHECKED_PATH_CALLS
    if threads:
        allowed |= _THREAD_CALLS
    return allowed


# --- how we call -----------------------------------------------------------------------------------


@cache
def libc() -> ctypes.CDLL:
    """The C library of this process, with errno kept."""
    library = ctypes.CDLL(None, use_errno=True)
    # Without declared types ctypes passes 32-bit integers, and fewer arguments than the kernel reads.
    library.syscall.argtypes = [ctypes.c_long, *[ctypes.c_void_p] * 5]
    library.syscall.restype = ctypes.c_long
    library.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    return library


def call(name: str, *arguments: int | bytes | None) -> int:
    """Make a system call that libc has no function for.

    Raises:
        OSError: the kernel refused, or this platform has no such call (ENOSYS).
    """
    machine = architecture()
    if machine is None:
        raise OSError(errno.ENOSYS, f"no system call {name} on {sys.platform} {platform.machine()}")
    padding = (None,) * (5 - len(arguments))
    result: int = libc().syscall(NUMBERS[machine][name], *arguments, *padding)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{name} was refused: {os.strerror(ctypes.get_errno())}")
    return result


def prctl(option: int, *arguments: int) -> int:
    """``prctl`` with the unused arguments zero, as the kernel demands.

    Raises:
        OSError: the kernel refused.
    """
    result: int = libc().prctl(option, *arguments, *(0,) * (4 - len(arguments)))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) was refused: {os.strerror(ctypes.get_errno())}")
    return result
