"""The steps that leave artifact code only what it needs, and what this machine's kernel offers for them.

The zygote calls ``prepare`` once: it gives up capabilities, takes a first Landlock layer (read what the profile
imports, write beneath the scratch root) and assembles the filter. Each fork calls ``Prepared.apply``: a second layer
that leaves it no scratch folder but its own, then the filter. A layer is inherited at hardly any cost; to repeat the
two hundred rules of the first in every fork took four times as long.

The user id stays: another one could not read an interpreter that lies in somebody's home, and would gain little.
What an id alone allows is refused by the filter (signals, renice, chmod of own files) or by Landlock.
"""

from __future__ import annotations

import ctypes
import errno
import glob
import os
import platform
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import FileFinder, PathFinder
from importlib.util import find_spec
from typing import Final, Literal

from genopt_gym.sandbox import landlock, seccomp, syscalls

Tier = Literal["strong", "seccomp", "weak"]

# include/uapi/linux/{prctl,capability}.h
PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 4, 24, 47, 4
CAPABILITY_VERSION_3: Final = 0x2008_0522
CAPABILITY_BYTES: Final = 24  # effective, permitted and inheritable, in two halves of 32 bits each


def available_tier() -> Literal["strong", "seccomp", "weak-only"]:
    """What this machine's kernel can enforce. That it does, only a self-test can witness."""
    if syscalls.architecture() is None or not seccomp.available():
        return "weak-only"
    return "strong" if landlock.abi() >= 1 else "seccomp"


def facts() -> dict[str, str | int | bool | None]:
    """What the choice of a tier rests on."""
    return {
        "tier": available_tier(),
        "system": sys.platform,
        "kernel": platform.release(),
        "machine": platform.machine(),
        "known_system_calls": syscalls.architecture(),
        "seccomp": seccomp.available(),
        "landlock_abi": landlock.abi(),
        "landlock_abi_known": landlock.KNOWN_ABI,
        "root": hasattr(os, "geteuid") and os.geteuid() == 0,
        "capabilities": _has_capabilities(),
    }


# --- what is taken away ---------------------------------------------------------------------------


class Prepared:
    """What ``prepare`` made ready; apply it in a fork."""

    def __init__(self, tier: Tier, covers: list[str], program: seccomp.Filter | None) -> None:
        self._tier = tier
        self._covers = covers
        self._program = program

    def apply(self, scratch: str) -> None:
        """Confine this process, for good: the last step before artifact code, in a process of one thread.

        Args:
            scratch: the folder that it may write, beneath the scratch root.

        Raises:
            OSError: a step was refused; the process must not go on.
        """
        if sys.platform == "linux":
            # No core dump, and no process of the same user reads its memory.
            syscalls.prctl(PR_SET_DUMPABLE, 0)
        if self._tier == "strong":
            with landlock.Ruleset() as ruleset:
                for path in self._covers:
                    ruleset.grant(path, landlock.READ)
                ruleset.grant(os.devnull, landlock.WRITE)
                ruleset.grant(scratch, landlock.WRITE)
                ruleset.enforce()
        if self._program is not None:
            self._program.install()


def prepare(tier: Tier, read: Iterable[str], scratch_root: str, threads: bool = False) -> Prepared:
    """Confine the zygote as far as it can be, and make the rest ready for its forks.

    From here on, in tier ``strong``, this process too reads only ``read`` and writes only beneath the root. What it
    needs itself must be loaded, and every top-level module that artifacts may import.

    Args:
        tier: what to enforce; see ``available_tier``.
        read: what artifacts may read (``readable_paths``); paths that do not exist are skipped.
        scratch_root: the folder that all scratch folders will lie in.
        threads: let artifacts start threads.

    Raises:
        OSError: a step was refused, or this system does not have it.
        ValueError: the scratch root lies in a folder that may be read, so that forks could read each other's.
    """
    if sys.platform == "linux":
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        drop_capabilities()
    if tier == "weak":
        return Prepared(tier, [], None)
    program = seccomp.assemble(tier == "strong", threads)
    if tier == "seccomp":
        return Prepared(tier, [], program)
    root = os.path.realpath(scratch_root)
    present = [path for path in read if os.path.exists(path)]
    readable = {os.path.realpath(path) for path in present}
    for path in readable:
        if _within(root, path):
            raise ValueError(f"the scratch root {root} lies in {path}, which artifacts may read")
    _forget_other_modules(present)
    landlock.restrict(readable, write=(root, os.devnull))
    return Prepared(tier, _covers(readable, root), program)


def confine(tier: Tier, read: Iterable[str], scratch: str) -> None:
    """Take all steps at once, in a process that will fork no others.

    Raises:
        OSError: a step was refused; the process must not go on.
        ValueError: the scratch folder lies in a folder that may be read.
    """
    prepare(tier, read, scratch).apply(scratch)


def drop_capabilities() -> None:
    """Give up all capabilities, and the bounding set, from which an exec would give root new ones.

    A process that has none is left as it is. The user id stays, and with it an owner's rights to its files.

    Raises:
        OSError: the kernel refused.
    """
    if not _has_capabilities():
        return
    for capability in range(64):
        try:
            syscalls.prctl(PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EPERM):  # past the last one; CAP_SETPCAP not ours
                raise
            break
    syscalls.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    if syscalls.libc().capset(_capability_header(), bytes(CAPABILITY_BYTES)):
        code = ctypes.get_errno()
        raise OSError(code, f"the capabilities cannot be given up: {os.strerror(code)}")


