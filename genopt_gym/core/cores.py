"""How many cores this process may use: by affinity, by the quota of its control group, and beside its siblings."""

from __future__ import annotations

import math
import multiprocessing
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PROCESSES = Path("/proc")
GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def available_cores(groups: Path = GROUPS, own_groups: Path = OWN_GROUPS) -> int:
    """The least of the cores in the affinity mask and of each quota above this process, rounded up; at least 1.

    A container started with ``--cpus=2`` on a machine of 64 cores has 2.

    Args:
        groups: where control groups are mounted (version 1 or 2).
        own_groups: the file that says which of them this process is in.

    >>> available_cores() >= 1
    True
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([cores, *(math.ceil(quota) for quota in _quotas(groups, own_groups))]))


def sibling_processes(processes: Path = PROCESSES) -> int:
    """How many processes share the cores with this one, itself counted: those that its parent started likewise.

    An environment of ``gym.vector.AsyncVectorEnv`` has as many as the vector environment has environments; a process
    that ``multiprocessing`` has not started has 1.

    Args:
        processes: where the kernel shows processes.

    >>> sibling_processes()
    1
    """
    if multiprocessing.parent_process() is None:
        return 1
    own = _command(processes / "self")
    lists = (processes / str(os.getppid()) / "task").glob("*/children")
    return max(1, sum(_command(processes / pid) == own for each in lists for pid in _text(each).split()))


def _command(process: Path) -> str:
    """Its command line without numbers, which tell apart processes that ``multiprocessing`` has spawned."""
    return re.sub(r"\d+", "", _text(process / "cmdline"))


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _quotas(groups: Path, own_groups: Path) -> Iterator[float]:
    """Cores that each group above this process allows, where it limits them."""
    try:
        lines = own_groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        inside = PurePosixPath(path.lstrip("/"))
        for group in (inside, *inside.parents):
            if not controllers:
                yield from _ratio(groups / group / "cpu.max", None)
            elif "cpu" in controllers.split(","):
                folder = groups / "cpu" / group
                yield from _ratio(folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us")


def _ratio(quota: Path, period: Path | None) -> Iterator[float]:
    """Time over period in two files, or in one with both; nothing where there is no limit."""
    try:
        words = quota.read_text().split() + ([] if period is None else period.read_text().split())
        time, length = float(words[0]), float(words[1])
    except (OSError, ValueError, IndexError):
        return  # "max", or no such group here
    if time > 0 and length > 0:
        yield time / length
