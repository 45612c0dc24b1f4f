"""A study on disk, and who may write to it.

A study folder holds ``plan.json`` (all runs, resolved), ``plan.yaml`` (its source text, where there is one),
``runs/KEY/`` (ordinary run folders), ``errors/KEY.txt`` (why a run failed), ``driver.json`` and ``lock`` (who drives
it), and ``index.sqlite`` (derived from the run folders).
"""

from __future__ import annotations

import errno
import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import write_atomically
from genopt_gym.core.locking import hold
from genopt_gym.runs.formats import FORMAT, format_of, read_as_current, writer
from genopt_gym.study.records import Plan, PlannedRun
from genopt_gym.version import VERSION

PLAN = "plan.json"
DRIVER = "driver.json"
BLANK = {"lock", "plan.yaml", "plan.yaml.tmp", "plan.json.tmp"}
"""What a driver leaves behind that was killed before it began."""
STORAGE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO, errno.ESTALE}
"""Of the disk rather than of a run: what comes next would fail as well."""


class Superseded(UserError):
    """A newer driver has taken the study: this one's runs must write no more."""


class StorageError(UserError):
    """The disk is full, read-only or gone. Nothing that was stored is lost."""


@dataclass(frozen=True)
class Fence:
    """Lets a driver's runs pass until a newer driver has taken the study.

    Locks end with the process that holds them and do not reach over every network file system; a run whose driver
    is gone is stopped here.
    """

    study: Path
    token: int

    def __call__(self) -> None:
        """Superseded if a newer driver has taken the study."""
        if _last_token(self.study) != self.token:
            raise Superseded(f"another driver has taken over the study in {self.study}; this one stops")


class StudyFolder:
    """A study folder, taken by one driver; runs that an earlier driver has left behind can write no more.

    Args:
        path: a new folder, or one of the same plan (its budget may have changed).
        plan: the runs.
        source: text that the plan was read from.

    Raises:
        UserError: the folder holds something else, another driver holds it, or it cannot be written to.
    """

    def __init__(self, path: Path, plan: Plan, source: str = "") -> None:
        self.path = path
        self.plan = plan
        _check_keys(plan)
        with storage(path):
            path.mkdir(parents=True, exist_ok=True)
            if not (path / PLAN).exists() and not {entry.name for entry in path.iterdir()} <= BLANK:
                raise UserError(f"{path} holds something that is no study; choose another folder with --out")
            self._lock = (path / "lock").open("a")
            try:
                self._take(source)
            except BaseException:
                self._lock.close()
                raise

    def close(self) -> None:
        self._lock.close()

    def _take(self, source: str) -> None:
        in_use = UserError(f"{_driver(self.path)} runs the study in {self.path}; wait for it, or stop it")
        hold(self._lock, self.path, in_use)
        if (self.path / PLAN).exists():
            if _question(read_plan(self.path)) != _question(self.plan):
                raise UserError(f"{self.path} holds another study; go on with its own plan, or choose --out")
        elif source:
            write_atomically(self.path / "plan.yaml", source.encode())
        stored = {"format": FORMAT, "genopt-gym": VERSION} | msgspec.to_builtins(self.plan)
        write_atomically(self.path / PLAN, msgspec.json.format(msgspec.json.encode(stored), indent=1) + b"\n")
        self.fence = Fence(self.path, _last_token(self.path) + 1)
        facts = {"token": self.fence.token, "host": socket.gethostname(), "pid": os.getpid()}
        write_atomically(self.path / DRIVER, json.dumps(facts).encode() + b"\n")


def read_plan(path: Path) -> Plan:
    """The plan of the study in a folder, whichever version wrote it, in the words of this one.

    Raises:
        UserError: there is none, it cannot be read, or a newer version wrote it.
    """
    try:
        facts = msgspec.json.decode((path / PLAN).read_bytes(), type=dict[str, Any])
        number = format_of(facts, path, writer(facts))
        plan = msgspec.convert(facts, Plan)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path} is not a study: it has no {PLAN}") from None
    except (OSError, msgspec.MsgspecError) as error:
        raise UserError(f"the plan in {path} cannot be read: {error}") from None
    return replace(plan, runs=[_as_current(run, number) for run in plan.runs])


def _as_current(run: PlannedRun, number: int) -> PlannedRun:
    parameters = read_as_current(run.config.parameters, number)
    return replace(run, config=replace(run.config, parameters=parameters))


def run_path(study: Path, key: str) -> Path:
    return study / "runs" / key


def is_done(run: Path) -> bool:
    return (run / "result.json").exists()


def is_begun(run: Path) -> bool:
    return (run / "config.json").exists()


def read_error(study: Path, key: str) -> str:
    """Why a run failed when it was last tried; empty if it did not."""
    path = _error_path(study, key)
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def write_error(study: Path, key: str, error: str) -> None:
    """Keep why a run failed; an empty text forgets it."""
    path = _error_path(study, key)
    if error:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, error.encode(errors="replace"))
    else:
        path.unlink(missing_ok=True)


@contextmanager
def storage(path: Path) -> Iterator[None]:
    """Say in a sentence that a folder cannot be written to."""
    try:
        yield
    except OSError as error:
        raise StorageError(storage_trouble(path, error)) from None


def storage_trouble(path: Path, error: OSError) -> str:
    return f"cannot write to {path} ({error.strerror}); nothing that was stored is lost"


def _error_path(study: Path, key: str) -> Path:
    return study / "errors" / f"{key}.txt"


def _check_keys(plan: Plan) -> None:
    keys = [run.key for run in plan.runs]
    if len(set(keys)) < len(keys):
        raise ValueError("two runs of the plan have the same key")
    for key in keys:
        if not re.fullmatch(r"[\w=+,-][\w.=+,-]*", key):
            raise ValueError(f"the run {key!r} would not make a folder's name")


def _question(plan: Plan) -> dict[str, Any]:
    """What may not change while a study runs. A budget may: who has spent it may want to go on."""
    facts: dict[str, Any] = json.loads(msgspec.json.encode(plan))
    del facts["budget"]
    return facts


def _driver(path: Path) -> str:
    facts = _driver_facts(path)
    return f"process {facts['pid']} on {facts['host']}" if facts else "another process"


def _last_token(path: Path) -> int:
    return int(_driver_facts(path).get("token", 0))


def _driver_facts(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((path / DRIVER).read_bytes()))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UserError(f"{path / DRIVER} cannot be read: {error}") from None
