"""Tasks for TRL's ``GRPOTrainer(environment_factory=...)``: an edit is a tool call, a run is a conversation.

TRL is not imported here. What it does with a class of ``environment``: it makes one instance for each member of a batch
and uses it again, calls ``reset`` with a row of the dataset and adds what it returns to the row's prompt, offers every
other public method as a tool, and asks ``get_reward`` at the end.

    from datasets import Dataset
    from genopt_gym.training.trl import environment, rows
    from trl import GRPOConfig, GRPOTrainer

    trainer = GRPOTrainer(
        model="Qwen/Qwen3-1.7B",
        args=GRPOConfig(max_completion_length=8192, num_generations=8),
        train_dataset=Dataset.from_list(rows(range(256))),
        environment_factory=environment("GenOpt/Control-CartPole-v0", max_completion_length=8192, max_episode_steps=4),
    )

The model's chat template has to know tools, and TRL how to read its calls: it does for Qwen 2.5 to 3.6, Llama 3.1 and
3.2, gpt-oss, GLM-4 and some more; for others set the tokenizer's ``response_template``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import gymnasium as gym

from genopt_gym.agents.model_agent import estimate
from genopt_gym.core.checks import number, whole_number
from genopt_gym.core.edit import UnusableReply
from genopt_gym.core.errors import ParameterError, UserError
from genopt_gym.making import make, optimization_env
from genopt_gym.training.conversation import ENDED, Conversation
from genopt_gym.wrappers import PerturbedStarts

PROMPT = "Improve this program, edit by edit. After each edit you see what became of it.\n\n"
ASKED = (
    "Call the tool edit with the name of a component and its whole new text. Each call is one edit, and the run has {}."
)
CALL_TOKENS = 40
"""Of a tool call and its answer, beside the texts in them."""


class Environment(Protocol):
    """What TRL knows of an environment."""

    def reset(self, **row: Any) -> str: ...

    def edit(self, component: str, text: str) -> str: ...

    def get_reward(self) -> float: ...


def environment(
    id: str, *, max_completion_length: int | None = None, spread: float = 0.0, **parameters: Any
) -> type[Environment]:
    """A class for ``GRPOTrainer(environment_factory=...)``.

    Args:
        id: of the task.
        max_completion_length: that of ``GRPOConfig``: tokens of a whole conversation but its first page. Where it is
            given, it is made sure that a run's edits and pages fit in.
        spread: of the numbers in the starting artifact, see ``PerturbedStarts``; 0 begins at the task's own start.
        **parameters: of ``gym.make``; ``max_episode_steps`` is the number of edits.

    Returns:
        A class whose instances have ``reset``, ``edit`` (the only tool) and ``get_reward``. TRL logs its rewards
        under the class's name, which is the task's.

    Raises:
        UserError: a run does not fit into ``max_completion_length``, or a parameter is wrong.

    >>> CartPole = environment("GenOpt/Control-CartPole-v0", start="one_function/naive", credit_horizon=3)
    >>> run = CartPole()
    >>> page = run.reset(seed=0, prompt="...")
    >>> later = run.edit("policy", "def policy(obs): return int(obs['pole_angle'] + obs['pole_velocity'] > 0)")
    >>> len(later) < len(page), run.get_reward() > 0
    (True, True)
    """
    number("spread", spread, 0)

    def made() -> gym.Env[Any, Any]:
        env = make(id, **parameters)
        return PerturbedStarts(env, spread) if spread else env

    first = made()  # whatever is wrong with the parameters is told now, not in the middle of a trainer
    optimization_env(first)
    if max_completion_length is not None:
        _check_room(first, whole_number("max_completion_length", max_completion_length, 1))

    class Run(_Run):
        def __init__(self) -> None:
            super().__init__(made())

    Run.__name__ = Run.__qualname__ = id.rpartition("/")[2].rpartition("-v")[0].replace("-", "")
    return Run


def rows(seeds: Iterable[int], prompt: str = PROMPT) -> list[dict[str, Any]]:
    """Rows of a dataset, one for each seed: ``datasets.Dataset.from_list(rows(range(64)))``.

    The members of a group have the same row, hence the same start and the same instances.

    Args:
        seeds: of ``reset``.
        prompt: the words before the first page.

    Raises:
        ParameterError: a seed is none.

    >>> rows([7], "Improve it.")
    [{'prompt': [{'role': 'user', 'content': 'Improve it.'}], 'seed': 7}]
    """
    return [{"prompt": [{"role": "user", "content": prompt}], "seed": whole_number("seed", seed, 0)} for seed in seeds]


class _Run:
    """One conversation at a time about one environment; every public method is a tool but ``reset``, ``get_reward``."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        self._env = env
        self._reward = 0.0
        self._ended = True

    def reset(self, **row: Any) -> str:
        """Begin the run of a row of the dataset; its first page."""
        if "seed" not in row:
            raise ParameterError(
                "a row needs a seed, so that a group shares its start: see rows() in this module", "seed"
            )
        seed = whole_number("seed", row["seed"], 0)
        observation, _ = self._env.reset(seed=seed)
        self._conversation = Conversation(_asked(self._env))
        self._reward, self._ended = 0.0, False
        return self._conversation.first(observation)

    def edit(self, component: str, text: str) -> str:
        """Replace one component by a new text, run the program, and see what became of it.

        Args:
            component: Name of the component.
            text: Its whole new text.

        Returns:
            What the edit has changed: evidence, feedback and score.
        """
        if self._ended:
            return ENDED
        texts = {component: text} if isinstance(component, str) and isinstance(text, str) else {}
        action = texts or UnusableReply("component and text are both texts")
        observation, reward, terminated, truncated, _ = self._env.step(action)
        self._reward += float(reward)
        self._ended = terminated or truncated
        return self._conversation.next(observation, texts, self._ended)

    def get_reward(self) -> float:
        """The rewards of all edits since ``reset``."""
        return self._reward


def _asked(env: gym.Env[Any, Any]) -> str:
    updates = None if env.spec is None else env.spec.max_episode_steps
    return ASKED.format("no fixed end" if updates is None else f"{updates} of them")


def _check_room(env: gym.Env[Any, Any], most: int) -> None:
    """UserError if as many edits as a run has do not fit into so many tokens, as far as can be estimated."""
    updates = 1 if env.spec is None or env.spec.max_episode_steps is None else env.spec.max_episode_steps
    observation, _ = env.reset(seed=0)
    conversation = Conversation(_asked(env))
    conversation.first(observation)
    name, text = max(optimization_env(env).action_space.texts.items(), key=lambda pair: len(pair[1]))
    page = estimate(conversation.next(env.step({name: text})[0], {name: text}))
    each = page + estimate(text) + CALL_TOKENS
    if updates * each > most:
        fitting = most // each
        fewer = f"pass max_episode_steps={fitting}, " if fitting else "pass "
        id = env.spec.id if env.spec is not None else "this environment"
        raise UserError(
            f"a run of {id} has {updates} edits of about {each:,} tokens each ({page:,} of them for the page that "
            f"answers), which max_completion_length={most:,} does not hold: {fewer}a smaller credit_horizon or "
            "max_trace_chars, or allow more"
        )
