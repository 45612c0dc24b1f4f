"""The loop's own choices as actions: how much evidence the next step shows, and what that costs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from genopt_gym.core.checks import number, whole_number
from genopt_gym.core.edit import EditOutcome, UnusableReply
from genopt_gym.core.spaces import Edits, Unicode
from genopt_gym.making import optimization_env

LINES: Final = {"credit_horizon": "HORIZON", "trace_window": "WINDOW", "batch_size": "BATCH"}
"""What may be chosen, and how a reply says it."""
COSTS: Final = ("inner_steps", "characters")
SAID = re.compile(rf"^[ \t]*({'|'.join(LINES.values())})[ \t]*:[ \t]*(\S+)[ \t]*$\n?", re.M)
ALL = "all"
"""How a reply names the horizon ``None``."""


class ContextControl(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """An action is an edit and what the evidence of its step is to be: horizon, window, batch size.

    Around an ``OptimizationEnv`` the action is a mapping: ``edit``, and for each choice that is offered the place of
    the value in its list; one that is left out stays as it was. Around ``TextEdits`` it is a reply, in which lines such
    as ``HORIZON: 40``, ``WINDOW: last`` or ``BATCH: 4``, outside of fenced blocks, are the choices; the page tells of
    them. A value that is not offered makes the reply an ``unparsable`` edit.

    What a step shows has a cost: the inner steps that its train trials were run for, and the characters of the trace
    (of the whole page around ``TextEdits``). The environment's own budget of inner steps is charged as ever, with
    validation in it. ``info["context"]`` has the choice, ``cost`` and ``spent``, and ``score``, the observed score on
    the normalised scale of what is shown.

    Args:
        env: an ``OptimizationEnv``, or ``TextEdits`` around one.
        credit_horizon: values that may be chosen; ``None`` among them is all inner steps.
        trace_window: windows that may be chosen.
        batch_size: batch sizes that may be chosen.
        budget: ``inner_steps`` and ``characters``, each optional: what a run's evidence may cost. An edit whose trials
            might take more inner steps than are left is not run (``budget_spent``), and ends the run; a budget of
            characters ends it at the step that reaches it.
        weights: by the same names, what an inner step or a character takes off the reward.

    Raises:
        ValueError: nothing is offered, a value is not allowed, or ``env`` takes no edits.

    >>> env = gym.make("GenOpt/Control-CartPole-v0", trace_window="first")
    >>> env = ContextControl(env, credit_horizon=[1, 40], weights={"inner_steps": 0.25})
    >>> _ = env.reset(seed=0)
    >>> _, reward, _, _, info = env.step({"edit": {}, "credit_horizon": 0})
    >>> info["context"]["credit_horizon"], info["context"]["cost"]["inner_steps"], reward
    (1, 1, -0.25)
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        credit_horizon: Sequence[int | None] = (),
        trace_window: Sequence[str] = (),
        batch_size: Sequence[int] = (),
        budget: Mapping[str, int] | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        given: dict[str, Sequence[Any]] = dict(zip(LINES, (credit_horizon, trace_window, batch_size), strict=True))
        self.choices = {name: list(values) for name, values in given.items() if values}
        self._budget = {name: whole_number(f"a budget of {name}", each, 1) for name, each in (budget or {}).items()}
        self._weights = {name: number(f"the weight of {name}", each, 0) for name, each in (weights or {}).items()}
        recorded: dict[str, Any] = {**self.choices, "budget": dict(self._budget), "weights": dict(self._weights)}
        gym.utils.RecordConstructorArgs.__init__(self, **recorded)
        super().__init__(env)
        self._core = optimization_env(env)
        self._check()
        self._as_text = isinstance(env.action_space, Unicode)
        if isinstance(env.action_space, Unicode):
            assert isinstance(env.observation_space, Unicode)
            room = len(self._words({name: values[0] for name, values in self.choices.items()})) + 100
            self.observation_space = Unicode(env.observation_space.max_length + room)
            self.action_space = Unicode(env.action_space.max_length + room)
        elif isinstance(env.action_space, Edits):
            offered = {name: spaces.Discrete(len(values)) for name, values in self.choices.items()}
            self.action_space = spaces.Dict({"edit": env.action_space, **offered})
        else:
            raise ValueError(f"this wrapper is for environments whose actions are edits or replies, not for {env}")

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin a run; its first evidence is what the environment was made with."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._spent = dict.fromkeys(COSTS, 0)
        return self._told(observation, info, charged=True)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Make the edit and show what was chosen; ValueError for a choice that is none of its space."""
        chosen, edit = self._read_reply(action) if isinstance(action, str) else self._read(action)
        self._core.set_view(**chosen)
        if self._left("inner_steps") < self._most_steps():
            return self._refused()
        observation, reward, terminated, truncated, info = self.env.step(edit)
        observation, info = self._told(observation, info, charged=True)
        cost = info["context"]["cost"]
        reward = float(reward) - sum(weight * cost[name] for name, weight in self._weights.items())
        spent = [name for name in COSTS if self._left(name) <= 0]
        if spent and not terminated and not truncated:
            truncated, info["truncated_by"] = True, f"budget of {spent[0]}"
        return observation, reward, terminated, truncated, info

    def _check(self) -> None:
        if not self.choices:
            raise ValueError(f"offer something to choose: lists of {', '.join(LINES)}")
        for name in {*self._budget, *self._weights} - {*COSTS}:
            raise ValueError(f"evidence costs {' and '.join(COSTS)}, not {name!r}")
        for name, values in self.choices.items():
            if len({*map(str, values)}) < len(values):
                raise ValueError(f"{name} offers a value twice: {values}")
            for value in values:
                dataclasses.replace(self._core.parameters, **{name: value})

    def _read(self, action: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        chosen = {}
        for name, values in self.choices.items():
            if name in action:
                place = action[name]
                if not isinstance(place, int | np.integer) or not 0 <= place < len(values):
                    raise ValueError(f"{name} is a whole number from 0 to {len(values) - 1}, not {place!r}")
                chosen[name] = values[int(place)]
        return chosen, action.get("edit", {})

    def _read_reply(self, reply: str) -> tuple[dict[str, Any], Any]:
        """The choices in the lines outside of fenced blocks, and the reply without these lines."""
        chosen: dict[str, Any] = {}
        if isinstance(reply, UnusableReply):
            return chosen, reply
        parts = reply.split("```")
        names = {line: name for name, line in LINES.items()}
        for found in (found for part in parts[::2] for found in SAID.finditer(part)):
            name = names[found[1]]
            offered = {_named(value): value for value in self.choices.get(name, ())}
            if found[2] not in offered:
                known = ", ".join(offered) or "nothing: it is fixed"
                return {}, UnusableReply(f"{found[1]}: {found[2]} is not among what may be chosen: {known}.")
            chosen[name] = offered[found[2]]
        return chosen, "```".join(SAID.sub("", part) if i % 2 == 0 else part for i, part in enumerate(parts))

    def _told(self, observation: Any, info: dict[str, Any], charged: bool) -> tuple[Any, dict[str, Any]]:
        """Observation and info with what the evidence has cost."""
        core = self._core
        now = {name: getattr(core.parameters, name) for name in LINES}
        if self._as_text:
            observation = f"{observation}\n\n#Evidence\n{self._words(now)}"
        shown = observation if self._as_text else observation["trace"]
        cost = {"inner_steps": sum(trial["steps"] for trial in info["trials"]), "characters": len(shown)}
        if charged:
            self._spent = {name: spent + cost[name] for name, spent in self._spent.items()}
            self._last = observation, info
        score = core.metric.normalise(core.last.score)
        return observation, info | {"context": {**now, "cost": cost, "spent": dict(self._spent), "score": score}}

    def _refused(self) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """An edit that is not run, since its trials might cost more than is left."""
        observation, info = self._last
        info = info | {"outcome": str(EditOutcome.BUDGET_SPENT), "accepted": False, "trials": []}
        info["truncated_by"] = "budget of inner_steps"
        info["context"] = {name: getattr(self._core.parameters, name) for name in LINES}
        score = self._core.metric.normalise(self._core.last.score)
        info["context"] |= {"cost": dict.fromkeys(COSTS, 0), "spent": dict(self._spent), "score": score}
        return observation, 0.0, False, True, info

    def _left(self, name: str) -> float:
        return self._budget.get(name, np.inf) - self._spent[name]

    def _most_steps(self) -> int:
        """Inner steps that the next train batch can take at most."""
        parameters, most = self._core.parameters, self._core.task.max_inner_steps
        return parameters.batch_size * min(parameters.view.step_limit or most, most)

    def _words(self, now: Mapping[str, Any]) -> str:
        lines = ["What the next step shows is your choice too: write a line of this form before your edit."]
        for name, values in self.choices.items():
            offered = " or ".join(f"{LINES[name]}: {_named(value)}" for value in values)
            lines.append(f"{offered} (now {_named(now[name])})")
        if self._budget:
            spent = getattr(self, "_spent", dict.fromkeys(COSTS, 0))
            left = (f"{limit - spent[name]:,} of {limit:,} {_what(name)}" for name, limit in self._budget.items())
            lines.append(f"Left for evidence: {', '.join(left)}.")
        return "\n".join(lines)


def _named(value: Any) -> str:
    return ALL if value is None else str(value)


def _what(name: str) -> str:
    return name.replace("_", " ")
