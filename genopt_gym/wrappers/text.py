"""Edits as free text: a reply in, a page out."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym

from genopt_gym.core.actions import MAX_TEXT_CHARS
from genopt_gym.core.spaces import Unicode
from genopt_gym.env import Action
from genopt_gym.feedback import MAX_FEEDBACK_CHARS
from genopt_gym.observation import Observation
from genopt_gym.wrappers.codec import edited_env

ASKED = """\
For each component that you change (of {names}) give its whole new text in a fenced block with its name after the
language, as in ```python NAME. Components that you leave out stay as they are."""

HEADINGS_CHARS = 1_000
"""Ample room for headings, marks and scores."""


class TextEdits(gym.Wrapper[Any, Any, Observation, Action], gym.utils.RecordConstructorArgs):
    r"""Observations as one text and actions as another, for trainers of language models.

    The observation has the headings ``#Problem``, ``#Artifact`` (each component under its name), ``#Trace``,
    ``#Feedback``, ``#Score`` and ``#Your edit`` (the form of a reply). The action is a reply; an edit is read out of it
    by ``genopt_gym.core.edit.parse_edit``, and one without an edit costs a step as any other.

    >>> env = TextEdits(gym.make("GenOpt/Control-CartPole-v0"))
    >>> page, _ = env.reset(seed=0)
    >>> page.startswith("#Problem\nWrite a policy for a cart")
    True
    >>> reply = "Faster:\n```python select_action\ndef select_action(obs, lean):\n    return int(lean > 0)\n```"
    >>> env.step(reply)[4]["outcome"]
    'ok'
    """

    def __init__(self, env: gym.Env[Observation, Action]) -> None:
        gym.utils.RecordConstructorArgs.__init__(self)
        super().__init__(env)
        core, edits = edited_env(env)
        self._asked = ASKED.format(names=", ".join(edits.texts))
        self.action_space = Unicode(MAX_TEXT_CHARS * (len(edits.texts) + 1))
        fixed = len(core.context) + core.parameters.max_trace_chars + MAX_FEEDBACK_CHARS + len(self._asked)
        artifact = sum(MAX_TEXT_CHARS + len(name) for name in core.start.texts)
        self.observation_space = Unicode(fixed + artifact + HEADINGS_CHARS)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        observation, info = self.env.reset(seed=seed, options=options)
        return self._page(observation), info

    def step(self, action: str) -> tuple[str, SupportsFloat, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        return self._page(observation), reward, terminated, truncated, info

    def _page(self, observation: Observation) -> str:
        score, best = (float(observation[name][0]) for name in ("score", "best_score"))
        parts = {
            "Problem": observation["context"],
            "Artifact": "\n\n".join(f"##{name}\n{text.strip()}" for name, text in observation["artifact"].items()),
            "Trace": observation["trace"],
            "Feedback": observation["feedback"],
            "Score": f"{score:.5g} (best so far: {best:.5g})",
            "Your edit": self._asked,
        }
        return "\n\n".join(f"#{heading}\n{text.strip()}" for heading, text in parts.items())
