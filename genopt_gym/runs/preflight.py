"""What a run needs is looked at before it begins: keys, packages, prices, and a budget that bears one step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from genopt_gym.agents.command import Command
from genopt_gym.agents.manual import Manual
from genopt_gym.agents.model_agent import ModelAgent
from genopt_gym.core.acceptance import RULES
from genopt_gym.core.errors import UserError
from genopt_gym.core.ledger import BudgetSpent
from genopt_gym.core.task import ModelUse
from genopt_gym.env import OptimizationEnv
from genopt_gym.llm.backend import backend_of
from genopt_gym.llm.errors import ModelError
from genopt_gym.runs.config import PreparedRun
from genopt_gym.runs.learning import TOO_SMALL


@dataclass(frozen=True)
class ModelNeeded:
    """A model that a run will ask.

    Attributes:
        role: who asks it.
        model: its name.
        base_url: of a server of one's own.
        prices: dollars per million tokens, where they are given.
        most_tokens: fewer tokens than the most that one call may take.
        how: what gives the prices of this one.
    """

    role: str
    model: str
    base_url: str | None
    prices: tuple[float, ...] | None
    most_tokens: tuple[int, int]
    how: str


def models_needed(run: PreparedRun) -> Iterator[ModelNeeded]:
    """Every model that a run will ask, and how."""
    core, agent = run.core, run.agent
    if isinstance(agent, ModelAgent) and not isinstance(agent, Manual | Command):
        prices = None if agent.prices is None else tuple(agent.prices)
        prompt = len((core.context + core.start.source).encode())
        yield ModelNeeded(
            "proposer", agent.model, agent.base_url, prices, (prompt, agent.reply_tokens), "--price IN,OUT"
        )
    task = core.task
    uses: list[tuple[str, ModelUse | None]] = [("workflow", task.model if core.start.asks_model else None)]
    for role, use in [*uses, ("judge", task.judge)]:
        if use is not None:
            yield ModelNeeded(role, use.name, use.base_url, use.prices, (0, use.max_tokens), "prices in its model=")


def problems(run: PreparedRun) -> list[str]:
    """What stands in the way of a run, in sentences; nothing is run and no model asked."""
    if run.config.replay is not None:
        return []
    limits = run.core.evaluator.budget.limits
    found = [run.agent.obstacle(limits)] if isinstance(run.agent, Command) else []
    for need in models_needed(run):
        try:
            backend = backend_of(need.model)
            found.append(backend.problem(need.model, need.base_url))
            prices = None if need.prices is None else (need.prices[0] / 1e6, need.prices[1] / 1e6)
            prices = prices or (backend.prices(need.model) if "money" in limits and not found[-1] else None)
        except ModelError as error:
            found.append(str(error))
            continue
        if found[-1]:
            continue
        if "money" in limits and prices is None:
            found.append(
                f"the price of {need.model} is not known, so a budget of money cannot be kept: give it "
                f"({need.how}, dollars per million prompt and reply tokens), or a budget of tokens"
            )
        elif "money" in limits and prices is not None:
            dollars = sum(price * tokens for price, tokens in zip(prices, need.most_tokens, strict=True))
            if dollars > limits["money"]:
                found.append(
                    f"a budget of ${limits['money']:,.2f} does not bear one call of {need.model}, which may cost "
                    f"${dollars:,.4f}: give more, or a lower max_tokens"
                )
        if (most := limits.get("tokens")) is not None and sum(need.most_tokens) > most:
            found.append(
                f"a budget of {most:,} tokens does not bear one call of {need.model}, which may take "
                f"{sum(need.most_tokens):,}, {need.most_tokens[1]:,} of them for the reply: give more, or a lower "
                "max_tokens"
            )
    return [problem for problem in [*found, _trials_problem(run.core)] if problem]


def check(run: PreparedRun) -> None:
    """UserError with the first thing that stands in the way."""
    if found := problems(run):
        raise UserError(found[0])


def _trials_problem(env: OptimizationEnv) -> str:
    """Whether the budget has the trials of the start and of one edit."""
    batch, validation = env.parameters.batch_size, len(env.task.instances("validation"))
    held = batch * (2 if RULES.find(env.parameters.accept).runs_current else 1)
    try:
        env.evaluator.budget.check(trials=batch + held + 2 * validation, inner_steps=0)
    except BudgetSpent as spent:
        return TOO_SMALL.format(spent)
    return ""
