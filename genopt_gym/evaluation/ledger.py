"""What evaluation has cost, and the hard stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class BudgetSpent(Exception):
    """The next evaluation could pass the budget; nothing was run.

    Attributes:
        what: which of the budget's limits is in the way.
    """

    def __init__(self, what: str, limit: int, needed: int) -> None:
        super().__init__(f"the budget of {limit:,} {what.replace('_', ' ')} would be passed ({needed:,} more needed)")
        self.what = what


@dataclass
class Account:
    """Costs of one role (``train``, ``validation``, ``test``)."""

    trials: int = 0
    inner_steps: int = 0
    seconds: float = 0.0


@dataclass
class Ledger:
    """Costs by role. Trials served from the cache are not charged."""

    accounts: dict[str, Account] = field(default_factory=dict)

    def charge(self, role: str, trials: int, inner_steps: int, seconds: float) -> None:
        account = self.accounts.setdefault(role, Account())
        account.trials += trials
        account.inner_steps += inner_steps
        account.seconds += seconds

    @property
    def total(self) -> Account:
        """Over all roles."""
        accounts = self.accounts.values()
        return Account(
            sum(a.trials for a in accounts),
            sum(a.inner_steps for a in accounts),
            sum(a.seconds for a in accounts),
        )


class Budget:
    """Limits on what a ledger may hold; spent plus reserved never exceeds them.

    Args:
        limits: ``trials`` and ``inner_steps``, each optional.

    >>> Budget({"trials": 10}, Ledger()).check(trials=11, inner_steps=0)
    Traceback (most recent call last):
    genopt_gym.evaluation.ledger.BudgetSpent: the budget of 10 trials would be passed (11 more needed)
    """

    KNOWN = ("trials", "inner_steps")

    def __init__(self, limits: Mapping[str, int], ledger: Ledger) -> None:
        for name, limit in limits.items():
            if name not in self.KNOWN:
                raise ValueError(f"a budget has {' and '.join(self.KNOWN)}, not {name!r}")
            if not isinstance(limit, int) or limit < 1:
                raise ValueError(f"a budget of {name} must be a whole number from 1, got {limit!r}")
        self.limits = dict(limits)
        self.ledger = ledger

    def check(self, *, trials: int, inner_steps: int) -> None:
        """Raise BudgetSpent unless so much more stays within the limits."""
        spent = self.ledger.total
        needs = {"trials": (spent.trials, trials), "inner_steps": (spent.inner_steps, inner_steps)}
        for name, limit in self.limits.items():
            used, needed = needs[name]
            if used + needed > limit:
                raise BudgetSpent(name, limit, needed)
