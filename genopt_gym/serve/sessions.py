"""The runs of one server: who drives them chooses among what the person who started the server allows."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym

from genopt_gym.agents.remote import Remote
from genopt_gym.core.errors import UserError
from genopt_gym.core.parameters import Parameters
from genopt_gym.registration import TABLE
from genopt_gym.runs.callbacks import Callback, make_callbacks
from genopt_gym.runs.config import Config, read_run
from genopt_gym.runs.folder import claim_path
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.runs.result import Result
from genopt_gym.serve.errors import SessionError
from genopt_gym.serve.run_session import RunSession

AGENT = "mcp"
CHOSEN = frozenset(field.name for field in fields(Parameters)) | frozenset(
    ["protocol", "disguise", "documentation", "physics", "split_seed", "train_size", "validation_size", "test_size"]
)
"""Parameters of ``gym.make`` that whoever drives a run may choose. All else could reach files, models or modules."""
MOST_INSTANCES = 10_000
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*", re.I)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What those who drive runs may do.

    Attributes:
        out: the folder of run folders.
        ids: environments that they may take; empty for all of the suite's.
        parameters: keywords of ``gym.make`` that are set, whatever they choose.
        edits: most edits of a run; ``None`` is the id's own number, or what they choose.
        callbacks: who else watches the runs, as in ``genopt run --callback``.
        runs: most runs that they may begin; ``None`` for any number. Who has seen a run's test score, and begins
            another run of the same task, knows something of its test.
    """

    out: Path
    ids: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    edits: int | None = None
    runs: int | None = None
    callbacks: Sequence[str] = ()

    @property
    def allowed(self) -> list[str]:
        """The ids, all of them."""
        return list(self.ids) or [row.id for row in TABLE]


class Sessions:
    """The runs that a server has open.

    Args:
        rules: what may be done.

    Raises:
        UserError: an id of the rules is none, or its parameters are wrong.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._runs: dict[str, RunSession] = {}
        self._begun = 0
        self._lock = threading.RLock()
        for id in rules.ids:
            if id not in gym.registry:
                Config(id, AGENT, parameters=dict(rules.parameters)).make()

    def start(
        self, id: str, parameters: Mapping[str, Any] | None = None, edits: int | None = None, seed: int = 0
    ) -> RunSession:
        """Begin a run.

        Raises:
            SessionError: the rules do not allow it.
            UserError: the id cannot be made here, or with these parameters.
        """
        rules = self.rules
        if id not in rules.allowed:
            raise SessionError(f"there is no task {id!r} here; list_tasks shows those that there are")
        if edits is not None and (edits < 1 or (rules.edits is not None and edits > rules.edits)):
            raise SessionError(f"edits is a number from 1{'' if rules.edits is None else f' to {rules.edits}'}")
        chosen = self._checked(parameters or {})
        config = Config(id, AGENT, seed, edits or rules.edits, {**chosen, **rules.parameters})
        with self._lock:
            if rules.runs is not None and self._begun >= rules.runs:
                raise SessionError(f"{rules.runs} runs were begun, which is all that there may be")
            agent = Remote()
            prepared = config.prepare(agent)
            self._begun += 1
            folder = claim_path(rules.out / _folder_name(config))
            return self._open(folder, agent, partial(start_run, prepared, folder))

    def resume(self, name: str) -> RunSession:
        """Go on with a run that was left, by the name of its folder.

        Raises:
            SessionError: there is none, it has ended, or it is another agent's.
        """
        folder = self.rules.out / name
        if not _NAME.fullmatch(name) or not (folder / "config.json").is_file():
            raise SessionError(f"there is no run {name!r} to resume")
        with self._lock:
            known = self._runs.get(name)
            if known is not None and not known.result.done():
                raise SessionError(f"run {name} is open: go on with it")
            config = read_run(folder)
            if config.agent != AGENT or config.id not in self.rules.allowed:
                raise SessionError(f"run {name} is not one that can be driven from here")
            if (folder / "result.json").exists():
                raise SessionError(f"run {name} has ended")
            agent = Remote()
            return self._open(folder, agent, partial(resume_run, folder, agent=agent))

    def get(self, name: str | None) -> RunSession:
        """The run of that name; without one, the only run that is open."""
        with self._lock:
            if name is None:
                names = [run for run, session in self._runs.items() if not session.is_over] or list(self._runs)
                if len(names) != 1:
                    raise SessionError(f"name the run: {', '.join(names)}" if names else "there is no run: start one")
                name = names[0]
            if name not in self._runs:
                raise SessionError(f"there is no run {name!r} here; start gives each run its name")
            return self._runs[name]

    @property
    def open(self) -> list[RunSession]:
        """All runs of this server, ended ones too."""
        with self._lock:
            return list(self._runs.values())

    def close(self) -> None:
        """Leave all runs that have not ended: they can be resumed."""
        for session in self.open:
            if not session.result.done():
                session.leave()

    def _open(self, folder: Path, agent: Remote, loop: Callable[[list[Callback]], Result]) -> RunSession:
        watching = make_callbacks(self.rules.callbacks)
        session = RunSession(folder.name, folder, agent, lambda own: loop([*watching, *own]))
        self._runs[folder.name] = session
        session.start()
        return session

    def _checked(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        for name, value in parameters.items():
            if name in self.rules.parameters and self.rules.parameters[name] != value:
                raise SessionError(f"{name} is set to {self.rules.parameters[name]!r} here, and cannot be chosen")
            if name not in CHOSEN:
                raise SessionError(f"{name!r} cannot be chosen; what can: {', '.join(sorted(CHOSEN))}")
            if any(":" in text for text in _texts(value)):
                raise SessionError(f"{name} cannot name a class of a module here, only what the suite has by name")
            if name.endswith("_size") and isinstance(value, int) and value > MOST_INSTANCES:
                raise SessionError(f"{name} is at most {MOST_INSTANCES} here")
        return dict(parameters)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for each in pair for text in _texts(each)]
    return [text for each in value for text in _texts(each)] if isinstance(value, list | tuple) else []


def _folder_name(config: Config) -> str:
    task = re.sub(r"-v\d+$", "", config.id.split("/")[-1])
    return f"{task}-{AGENT}-seed{config.seed}".lower()


def outside(folder: Path, other: Path) -> None:
    """UserError unless neither folder lies in the other: who edits files in one is to reach nothing of the other."""
    one, two = folder.resolve(), other.resolve()
    if one == two or one in two.parents or two in one.parents:
        raise UserError(f"{folder} and {other} have to lie apart: what a run stores is not for who edits files")
