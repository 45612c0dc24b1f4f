"""An exec'd process that holds the preloaded libraries, and forks a child for each block of trials.

It is started with a scrubbed environment, stays at one thread, and obeys orders that come over one socket:
fork a child (the child's descriptors come along; its pid and a pidfd go back), or reap one.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import importlib
import mmap
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

import msgspec

from genopt_gym.sandbox import confine, preload, warmup
from genopt_gym.sandbox.channel import MessageChannel
from genopt_gym.sandbox.child import Observer, serve
from genopt_gym.sandbox.messages import READY, STACK_SIGNAL, Exit, ForkOrder, ReapOrder
from genopt_gym.sandbox.tier import TIERS, ConfinementTier

HIDDEN = ("pyarrow", "numexpr", "bottleneck")
"""What pandas takes if it is there. It would start threads, and results would depend on what else is installed."""
PR_SET_PDEATHSIG = 1
LINE_FD, PROGRESS_FD = 3, 4


def main(control_fd: int, profile: str, tier_name: str, scratch_root: str, observer_name: str, *folders: str) -> None:
    """Preload, take the first layer of confinement, then obey until the control socket closes.

    ``folders`` are where a tier of somebody's own is looked for.
    """
    tier = _tier(tier_name, folders)
    _preload(profile, later_imports=tier.opens_files)
    observer = _observer(observer_name) if observer_name else None
    libc = ctypes.CDLL(None)
    control = socket.socket(fileno=control_fd)
    with open("/proc/self/statm") as statm:
        own_bytes = int(statm.read().split()[0]) * resource.getpagesize()
    decoder = msgspec.msgpack.Decoder(ForkOrder | ReapOrder)
    # Where an artifact is, whatever it is busy with: its stack goes to its output, when the worker asks or time is up.
    faulthandler.register(STACK_SIGNAL, all_threads=False)
    faulthandler.register(signal.SIGXCPU, all_threads=False, chain=True)
    apply = tier.prepare(confine.readable_paths(profile), scratch_root)
    # Looked up here: in a fork, to look at each name would copy the page it lies on, a thousand of them.
    ours = ("genopt_gym", type(tier).__module__.partition(".")[0])
    own_modules = [name for name in sys.modules if name.partition(".")[0] in ours]
    gc.collect()
    gc.freeze()
    # A worker that was killed leaves a broken pipe: nobody is there to be told of it.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while True:
            message, descriptors, _, _ = socket.recv_fds(control, 1 << 16, 3)
            if not message:
                return
            order = decoder.decode(message)
            if isinstance(order, ReapOrder):
                control.send(msgspec.msgpack.encode(_reap(order.pid)))
                continue
            pid = os.fork()
            if pid == 0:
                _become_child(order, descriptors, own_bytes, own_modules, libc, apply, observer)
            pidfd = os.pidfd_open(pid)
            socket.send_fds(control, [pid.to_bytes(8, "little")], [pidfd])
            for descriptor in (*descriptors, pidfd):
                os.close(descriptor)


def _tier(name: str, folders: Sequence[str]) -> ConfinementTier:
    """The tier of that name, looked for in these folders too, which artifacts never get to see."""
    before = list(sys.path)
    sys.path.extend(folder for folder in folders if folder not in before)
    try:
        return TIERS.make(name)
    finally:
        sys.path[:] = before


def _observer(name: str) -> Observer:
    """What makes observations of packed parts, ours alone."""
    module, _, attribute = name.partition(":")
    if not module.startswith("genopt_gym."):
        raise ValueError(f"an observer is part of genopt_gym, got {name!r}")
    observer: Observer = getattr(importlib.import_module(module), attribute)
    return observer


def _reap(pid: int) -> Exit:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass
    _, status, usage = os.wait4(pid, 0)
    return Exit(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


class Hiding(MetaPathFinder):
    """Finds nothing, and lets nobody else look for what is hidden."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def _preload(profile: str, later_imports: bool) -> None:
    sys.meta_path.insert(0, Hiding())
    preload.load(profile)
    if not later_imports:
        preload.load_all(profile)
    if "sklearn" in sys.modules and "pandas" in sys.modules:
        warmup.exercise()
    if "sklearn" in sys.modules:
        # It looks for thread pools at its first use, in places that a confined child cannot see.
        importlib.import_module("sklearn.utils.parallel")._get_threadpool_controller()


def _become_child(
    order: ForkOrder,
    descriptors: list[int],
    own_bytes: int,
    own_modules: list[str],
    libc: ctypes.CDLL,
    apply: Callable[[str], None],
    observer: Observer | None,
) -> None:
    """In the fork: take the descriptors and the limits, give up all else, serve, and end without a trace."""
    code, output = 1, descriptors[1]
    try:
        os.setsid()
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        line_fd, output_fd, progress_fd = (os.dup(fd) if fd <= PROGRESS_FD else fd for fd in descriptors)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (output_fd, 1), (output_fd, 2), (line_fd, LINE_FD)):
            os.dup2(source, target)
        output = 2
        progress = memoryview(mmap.mmap(progress_fd, 16)).cast("Q")
        os.closerange(LINE_FD + 1, 1 << 10)
        sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
        sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
        os.chdir(order.scratch)
        os.environ.update(HOME=order.scratch, TMPDIR=order.scratch)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _limit(order, own_bytes)
        for name in own_modules:
            del sys.modules[name]
        line = MessageChannel(socket.socket(fileno=LINE_FD), max_bytes=1 << 31)
        apply(order.scratch)
        line.send(READY)
        serve(line, progress, observer)
        code = 0
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(output, f"{type(error).__name__}: {error}".encode("utf-8", "backslashreplace"))
    finally:
        os._exit(code)


def _limit(order: ForkOrder, own_bytes: int) -> None:
    memory = own_bytes + (order.memory_mb << 20)
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, order.cpu_seconds),
        (resource.RLIMIT_FSIZE, order.file_mb << 20),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = limit + 1 if what == resource.RLIMIT_CPU else limit
        ceiling = resource.getrlimit(what)[1]
        if ceiling != resource.RLIM_INFINITY:  # the user's own limits, which may be lower
            limit, hard = min(limit, ceiling), min(hard, ceiling)
        resource.setrlimit(what, (limit, hard))
