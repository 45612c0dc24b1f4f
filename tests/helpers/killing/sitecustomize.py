"""Imported by each process of a study under test: it dies at write boundaries, each of them once.

A boundary is a moment before, in the middle of, or after a write, or before or after a file takes another's place.
Those that a process has died at stand in ``$GENOPT_TEST_DIED``; ``$GENOPT_TEST_BOUNDARY`` is a pattern of those that
kill.
"""

from __future__ import annotations

import os
import pathlib
import re
import signal
from typing import Any

STUDY, DIED = os.environ["GENOPT_TEST_STUDY"], os.environ["GENOPT_TEST_DIED"]
PATTERN = re.compile(os.environ["GENOPT_TEST_BOUNDARY"])
open_path, replace = pathlib.Path.open, os.replace


def is_due(boundary: str) -> bool:
    with open(DIED) as file:
        return bool(PATTERN.search(boundary)) and f"{boundary}\n" not in file.readlines()


def die_at(boundary: str) -> None:
    if is_due(boundary):
        with open(DIED, "a") as file:
            file.write(f"{boundary}\n")
        os.kill(os.getpid(), signal.SIGKILL)


class Torn:
    """A file, with a boundary before, in and after each write. Offsets tell the writes of a file apart."""

    def __init__(self, file: Any, name: str) -> None:
        self._file = file
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Torn:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        die_at(f"{self._name} closed")

    @property
    def _at(self) -> str:
        return f"{self._name}@{os.fstat(self._file.fileno()).st_size}"

    def write(self, data: Any) -> Any:
        at = self._at
        die_at(f"{at} before")
        if is_due(f"{at} half"):
            self._file.write(data[: len(data) // 2])
            self._file.flush()
            die_at(f"{at} half")
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()
        die_at(f"{self._at} flushed")


def opening(self: pathlib.Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
    file = open_path(self, mode, *rest, **options)
    path = str(self.absolute())
    if not path.startswith(STUDY) or self.name == "lock" or not set(mode) & set("wa+"):
        return file
    return Torn(file, os.path.relpath(path, STUDY))


def replacing(source: Any, target: Any, **options: Any) -> None:
    path = os.path.abspath(target)
    name = os.path.relpath(path, STUDY)
    if path.startswith(STUDY):
        die_at(f"{name} before it is replaced")
    replace(source, target, **options)
    if path.startswith(STUDY):
        die_at(f"{name} after it is replaced")


pathlib.Path.open = opening  # type: ignore[method-assign]
os.replace = replacing  # type: ignore[assignment]
