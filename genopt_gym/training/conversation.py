"""A run as a conversation: the first page tells everything, those after it only what a step has changed."""

from __future__ import annotations

from collections.abc import Mapping

from genopt_gym.observation import Observation

ENDED = "The run has ended: no further edit counts."


class Conversation:
    """Pages of one run, for a model that still sees those before, and what it wrote itself.

    Args:
        asked: how to answer; the first page ends with it.

    >>> import gymnasium as gym
    >>> env = gym.make("GenOpt/Control-CartPole-v0", credit_horizon=2)
    >>> conversation = Conversation("Call edit.")
    >>> page = conversation.first(env.reset(seed=0)[0])
    >>> edit = {"estimate_lean": "def estimate_lean(obs): return obs['pole_velocity']"}
    >>> later = conversation.next(env.step(edit)[0], edit)
    >>> "Write a policy" in page, "Write a policy" in later, len(later) < len(page) / 3
    (True, False, True)
    """

    def __init__(self, asked: str) -> None:
        self._asked = asked

    def first(self, observation: Observation) -> str:
        """All that ``reset`` showed."""
        self._shown = observation
        return _page(
            {
                "Problem": observation["context"],
                "Artifact": _components(observation["artifact"]),
                "Trace": observation["trace"],
                "Feedback": observation["feedback"],
                "Score": _scores(observation),
                "Your edit": self._asked,
            }
        )

    def next(self, observation: Observation, edit: Mapping[str, str], ended: bool = False) -> str:
        """What a step changed: words, scores, the trace if there is a new one.

        Of the artifact only what is neither as it was nor as the edit has it; feedback says which of the two it is.

        Args:
            observation: of the step.
            edit: as the model wrote it.
            ended: whether this was the run's last step.
        """
        before, self._shown = self._shown, observation
        known = {(name, text) for texts in (before["artifact"], edit) for name, text in texts.items()}
        new = {name: text for name, text in observation["artifact"].items() if (name, text) not in known}
        return _page(
            {
                "Artifact": _components(new),
                "Trace": "" if observation["trace"] == before["trace"] else observation["trace"],
                "Feedback": observation["feedback"],
                "Score": _scores(observation),
                "End": ENDED if ended else "",
            }
        )


def _page(parts: Mapping[str, str]) -> str:
    return "\n\n".join(f"#{heading}\n{text.strip()}" for heading, text in parts.items() if text.strip())


def _components(texts: Mapping[str, str]) -> str:
    return "\n\n".join(f"##{name}\n{text.strip()}" for name, text in texts.items())


def _scores(observation: Observation) -> str:
    score, best = (float(observation[name][0]) for name in ("score", "best_score"))
    return f"{score:.5g} (best so far: {best:.5g})"
