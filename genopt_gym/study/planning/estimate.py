"""What a run will cost at most, counted before anything is run and no model asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from genopt_gym.agents.manual import Manual
from genopt_gym.agents.model_agent import ModelAgent
from genopt_gym.agents.model_agent import estimate as count_tokens
from genopt_gym.agents.prompted_agent import PromptedAgent
from genopt_gym.core.acceptance import RULES
from genopt_gym.core.task import CONFIRMATION
from genopt_gym.env import OptimizationEnv
from genopt_gym.llm.backend import backend_of
from genopt_gym.runs.config import Config


@dataclass(frozen=True)
class Trials:
    """Trials of a run.

    Attributes:
        train: of one step, at most.
        validation: of one step.
        test: of one artifact; start and best are scored.
        confirmation: of all artifacts that are confirmed.
    """

    train: int
    validation: int
    test: int
    confirmation: int = 0

    @property
    def step(self) -> int:
        """Trials of the reset, and of each edit."""
        return self.train + self.validation


@dataclass(frozen=True)
class Calls:
    """Model calls of one role.

    Attributes:
        least, most: how many.
        reply_tokens: most tokens of a reply.
        prompt_tokens: about as many as all prompts can have; ``None`` where the artifact writes them.
        prices: US dollars for a prompt token and a reply token, where the agent names them.
    """

    role: str
    model: str
    least: int
    most: int
    reply_tokens: int
    prompt_tokens: int | None
    prices: tuple[float, float] | None = None

    @property
    def money(self) -> float | None:
        """US dollars at most, without the prompts where their size is not known; ``None`` without prices."""
        prices = self.prices or backend_of(self.model).prices(self.model)
        if prices is None:
            return None
        return prices[0] * (self.prompt_tokens or 0) + prices[1] * self.most * self.reply_tokens

    def times(self, runs: int) -> Calls:
        """Those of so many runs."""
        tokens = None if self.prompt_tokens is None else self.prompt_tokens * runs
        return replace(self, least=self.least * runs, most=self.most * runs, prompt_tokens=tokens)


def added(calls: Iterable[Calls]) -> list[Calls]:
    """Calls of the same role, model and price as one."""
    kinds: dict[Calls, Calls] = {}
    for each in calls:
        kind = replace(each, least=0, most=0, prompt_tokens=None)
        if kind in kinds:
            known = kinds[kind]
            tokens = None if each.prompt_tokens is None else (known.prompt_tokens or 0) + each.prompt_tokens
            each = replace(kind, least=known.least + each.least, most=known.most + each.most, prompt_tokens=tokens)
        kinds[kind] = each
    return list(kinds.values())


@dataclass(frozen=True)
class CostEstimate:
    """What a run makes at most.

    Attributes:
        edits: of the run; 0 where nothing limits them.
        calls: by role.
        uncounted: the agent asks a model, and how often is its own affair.
    """

    edits: int
    trials: Trials
    calls: Sequence[Calls]
    uncounted: bool = False

    @property
    def total_trials(self) -> int:
        return (self.edits + 1) * self.trials.step + self.trials.confirmation + 2 * self.trials.test


def count_trials(env: OptimizationEnv) -> Trials:
    """What a step of this environment takes."""
    p = env.parameters
    # An edit that has to hold its own is compared on the same batch.
    train = p.batch_size * (2 if RULES.find(p.accept).runs_current else 1)
    validation, test = (len(env.task.instances(split)) for split in ("validation", "test"))
    return Trials(train, validation, test, env.confirm * len(env.task.instances(CONFIRMATION)))


def estimate_run(config: Config) -> CostEstimate:
    """What a run makes at most; raises as ``Config.prepare``."""
    agent = config.make_agent()
    prepared = config.prepare(agent)
    core = prepared.core
    edits, trials = prepared.updates or 0, count_trials(core)
    found = CostEstimate(edits, trials, ())
    found = replace(found, calls=_workflow_calls(core, found.total_trials))
    if not isinstance(agent, ModelAgent) or isinstance(agent, Manual):
        return found
    if not isinstance(agent, PromptedAgent):
        return replace(found, uncounted=True)
    prompt = count_tokens(core.context + core.start.source) + core.parameters.max_trace_chars
    prices = None if agent.prices is None else (agent.prices[0] / 1e6, agent.prices[1] / 1e6)
    # A reply that holds no edit is asked for once more.
    own = Calls("proposer", agent.model, edits, 2 * edits, agent.reply_tokens, 2 * edits * prompt, prices)
    return replace(found, calls=[*found.calls, own])


def _workflow_calls(env: OptimizationEnv, trials: int) -> Sequence[Calls]:
    """What the artifact asks, if it asks."""
    model = env.task.model
    if not env.start.asks_model or model is None:
        return []
    fixed = env.start.workflow.count("llm(")
    least, most = (fixed, fixed) if fixed else (0, env.task.limits.llm_calls)
    return [Calls("workflow", model.name, least * trials, most * trials, model.max_tokens, None)]
