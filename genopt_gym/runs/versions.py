"""Which version of the user's own code and data each step of a run was scored by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from genopt_gym.core.errors import UserError
from genopt_gym.core.sources import check_imported, differing, named, sources_of
from genopt_gym.core.task import TaskSpec
from genopt_gym.env import OptimizationEnv
from genopt_gym.runs.config import Config


@dataclass(frozen=True)
class Version:
    """What own code and data a run has from a step on.

    Attributes:
        step: the first that it holds for.
        task: file to hash of what trials are made of.
        agent: file to hash of all else: the agent, rules and feedback of one's own.
    """

    step: int = 0
    task: Mapping[str, str] = field(default_factory=dict)
    agent: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        return {**self.agent, **self.task}


@dataclass
class Versions:
    """The versions of one run, the earliest first; a run without code of the user's own has one, which is empty."""

    all: list[Version]

    @classmethod
    def now(cls, config: Config, env: OptimizationEnv) -> Versions:
        """What a run that begins now is made of."""
        own = (config.agent, config.parameters, config.agent_options)
        check_imported(*own)
        task = dict(env.evaluator.spec.sources)
        agent = {file: digest for file, digest in sources_of(*own).items() if file not in task}
        return cls([Version(0, task, agent)])

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Versions:
        """Those that ``config.json`` tells of."""
        return cls([Version(**row) for row in config.get("sources", [])] or [Version()])

    def as_rows(self) -> list[dict[str, Any]]:
        """As ``config.json`` holds them."""
        return [asdict(version) for version in self.all if version.files or len(self.all) > 1]

    def of_step(self, step: int) -> Version:
        return [version for version in self.all if version.step <= step][-1]

    def spec(self, step: int, spec: TaskSpec) -> TaskSpec:
        """The task as it was at a step: what was stored then is found by it."""
        return msgspec.structs.replace(spec, sources=dict(self.of_step(step).task))

    def others(self, now: Mapping[str, str]) -> list[str]:
        """In words, which steps were scored by another version of the task than there is now."""
        found = []
        for version, later in zip(self.all, [*self.all[1:], None], strict=True):
            if version.files and version.task != now:
                upto = "on" if later is None else f"to {later.step - 1}"
                found.append(f"steps {version.step} {upto} are of another {_with_hashes(version.task, now)}")
        return found

    def continued(self, now: Versions, step: int, path: Path, accept: bool) -> Versions:
        """These, and what is new from ``step`` on.

        Raises:
            UserError: something is new, and the user has not said that it may be.
        """
        last, current = self.all[-1], now.all[-1]
        if not last.files or last.files == current.files:
            # A run that was written before versions were kept goes on as the one that it is.
            return self if last.files == current.files else self._with(current, step)
        if not accept:
            changed = _listed(differing(last.files, current.files))
            raise UserError(
                f"{changed} changed since the run in {path} was last at work: put back what it was, begin another run, "
                f"or add --accept-changes, and steps from {step} on are scored by what is there now"
            )
        return self._with(current, step)

    def _with(self, version: Version, step: int) -> Versions:
        earlier: Sequence[Version] = [each for each in self.all if each.step < step]
        return Versions([*earlier, Version(step, version.task, version.agent)])


def _with_hashes(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """``score.py (3fa2c1, now 77b0aa)``."""
    keys = sorted(file for file in then.keys() | now.keys() if then.get(file) != now.get(file))
    pairs = ((named(file), then.get(file, "")[:6] or "none", now.get(file, "")[:6] or "gone") for file in keys)
    return ", ".join(f"{name} ({before}, now {after})" for name, before, after in pairs)


def _listed(files: Sequence[str]) -> str:
    """``a.py has``, ``a.py and b.py have``."""
    if len(files) == 1:
        return f"{files[0]} has"
    return f"{', '.join(files[:-1])} and {files[-1]} have"
