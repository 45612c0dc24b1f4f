"""What may be changed of a run when it goes on: nothing that changes what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from genopt_gym.core.errors import UserError
from genopt_gym.runs.config import Config, extended
from genopt_gym.runs.folder import read_config, read_result

OPTIONS = ("base_url", "prices", "timeout", "requests_per_minute")
"""Options of agents that change how a model is reached, and not what it is asked."""


@dataclass(frozen=True)
class Changes:
    """What a run is given when it goes on.

    Attributes:
        more_edits: to add to those it was to have.
        options: of the agent, out of ``OPTIONS``.
        budget: limits in place of those it had, none of them lower.
    """

    more_edits: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    budget: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.more_edits or self.options or self.budget)

    def applied(self, config: Config, path: Path) -> Config:
        """The configuration with these changes.

        Raises:
            UserError: one of them would change what was done.
        """
        if unknown := [name for name in self.options if name not in OPTIONS]:
            raise UserError(f"{unknown[0]} changes what a model is asked, so a run keeps it: begin another run")
        if self.more_edits or self.budget:
            self._check_extendable(path)
        if self.more_edits:
            config = extended(config, read_config(path)["spec"]["max_episode_steps"], self.more_edits)
        parameters = dict(config.parameters)
        if self.budget:
            before = parameters.get("budget") or {}
            for what, limit in self.budget.items():
                if what not in before:
                    raise UserError(f"the run in {path} has no budget of {what}, so none can be raised")
                if limit < before[what]:
                    raise UserError(
                        f"the budget of {what} was {before[what]:g}, and can be raised, not cut to {limit:g}"
                    )
            parameters["budget"] = {**before, **self.budget}
        return replace(config, parameters=parameters, agent_options={**config.agent_options, **self.options})

    def _check_extendable(self, path: Path) -> None:
        if self.more_edits < 0:
            raise UserError(f"a run can be given more edits, from 1, not {self.more_edits}")
        if path.absolute().parent.name == "runs" and (path.absolute().parents[1] / "plan.json").exists():
            raise UserError(f"{path} is a run of a study, whose plan says how many edits it has")
        ended_by = read_result(path).get("ended_by", "") if (path / "result.json").exists() else ""
        if not ended_by or (ended_by == "updates" and self.more_edits):
            return
        if not (self.budget and ended_by.startswith("budget of ")):
            what = "edits" if self.more_edits else "budget"
            raise UserError(f"the run in {path} was ended by {ended_by}, so more {what} would not let it go on")
