"""What a run has cost, and the hard stop."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from genopt_gym.core.checks import number, whole_number
from genopt_gym.core.errors import ParameterError

_LOCK = threading.Lock()
"""Of all budgets, held for moments: so that a budget can be copied and pickled."""


class BudgetSpent(Exception):
    """What was asked for next could pass the budget; nothing was run.

    Attributes:
        what: which of the budget's limits is in the way.
    """

    def __init__(self, what: str, limit: float, needed: float, kept: float = 0) -> None:
        if what == "money":
            words = f"${limit:,.2f} would be passed (${needed:,.4f} more needed)"
        else:
            aside = f", and {kept:,} kept to confirm the best" if kept else ""
            words = f"{limit:,} {what.replace('_', ' ')} would be passed ({needed:,} more needed{aside})"
        super().__init__(f"the budget of {words}")
        self.what = what


@dataclass
class Account:
    """Evaluation costs of one split (``train``, ``validation``, ``test``)."""

    trials: int = 0
    inner_steps: int = 0
    seconds: float = 0.0


@dataclass
class ModelAccount:
    """Model calls of one role: ``proposer`` (the optimizer's) or ``workflow`` (an artifact's).

    Attributes:
        calls: calls that were answered.
        prompt_tokens: as the provider counts them.
        completion_tokens: as the provider counts them.
        lost_tokens: upper bound for attempts whose answer never came whole, which the provider may have counted, and
            for answers whose tokens it did not count.
        money: in US dollars; ``None`` once a price was not known. Never guessed, never taken for 0.
        uncounted_tokens: the part of ``lost_tokens`` that is of answers which came, but were not counted.
        lost_calls: attempts whose answer never came whole; a budget of calls counts them like those that were answered.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    lost_tokens: int = 0
    money: float | None = 0.0
    uncounted_tokens: int = 0
    lost_calls: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens + self.lost_tokens

    def add(self, other: ModelAccount) -> None:
        self.calls += other.calls
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.lost_tokens += other.lost_tokens
        self.uncounted_tokens += other.uncounted_tokens
        self.lost_calls += other.lost_calls
        self.money = None if self.money is None or other.money is None else self.money + other.money


@dataclass
class Ledger:
    """Evaluation costs by split, model costs by role. Trials served from the cache are not charged."""

    accounts: dict[str, Account] = field(default_factory=dict)
    models: dict[str, ModelAccount] = field(default_factory=dict)

    def charge(self, role: str, trials: int, inner_steps: int, seconds: float) -> None:
        account = self.accounts.setdefault(role, Account())
        account.trials += trials
        account.inner_steps += inner_steps
        account.seconds += seconds

    def charge_model(self, role: str, cost: ModelAccount) -> None:
        self.models.setdefault(role, ModelAccount()).add(cost)

    @property
    def total(self) -> Account:
        """Evaluation, over all splits."""
        accounts = self.accounts.values()
        return Account(
            sum(a.trials for a in accounts),
            sum(a.inner_steps for a in accounts),
            sum(a.seconds for a in accounts),
        )

    @property
    def model_total(self) -> ModelAccount:
        """Model calls, over all roles."""
        total = ModelAccount()
        for account in self.models.values():
            total.add(account)
        return total


