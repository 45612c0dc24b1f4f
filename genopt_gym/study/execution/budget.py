"""The budget of a whole study: a hard stop, kept by what each run may spend at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.runs.config import Config, read_run
from genopt_gym.runs.folder import read_result
from genopt_gym.study.folder import is_begun, is_done, run_path
from genopt_gym.study.records import Plan, PlannedRun


class BudgetAllocator:
    """What of a study's budget is left for runs.

    A run that has no limit of its own gets an even share, the same whenever it is begun: were it what the runs before
    have left over, arms would be cut unevenly. A run in progress holds all it may spend; what it did not is free when
    it is done.

    Args:
        plan: with its budget.
        study: the folder, for what was spent in it.

    Raises:
        UserError: the budget is less than one token or trial for each run.
    """

    def __init__(self, plan: Plan, study: Path) -> None:
        self._limits = plan.budget
        self._shares: dict[str, float] = {}
        for what, limit in plan.budget.items():
            share = limit / len(plan.runs)
            self._shares[what] = share if what == "money" else int(share)
            if self._shares[what] <= 0:
                raise UserError(f"the study's budget of {limit:g} {what} is too small for {len(plan.runs)} runs")
        self._study = study
        self._held = {run.key: self._read(run) for run in plan.runs} if plan.budget else {}

    def config(self, run: PlannedRun) -> Config:
        """The run's configuration, with all limits that it has to keep."""
        if not self._limits:
            return run.config
        budget = {**self._shares, **(run.config.parameters.get("budget") or {})}
        return replace(run.config, parameters={**run.config.parameters, "budget": budget})

    def refusal(self, run: PlannedRun) -> str:
        """Which limit does not bear this run, in words; empty if all do."""
        needed = self._most(run) if self._limits else {}
        for what, limit in self._limits.items():
            others = sum(held.get(what, 0) for key, held in self._held.items() if key != run.key)
            if others + needed[what] > limit * (1 + 1e-9):
                return f"the study's budget of {limit:g} {what} does not bear it"
        return ""

    def hold(self, run: PlannedRun) -> None:
        """Set aside what the run may spend."""
        if self._limits:
            self._held[run.key] = self._most(run)

    def settle(self, run: PlannedRun) -> None:
        """Free what the run did not spend."""
        if self._limits:
            self._held[run.key] = self._read(run)

    def _read(self, run: PlannedRun) -> dict[str, float]:
        path = run_path(self._study, run.key)
        if not is_begun(path):
            return {}
        try:
            return spent(path) if is_done(path) else self._most(run)
        except (UserError, KeyError, IndexError):
            return self._most(run)  # nobody can tell any more

    def _most(self, run: PlannedRun) -> dict[str, float]:
        """What it may spend by the configuration that it was begun with, or will be."""
        path = run_path(self._study, run.key)
        try:
            config = read_run(path) if is_begun(path) else self.config(run)
        except UserError:
            config = self.config(run)
        budget = config.parameters.get("budget") or {}
        # Begun before the study had such a limit, it may spend without end.
        return {what: budget.get(what, float("inf")) for what in self._limits}


def spent(path: Path) -> dict[str, float]:
    """Trials (of train, validation and confirmation), tokens and money of a run that is done."""
    result = read_result(path)
    models: Mapping[str, Mapping[str, Any]] = result["models"]
    accounts = list(models.values())
    counts = ("prompt_tokens", "completion_tokens", "lost_tokens")
    rows = read_journal(path / "ledger.jsonl")[0]
    return {
        "trials": rows[-1]["trials"] + result.get("confirmation_trials", 0),
        "tokens": sum(account[name] for account in accounts for name in counts),
        "money": sum(account["money"] or 0.0 for account in accounts),
    }
