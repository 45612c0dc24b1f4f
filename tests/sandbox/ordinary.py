"""An interpreter that an ordinary user can run, where the tests run as root from root's own home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from genopt_gym.sandbox import confine, zygote_main

USER = 65534
"""Who has nothing: ``nobody``."""
LEFT_OUT = shutil.ignore_patterns(
    *("site-packages", "dist-packages", "test", "config-*", "ensurepip", "idlelib", "lib2to3", "tkinter", "turtledemo")
)
PROBE = "import ctypes, msgspec, sys; open(sys.argv[1]).close()"


def python(folder: Path) -> tuple[str, str]:
    """Path of the interpreter, which may be a copy made in ``folder``; or "", and why there is none."""
    if not _problem(sys.executable):
        return sys.executable, ""
    base, executable = Path(sys.base_prefix), Path(sys.executable).resolve()
    stdlib = Path(confine.stdlib_folders()[0])
    if base not in executable.parents or base not in stdlib.parents:
        return "", f"user {USER} cannot run {executable}, and its parts lie too far apart to be copied"
    copy = folder / executable.relative_to(base)
    copy.parent.mkdir()
    _link(executable, copy)
    library = folder / stdlib.relative_to(base)
    shutil.copytree(stdlib, library, copy_function=_link, symlinks=True, ignore=LEFT_OUT)
    package = Path(msgspec.__file__).parent
    shutil.copytree(package, library / package.name, copy_function=_link)
    problem = _problem(str(copy))
    return ("", problem) if problem else (str(copy), "")


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another disk
        shutil.copy2(source, target)


def _problem(executable: str) -> str:
    """Why the ordinary user cannot run the zygote with this interpreter; empty if it can."""
    command = [executable, "-s", "-P", "-c", PROBE, zygote_main.__file__]
    try:
        done = subprocess.run(
            command, user=USER, group=USER, extra_groups=[], env={}, cwd="/", capture_output=True, text=True
        )
    except OSError as error:
        return str(error)
    return f"user {USER} cannot run {executable}: {done.stderr}" if done.returncode else ""
