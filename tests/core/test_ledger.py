"""The books, and the hard stop."""

from __future__ import annotations

import pytest

from genopt_gym.core.ledger import Budget, BudgetSpent, Ledger, ModelAccount


def test_ledger_adds_up_by_role() -> None:
    ledger = Ledger()
    ledger.charge("train", trials=2, inner_steps=10, seconds=0.5)
    ledger.charge("train", trials=1, inner_steps=5, seconds=0.25)
    ledger.charge("validation", trials=4, inner_steps=100, seconds=1.0)
    assert (ledger.accounts["train"].trials, ledger.accounts["train"].inner_steps) == (3, 15)
    assert (ledger.total.trials, ledger.total.inner_steps, ledger.total.seconds) == (7, 115, 1.75)


def test_empty_ledger_holds_nothing() -> None:
    assert (Ledger().total.trials, Ledger().total.inner_steps) == (0, 0)


def test_budget_allows_up_to_its_limit_and_not_one_more() -> None:
    ledger = Ledger()
    budget = Budget({"trials": 10, "inner_steps": 100}, ledger)
    ledger.charge("train", trials=4, inner_steps=40, seconds=0)
    budget.check(trials=6, inner_steps=60)
    with pytest.raises(BudgetSpent, match="10 trials") as caught:
        budget.check(trials=7, inner_steps=0)
    assert caught.value.what == "trials"
    with pytest.raises(BudgetSpent, match="100 inner steps") as caught:
        budget.check(trials=0, inner_steps=61)
    assert caught.value.what == "inner_steps"


def test_no_limits_allow_everything() -> None:
    needed = {"trials": 10**9, "inner_steps": 10**12}
    Budget({}, Ledger()).check(**needed)
    with pytest.raises(BudgetSpent):
        Budget({"trials": 10**9 - 1}, Ledger()).check(**needed)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"token": 5}, "trials, inner_steps, tokens, money, calls, not 'token'"),
        ({"trials": 0}, "whole number from 1, got 0"),
        ({"money": 0}, r"money \(US dollars\) must be a number above 0"),
    ],
)
def test_budget_that_makes_no_sense_is_refused(limits: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Budget(limits, Ledger())


def test_model_costs_add_up_and_an_unknown_price_stays_unknown() -> None:
    ledger = Ledger()
    ledger.charge_model("proposer", ModelAccount(1, 10, 5, 0, 0.25))
    ledger.charge_model("workflow", ModelAccount(2, 3, 1, 7, 0.5))
    total = ledger.model_total
    assert (total.calls, total.tokens, total.money) == (3, 26, 0.75)
    ledger.charge_model("workflow", ModelAccount(1, 1, 1, 0, None))
    ledger.charge_model("workflow", ModelAccount(1, 1, 1, 0, 0.5))
    assert ledger.model_total.money is None


def test_reservations_hold_their_place_until_they_are_settled() -> None:
    budget = Budget({"tokens": 100}, Ledger())
    first = budget.reserve(60, None)
    assert first is not None
    assert budget.reserve(60, None) is None
    first.settle("proposer", ModelAccount(1, 20, 10))
    second = budget.reserve(60, None)
    assert second is not None
    second.settle("proposer", second.lost())
    assert budget.ledger.model_total.tokens == 90


def test_refused_reservation_closes_the_budget_for_good() -> None:
    budget = Budget({"tokens": 100}, Ledger())
    budget.check_models()
    for tokens in (101, 1):
        with pytest.raises(BudgetSpent) as caught:
            budget.reserve(tokens, None)
        assert caught.value.what == "tokens"
    with pytest.raises(BudgetSpent):
        budget.check_models()
