"""What a run will cost at most, counted before anything is run and no model asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from genopt_gym.agents.manual import Manual
from genopt_gym.agents.model_agent import ModelAgent
from genopt_gym.agents.model_agent import estimate as count_tokens
from genopt_gym.agents.prompted_agent import PromptedAgent
from genopt_gym.core.acceptance import RULES
from genopt_gym.core.task import CONFIRMATION, ModelUse
from genopt_gym.env import OptimizationEnv
from genopt_gym.llm.backend import backend_of
from genopt_gym.runs.config import Config

TYPICAL_REPLY = 1500
"""Tokens of an edit with some thoughts."""
TYPICAL_ANSWER = 200
"""Tokens of what an artifact's model says, and of what it is asked beside the artifact's own words."""
TYPICAL_ROW_CHARS = 100
"""Of an inner step in a trace that leaves out what has not changed."""
CHARS_PER_TOKEN = 3
"""Of a trace, which is mostly numbers."""


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
        typical: prompt and reply tokens of all calls together, as they mostly come out: prompts with the trace that the
            horizon shows, replies of ``TYPICAL_REPLY`` tokens, and none that is asked for again.
    """

    role: str
    model: str
    least: int
    most: int
    reply_tokens: int
    prompt_tokens: int | None
    prices: tuple[float, float] | None = None
    typical: tuple[int, int] = (0, 0)

    @property
    def typical_money(self) -> float | None:
        """US dollars as it mostly comes out; ``None`` without prices."""
        prices = self.prices or backend_of(self.model).prices(self.model)
        return None if prices is None else prices[0] * self.typical[0] + prices[1] * self.typical[1]

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
        typical = (self.typical[0] * runs, self.typical[1] * runs)
        return replace(self, least=self.least * runs, most=self.most * runs, prompt_tokens=tokens, typical=typical)


def added(calls: Iterable[Calls]) -> list[Calls]:
    """Calls of the same role, model and price as one."""
    kinds: dict[Calls, Calls] = {}
    for each in calls:
        kind = replace(each, least=0, most=0, prompt_tokens=None, typical=(0, 0))
        if kind in kinds:
            known = kinds[kind]
            tokens = None if each.prompt_tokens is None else (known.prompt_tokens or 0) + each.prompt_tokens
            typical = (known.typical[0] + each.typical[0], known.typical[1] + each.typical[1])
            least, most = known.least + each.least, known.most + each.most
            each = replace(kind, least=least, most=most, prompt_tokens=tokens, typical=typical)
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
    found = replace(found, calls=_task_calls(core, found.total_trials))
    if not isinstance(agent, ModelAgent) or isinstance(agent, Manual):
        return found
    if not isinstance(agent, PromptedAgent):
        return replace(found, uncounted=True)
    prompt = count_tokens(core.context + core.start.source) + core.parameters.max_trace_chars
    prices = None if agent.prices is None else (agent.prices[0] / 1e6, agent.prices[1] / 1e6)
    # A reply that holds no edit is asked for once more.
    steps = min(core.parameters.credit_horizon or core.task.max_inner_steps, core.task.max_inner_steps)
    trace = min(steps * TYPICAL_ROW_CHARS * core.parameters.batch_size, core.parameters.max_trace_chars)
    typical = count_tokens(core.context + 2 * core.start.source) + trace // CHARS_PER_TOKEN
    replies = min(TYPICAL_REPLY, agent.reply_tokens)
    most = 2 * edits
    own = Calls("proposer", agent.model, edits, most, agent.reply_tokens, most * prompt, prices)
    own = replace(own, typical=(edits * typical, edits * replies))
    return replace(found, calls=[*found.calls, own])


def _task_calls(env: OptimizationEnv, trials: int) -> Sequence[Calls]:
    """What the artifact asks, if it asks, and what the task asks about its answers."""
    calls = []
    if env.start.asks_model and (model := env.task.model) is not None:
        fixed = env.start.workflow.count("llm(")
        least, most = (fixed, fixed) if fixed else (0, env.task.limits.llm_calls)
        calls.append(_trial_calls("workflow", model, (least, most), trials, count_tokens(env.start.source)))
    if (judge := env.task.judge) is not None:
        # Asked once more where its reply holds no score. It reads an answer, and what is asked of it.
        calls.append(_trial_calls("judge", judge, (1, 2), trials, TYPICAL_ANSWER))
    return calls


def _trial_calls(role: str, model: ModelUse, each: tuple[int, int], trials: int, prompt: int) -> Calls:
    """Calls that trials make: from ``each[0]`` to ``each[1]`` in one, with about so many tokens of own words."""
    least, most = each
    prices = None if model.prices is None else (model.prices[0] / 1e6, model.prices[1] / 1e6)
    calls = (least or 1) * trials
    typical = (calls * (prompt + TYPICAL_ANSWER), calls * min(TYPICAL_ANSWER, model.max_tokens))
    return Calls(role, model.name, least * trials, most * trials, model.max_tokens, None, prices, typical)
