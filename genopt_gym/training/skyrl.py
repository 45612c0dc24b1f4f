"""The suite's tasks for SkyRL-gym: ``register()`` once, then rows of ``rows()`` name the environment.

>>> register()
>>> env = skyrl_gym.make(NAME, extras=rows("GenOpt/Control-CartPole-v0", "train", edits=2)[0])
>>> prompt, _ = env.init([])
>>> prompt[0]["content"].splitlines()[0]
'#Problem'
>>> env.step("No edit.")["done"], env.step("Nor here.")["done"]
(False, True)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genopt_gym.core.checks import whole_number
from genopt_gym.core.errors import UserError
from genopt_gym.training.splits import number_of_tasks, split_seed_of, split_task
from genopt_gym.training.text_episode import TextEpisode
from genopt_gym.training.versions import need_trainer

WHAT = "the adapter for SkyRL"

try:
    import skyrl_gym
    from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput, ConversationType
except ImportError:
    need_trainer("skyrl", WHAT)
    raise

NAME = "genopt"
"""What rows call the environment."""
PROMPT = {
    "role": "system",
    "content": "You improve programs and texts, edit by edit, by the evidence that each edit leaves.",
}
"""What rows begin with: chat templates want a message, and the first page is the environment's."""


class SkyRLEdits(BaseTextEnv):  # type: ignore[misc]
    """One episode: each reply of the model is an edit, each page the next turn.

    Args:
        env_config: of SkyRL's configuration; nothing of it is needed.
        extras: a row of ``rows``; in ``max_turns`` SkyRL puts the most replies (``generator.max_turns``, 1 unless it is
            set).
    """

    def __init__(self, env_config: Any = None, extras: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        row = dict(extras or {})
        if "environment" not in row or "seed" not in row:
            raise UserError("a row needs environment and seed: genopt_gym.training.skyrl.rows makes such rows")
        self._seed = whole_number("seed", row["seed"], 0)
        self._episode = TextEpisode(row["environment"], row.get("parameters"), row.get("edits"))
        self.max_turns = int(row.get("max_turns") or 0)

    def init(self, prompt: ConversationType) -> tuple[ConversationType, dict[str, Any]]:
        """The prompt, then the first page."""
        self.turns = 0
        return [*prompt, {"role": "user", "content": self._episode.begin(self._seed)}], {}

    def step(self, action: str) -> BaseTextEnvStepOutput:
        self.turns += 1
        turn = self._episode.answer(action)
        done = turn.done or self.turns == self.max_turns
        return BaseTextEnvStepOutput(
            observations=[] if done else [{"role": "user", "content": turn.page}],
            reward=turn.reward,
            done=done,
            metadata={"outcome": turn.info["outcome"]},
        )

    def get_metrics(self) -> dict[str, Any]:
        return {"turns": self.turns, "gain": self._episode.gain, "best_score": self._episode.best_score}

    def close(self) -> None:
        self._episode.close()


def register() -> None:
    """Make the environment known to SkyRL-gym, in the process that generates; UserError in another version of it."""
    need_trainer("skyrl", WHAT)
    if NAME not in skyrl_gym.registry:
        skyrl_gym.register(NAME, entry_point="genopt_gym.training.skyrl:SkyRLEdits")


def rows(
    environment: str, split: str, count: int | None = None, edits: int | None = None, **parameters: Any
) -> list[dict[str, Any]]:
    """Rows of a dataset, as SkyRL reads them.

    Args:
        environment: as in ``genopt list``.
        split: ``train``, or ``test``, which is scored on other instances.
        count: the first so many; all if left out.
        edits: steps of an episode; the environment's own number if left out.
        **parameters: keywords of ``gym.make``.
    """
    tasks = [split_task(split, index, split_seed_of(parameters)) for index in range(number_of_tasks(split))[:count]]
    return [
        {
            "prompt": [dict(PROMPT)],
            "env_class": NAME,
            "environment": environment,
            "seed": task.seed,
            "edits": edits,
            "parameters": {**parameters, "split_seed": task.split_seed},
        }
        for task in tasks
    ]