class Budget:
    """Limits on what a ledger may hold; spent plus reserved never exceeds them.

    Args:
        limits: ``trials``, ``inner_steps``, and of model calls ``tokens``, ``money`` (US dollars) and ``calls``, each
            optional.

    >>> Budget({"trials": 10}, Ledger()).check(trials=11, inner_steps=0)
    Traceback (most recent call last):
    genopt_gym.core.ledger.BudgetSpent: the budget of 10 trials would be passed (11 more needed)
    """

    KNOWN = ("trials", "inner_steps", "tokens", "money", "calls")

    def __init__(self, limits: Mapping[str, float], ledger: Ledger) -> None:
        for name, limit in limits.items():
            if name not in self.KNOWN:
                raise ParameterError(f"a budget has {', '.join(self.KNOWN)}, not {name!r}", "budget")
            if name == "money":
                number("a budget of money (US dollars)", limit, above=0, parameter="budget")
            else:
                whole_number(f"a budget of {name}", limit, 1, parameter="budget")
        self.limits = dict(limits)
        self.ledger = ledger
        self._kept = {"trials": 0, "inner_steps": 0}
        self._reserved_tokens = 0
        self._reserved_money = 0.0
        self._reserved_calls = 0
        self._refused: BudgetSpent | None = None

    def keep(self, *, trials: int, inner_steps: int) -> None:
        """Keep so much for what comes after the loop: ``check`` refuses what would leave less. 0 gives it back."""
        self._kept = {"trials": trials, "inner_steps": inner_steps}

    def check(self, *, trials: int, inner_steps: int) -> None:
        """Raise BudgetSpent unless so much more stays within the limits."""
        spent = self.ledger.total
        needs = {"trials": (spent.trials, trials), "inner_steps": (spent.inner_steps, inner_steps)}
        for name, (used, needed) in needs.items():
            limit = self.limits.get(name)
            if limit is not None and used + self._kept[name] + needed > limit:
                raise BudgetSpent(name, limit, needed, self._kept[name])

    def check_models(self) -> None:
        """Raise what the model call was told that found its limit in the way, if there was one."""
        if self._refused is not None:
            raise self._refused

    def reserve(self, tokens: int, money: float | None) -> Reservation | None:
        """Set aside the most that a model call can cost, before it is made.

        ``None`` says that calls under way hold what would be needed: ask again when one has ended. Once a call was
        refused, every later one is, however small.

        Raises:
            BudgetSpent: it does not fit into what is left.
            ValueError: there is a budget of money, and the call's price is not known.
        """
        with _LOCK:
            self.check_models()
            spent = self.ledger.model_total
            needs: dict[str, tuple[float, float, float]] = {}
            needs["tokens"] = (spent.tokens, self._reserved_tokens, tokens)
            needs["calls"] = (spent.calls + spent.lost_calls, self._reserved_calls, 1)
            if "money" in self.limits:
                if money is None or spent.money is None:
                    raise ValueError("the price is not known")
                needs["money"] = (spent.money, self._reserved_money, money)
            wait = False
            for name, (used, reserved, needed) in needs.items():
                limit = self.limits.get(name)
                if limit is None:
                    continue
                if used + needed > limit:
                    self._refused = BudgetSpent(name, limit, needed)
                    raise self._refused
                wait = wait or used + reserved + needed > limit
            if wait:
                return None
            self._reserved_tokens += tokens
            self._reserved_money += money or 0.0
            self._reserved_calls += 1
            return Reservation(self, tokens, money)

    def _settle(self, reservation: Reservation, role: str, cost: ModelAccount) -> None:
        with _LOCK:
            self._reserved_tokens -= reservation.tokens
            self._reserved_money -= reservation.money or 0.0
            self._reserved_calls -= 1
            self.ledger.charge_model(role, cost)


@dataclass(frozen=True)
class Reservation:
    """What one model call may cost at most, taken out of the budget until it is settled."""

    budget: Budget
    tokens: int
    money: float | None

    def settle(self, role: str, cost: ModelAccount) -> None:
        """Give it back, and charge what the call has cost."""
        self.budget._settle(self, role, cost)

    def lost(self) -> ModelAccount:
        """The cost of an attempt whose answer never came: all that it may have cost."""
        return ModelAccount(lost_tokens=self.tokens, money=self.money, lost_calls=1)

    def uncounted(self) -> ModelAccount:
        """The cost of an answer whose tokens nobody counted: all that it may have cost."""
        return ModelAccount(calls=1, lost_tokens=self.tokens, money=self.money, uncounted_tokens=self.tokens)
