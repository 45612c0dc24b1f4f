"""Whatever the edit, a step is answered with an outcome."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from genopt_gym.core.actions import MAX_TEXT_CHARS
from genopt_gym.core.edit import EditOutcome
from genopt_gym.env import OptimizationEnv
from genopt_gym.testing.tasks.base import TaskSuite

NO_EDITS: tuple[Any, ...] = (
    *(None, True, 3, math.nan, b"bytes", [], ["a text"], {1, 2}, object()),
    *("", " ", "no edit in here", "{", "{}", '{"edit": 3}', "```python\n```", "\0", "\ud800", "def f(:"),
    *({"no such component": "text"}, {3: "text"}, {None: None}, {("a", "b"): "text"}, {"": ""}),
)
"""Actions that are no edits of any artifact."""

NO_TEXTS: tuple[Any, ...] = (
    *(None, 3, b"bytes", [], {}, "x" * (MAX_TEXT_CHARS + 1)),
    *("", "\0", "\ud800", "é漢\U0001f3ae", "(" * 500, "-" * 5000 + "1", "x = " + "9" * 5000, "return 1", "\t", "\r"),
)
"""What is no text of a component."""


class AnyEdit(TaskSuite):
    """Part of ``TaskConformance``; each method is one requirement, told in its docstring."""

    def test_no_edit_raises(self) -> None:
        """Whatever the action: an outcome, a score within the metric's bounds, an observation in its space."""
        env = self.core()
        env.reset(seed=0)
        env.action_space.seed(1)
        for action in NO_EDITS:
            *_, info = self._step(env, action)
            assert info["outcome"] in ("unparsable", "unchanged"), action
        for name in env.editable:
            for text in NO_TEXTS:
                self._step(env, {name: text})
        for _ in range(self.samples):
            self._step(env, env.action_space.sample())

    def test_no_edit_of_hypothesis_raises(self) -> None:
        """The same for edits that hypothesis makes up."""
        pytest.importorskip("hypothesis")
        from hypothesis import HealthCheck, given, settings
        from hypothesis import strategies as st

        env = self.core()
        env.reset(seed=0)
        names = st.sampled_from(env.editable) | st.text(max_size=10)
        words = st.text(max_size=60) | st.sampled_from([env.start.texts[name] for name in env.editable])
        edits = st.dictionaries(names, words | st.none() | st.integers(), max_size=3)

        @settings(
            max_examples=self.samples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(edits | words | st.builds(json.dumps, edits))
        def step(action: Any) -> None:
            self._step(env, action)

        step()

    def test_artifact_that_raises(self) -> None:
        """An exception of a component costs the lowest score; its type, message and line become evidence."""
        env = self.core()
        env.reset(seed=0)
        python = [c.name for c in env.start.components if c.kind == "python" and c.name in env.editable]
        if not python:
            pytest.skip("nothing in the artifact is code")
        name = python[0]
        text = env.start.texts[name].rstrip("\n") + "\n\nraise LookupError('found in the evidence')\n"
        observation, *_, info = self._step(env, {name: text})
        assert info["outcome"] == "runtime_error"
        assert observation["score"][0] == env.task.metric.worst
        for trial in info["trials"]:
            failure = trial["failure"]
            told = failure["component"], failure["line"], failure["type"], failure["message"]
            assert told == (name, text.count("\n"), "LookupError", "found in the evidence")
        assert "found in the evidence" in observation["feedback"] + observation["trace"]

    def _step(self, env: OptimizationEnv, action: Any) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """A step, and what holds after any step."""
        observation, reward, terminated, truncated, info = env.step(action)
        low, high = env.task.metric.bounds
        assert info["outcome"] in {*EditOutcome, *env.task.outcomes}
        assert low <= observation["score"][0] <= high
        assert low <= observation["best_score"][0] <= high
        assert (info["score"], info["best_score"]) == (observation["score"][0], observation["best_score"][0])
        assert (type(info["score"]), type(info["best_score"])) == (float, float)
        assert env.observation_space.contains(observation)
        assert math.isfinite(reward)
        assert (type(terminated), type(truncated)) == (bool, bool)
        return observation, reward, terminated, truncated, info
