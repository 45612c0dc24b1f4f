"""What Gymnasium asks of an environment."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from genopt_gym.making import optimization_env
from genopt_gym.testing.tasks.base import TaskSuite
from genopt_gym.testing.transcript import digest, helpers, helpers_since, still_running


class GymnasiumContract(TaskSuite):
    """Part of ``TaskConformance``; each method is one requirement, told in its docstring."""

    def test_check_env(self) -> None:
        """Gymnasium's own checker has nothing against the environment."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_env(self.core())

    def test_check_env_of_the_wrapped(self) -> None:
        """All that the checker says of what ``gym.make`` gives is that it is wrapped."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            check_env(self.make(), skip_render_check=True)
        assert all("different from the unwrapped version" in str(warning.message) for warning in caught)

    def test_spec_is_json(self) -> None:
        """``spec.to_json()`` holds all that it takes to make an environment with the same first observation."""
        env = self.make()
        assert env.spec is not None
        twin = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
        assert twin.spec is not None
        assert twin.spec.kwargs == env.spec.kwargs
        if self.is_deterministic(env):
            assert digest(twin.reset(seed=3)) == digest(env.reset(seed=3))

    @pytest.mark.parametrize("mode", ["sync", "async", "vector_entry_point"])
    def test_vector_env(self, mode: Literal["sync", "async", "vector_entry_point"]) -> None:
        """In a vector environment each of two says what it says alone, whatever letters are in it."""
        singles = [self.make(), self.make()]
        if mode == "vector_entry_point" and getattr(singles[0].spec, "vector_entry_point", None) is None:
            pytest.skip("registered without a vector entry point")
        before = helpers()
        vector: Any = gym.make_vec(self.id, num_envs=2, vectorization_mode=mode, **self.parameters)
        edits = [_with_other_letters(env) for env in singles]
        try:
            first, _ = vector.reset(seed=[5, 6])
            second, rewards, terminated, truncated, infos = vector.step(tuple(edits))
            started = helpers_since(before)
        finally:
            vector.close()
        for number, (env, edit) in enumerate(zip(singles, edits, strict=True)):
            assert all(text.isascii() is False for text in edit.values())
            alone, _ = env.reset(seed=5 + number)
            if not self.is_deterministic(env):
                continue
            assert digest(_one_of(first, number)) == digest(alone)
            alone, reward, *ends, info = env.step(edit)
            assert digest(_one_of(second, number)) == digest(alone)
            assert [rewards[number], terminated[number], truncated[number]] == [reward, *ends]
            assert infos["outcome"][number] == info["outcome"]
        if mode == "async":
            assert started
            assert still_running(started) == 0

    def test_render(self) -> None:
        """The loop can be printed, a line per step, and drawn."""
        edits = self.edits()[:2]
        for mode in ("ansi", "rgb_array"):
            env = self.make(render_mode=mode)
            env.reset(seed=0)
            for edit in edits:
                env.step(edit)
            picture: Any = env.render()
            if mode == "ansi":
                assert len(picture.splitlines()) >= 1 + len(edits)
            else:
                assert picture.dtype == np.uint8
                assert picture.ndim == 3
                assert picture.shape[2] == 3


def _with_other_letters(env: gym.Env[Any, Any]) -> dict[str, str]:
    """The starting texts with an end that is not ASCII."""
    core = optimization_env(env)
    marks = {c.name: "\n# é漢\U0001f3ae\n" if c.kind == "python" else " é漢\U0001f3ae" for c in core.start.components}
    return {name: core.start.texts[name] + marks[name] for name in core.editable}


def _one_of(batched: Any, number: int) -> Any:
    """One environment's observation out of a vector environment's."""
    if isinstance(batched, Mapping):
        return {key: _one_of(value, number) for key, value in batched.items()}
    assert isinstance(batched, Sequence | np.ndarray)
    return batched[number]