def _has_capabilities() -> bool:
    if sys.platform != "linux":
        return False
    sets = ctypes.create_string_buffer(CAPABILITY_BYTES)
    if syscalls.libc().capget(_capability_header(), sets):
        code = ctypes.get_errno()
        raise OSError(code, f"the capabilities cannot be read: {os.strerror(code)}")
    return any(sets.raw)


def _capability_header() -> bytes:
    return struct.pack("=Ii", CAPABILITY_VERSION_3, 0)


def _covers(readable: set[str], root: str) -> list[str]:
    """A few folders that hold all that is readable, and neither hold the scratch root nor lie in it.

    What the first layer refuses the second need not refuse again, so it may grant the parents of the paths.
    """
    covers = set()
    for path in readable:
        parent = os.path.dirname(path)
        covers.add(path if _within(root, parent) or _within(parent, root) else parent)
    return [path for path in covers if not any(path != other and _within(path, other) for other in covers)]


def _within(path: str, folder: str) -> bool:
    return os.path.commonpath((path, folder)) == folder


def _forget_other_modules(readable: Iterable[str]) -> None:
    """Let imports find only what can be read, so that anything else is a ModuleNotFoundError.

    A finder lists its folder once and trusts the list. Where entries are granted singly (the standard library, and
    packages with something withheld) it must be now: later the folder cannot be listed. Other lists must go.
    """
    partly = [os.path.dirname(path) for path in readable if os.path.basename(path) == "__init__.py"]
    for search in (None, *([folder] for folder in partly)):
        PathFinder.find_spec("_a_module_that_does_not_exist", search)
    listed = {*stdlib_folders(), *(os.path.realpath(folder) for folder in partly)}
    granted = {os.path.realpath(path) for path in readable}
    for folder, finder in sys.path_importer_cache.items():
        real = os.path.realpath(folder)
        found = real in listed or any(_within(real, path) for path in granted)
        if isinstance(finder, FileFinder) and not found:
            finder.invalidate_caches()


# --- what may be read: what artifacts import, and nothing that holds answers ----------------------

PROFILES: Final[dict[str, tuple[str, ...]]] = {
    "bare": (),
    "numpy": ("numpy",),
    "data": (
        *("numpy", "pandas", "scipy", "sklearn", "lightgbm"),
        *("dateutil", "joblib", "narwhals", "pytz", "six", "threadpoolctl", "tzdata"),
    ),
    "scientific": ("numpy", "scipy"),
}
"""The top-level modules of each profile; a zygote loads what is installed. Submodules may be imported later."""

_WITHHELD: Final = {"sklearn": ("datasets/data", "datasets/tests")}
"""Bundled data sets with their answers."""

_WITHHELD_FROM_STDLIB: Final = ("site-packages", "dist-packages", "test")

_VENDORED: Final = {"sklearn": "scikit_learn"}
"""A wheel keeps its shared libraries beside the package, in ``<distribution>.libs``."""

_LIBRARIES: Final = (
    *("c", "m", "dl", "pthread", "rt", "util", "gcc_s", "stdc++", "gomp", "atomic", "python3"),
    *("bz2", "crypt", "crypto", "expat", "ffi", "lzma", "mpdec", "ncursesw", "panelw", "readline", "sqlite3"),
    *("ssl", "tinfo", "uuid", "z", "zstd", "gfortran", "quadmath", "openblas*", "iomp5", "mkl_*"),
)
"""Shared libraries that extensions load from the system; singly, as their folder may also hold site-packages."""

_SYSTEM_FILES: Final = (
    *("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"),
    *("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo"),
    *("/sys/devices/system/cpu/online", "/sys/fs/cgroup/cpu.max"),  # how many processors there are
)


def readable_paths(profile: str) -> list[str]:
    """Files and folders that artifacts of a profile may read.

    Raises:
        KeyError: there is no such profile.
    """
    return [
        *(path for folder in stdlib_folders() for path in _without(folder, _WITHHELD_FROM_STDLIB)),
        *(path for name in PROFILES[profile] for path in _package(name)),
        *_shared_libraries(),
        *_SYSTEM_FILES,
    ]


@cache
def stdlib_folders() -> tuple[str, ...]:
    """Where the standard library lies: that of the installation, not of a virtual environment."""
    installation = {"installed_base": sys.base_prefix, "installed_platbase": sys.base_exec_prefix}
    installation |= {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    paths = (sysconfig.get_path(name, vars=installation) for name in ("stdlib", "platstdlib"))
    return tuple({os.path.realpath(path) for path in paths})


def _package(name: str) -> Iterator[str]:
    spec = find_spec(name)
    if spec is None:
        return
    folders = spec.submodule_search_locations or ()
    for folder in folders:
        yield from _without(folder, _WITHHELD.get(name, ()))
        yield os.path.join(os.path.dirname(folder), f"{_VENDORED.get(name, name)}.libs")
    if spec.origin and not folders:
        yield spec.origin


def _without(folder: str, withheld: Iterable[str]) -> Iterator[str]:
    """The folder, or, where something in it is withheld, everything else in it."""
    if not any(os.path.exists(os.path.join(folder, path)) for path in withheld):
        yield folder
        return
    for entry in sorted(os.listdir(folder)):
        if entry not in withheld:
            within = [path.removeprefix(f"{entry}/") for path in withheld if path.startswith(f"{entry}/")]
            yield from _without(os.path.join(folder, entry), within)


def _shared_libraries() -> Iterator[str]:
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    folders = [f"/lib/{multiarch}", f"/usr/lib/{multiarch}", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]
    folders.append(sysconfig.get_config_var("LIBDIR") or "/usr/lib")
    for folder in {os.path.realpath(folder) for folder in folders}:
        for name in _LIBRARIES:
            yield from glob.glob(f"{glob.escape(folder)}/lib{name}.so*")
