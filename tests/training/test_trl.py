"""Environments for TRL: what its trainer finds in them, and what their rewards mean. TRL itself is not needed here."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.training.conversation import ENDED
from genopt_gym.training.trl import environment, rows
from genopt_gym.wrappers import PerturbedStarts

CARTPOLE = "GenOpt/Control-CartPole-v0"
PARAMETERS: dict[str, Any] = {"validation_size": 2, "credit_horizon": 5, "max_episode_steps": 2}
BETTER = "def estimate_lean(obs):\n    return obs['pole_angle'] + {} * obs['pole_velocity']\n"
BROKEN = "def estimate_lean(obs:\n"


class FakeTrainer:
    """Finds tools, resets and asks for rewards as ``GRPOTrainer`` of TRL 1.16 does; a script stands for the model."""

    def __init__(self, factory: Callable[[], Any], group: int) -> None:
        self.factory = factory
        self.group = group
        self.pool: list[Any] = []

    def run(self, rows: list[dict[str, Any]], script: Callable[[int], list[dict[str, Any]]]) -> list[list[str]]:
        """Pages of each member of each row's group; the instances are used again in the next batch."""
        batch = [row for row in rows for _ in range(self.group)]
        self.pool += [self.factory() for _ in range(len(batch) - len(self.pool))]
        pages = [[each.reset(**row)] for each, row in zip(self.pool, batch, strict=True)]
        calls = [script(member) for member in range(len(batch))]
        for turn in range(max(map(len, calls))):  # all conversations go on side by side, turn by turn
            for each, told, made in zip(self.pool, pages, calls, strict=True):
                [tool] = self.tools(each)
                if turn < len(made):
                    told.append(tool(**made[turn]))
        return pages

    @staticmethod
    def tools(instance: Any) -> list[Callable[..., str]]:
        members = inspect.getmembers(type(instance), predicate=inspect.isfunction)
        names = [name for name, _ in members if name not in ("reset", "get_reward") and not name.startswith("_")]
        return [getattr(instance, name) for name in names]

    @property
    def rewards(self) -> list[float]:
        return [each.get_reward() for each in self.pool]


def call(text: str, component: str = "estimate_lean") -> dict[str, Any]:
    return {"component": component, "text": text}


def replayed(seed: int, edits: list[dict[str, Any]], spread: float) -> tuple[str, float]:
    """Starting artifact and summed rewards of the same edits through ``gym.make``."""
    env = PerturbedStarts(gym.make(CARTPOLE, start="modular/parametric", **PARAMETERS), spread)
    observation, _ = env.reset(seed=seed)
    earned = 0.0
    for edit in edits:
        _, reward, terminated, _, _ = env.step({edit["component"]: edit["text"]})
        earned += float(reward)
        if terminated:
            break
    return observation["artifact"]["estimate_lean"], earned


@pytest.mark.slow
def test_sixteen_environments_earn_what_the_same_edits_earn_through_make() -> None:
    def script(member: int) -> list[dict[str, Any]]:
        return [call(BETTER.format(0.1 * (member % 4))), call(BROKEN if member % 2 else BETTER.format(0.2))]

    trainer = FakeTrainer(environment(CARTPOLE, start="modular/parametric", spread=0.5, **PARAMETERS), group=4)
    for seeds in (range(4), range(4, 8)):
        pages = trainer.run(rows(seeds), script)
        assert len(trainer.pool) == 16
        for number, seed in enumerate(seeds):
            group = range(4 * number, 4 * number + 4)
            assert len({pages[member][0] for member in group}) == 1, "a group shares start and instances"
            for member in group:
                start, reward = replayed(seed, script(member), 0.5)
                assert start.strip() in pages[member][0]
                assert trainer.rewards[member] == reward
        assert len(set(trainer.rewards)) > 2
        assert len({told[0] for told in pages}) == 4, "other seeds have other starts"


def test_what_a_model_is_told_of_the_only_tool() -> None:
    [tool] = FakeTrainer.tools(environment(CARTPOLE)())
    assert tool.__name__ == "edit"
    assert list(inspect.signature(tool).parameters) == ["component", "text"]
    assert inspect.get_annotations(tool, eval_str=True) == {"component": str, "text": str, "return": str}
    assert re.search(r"Args:\n\s+component: .+\n\s+text: .+\n", tool.__doc__ or "")


def test_later_pages_tell_only_what_changed() -> None:
    run = environment(CARTPOLE, start="modular/naive", **PARAMETERS)()
    first = run.reset(seed=0)
    second, third = run.edit(**call(BETTER.format(0.01))), run.edit(**call(BROKEN))
    assert [line for line in first.splitlines() if re.match("#[A-Z]", line)] == [
        "#Problem", "#Artifact", "#Trace", "#Feedback", "#Score", "#Your edit",
    ]  # fmt: skip
    assert re.findall("^#[A-Z].*", second, re.M) == ["#Trace", "#Feedback", "#Score"]
    assert re.findall("^#[A-Z].*", third, re.M) == ["#Feedback", "#Score", "#End"]
    assert "syntax_error" in third
    assert "pole_velocity'] +" not in second, "the model has written the edit itself"
    assert len(second) < len(first) / 2


def test_every_call_is_a_scored_step_and_none_after_the_end() -> None:
    run = environment(CARTPOLE, **PARAMETERS)()
    run.reset(seed=0)
    assert "unparsable" in run.edit(component=3, text=["x"])  # type: ignore[arg-type]
    assert "no component" in run.edit("nobody", "def nobody(): pass")
    assert run.edit(**call(BETTER.format(1))) == ENDED
    assert run.get_reward() == 0
    run.reset(seed=0)
    run.edit(**call(BETTER.format(1)))
    assert run.get_reward() > 0


@pytest.mark.parametrize("seed", [-1, 0.5, True, "7"])
def test_a_seed_is_a_whole_number_from_zero(seed: Any) -> None:
    with pytest.raises(UserError, match="seed must be a whole number from 0, got"):
        rows([seed])
    with pytest.raises(UserError, match="seed must be a whole number from 0, got"):
        environment(CARTPOLE)().reset(seed=seed)


def test_a_row_without_a_seed_is_refused() -> None:
    with pytest.raises(UserError, match="a row needs a seed, so that a group shares its start"):
        environment(CARTPOLE)().reset(prompt="Improve it.")


def test_a_run_that_is_longer_than_the_conversation_is_refused_before_any_training() -> None:
    with pytest.raises(UserError, match=r"a run of .*CartPole-v0 has 20 edits of about .* tokens each") as refusal:
        environment(CARTPOLE, max_episode_steps=20, max_completion_length=4096)
    assert "\n" not in str(refusal.value)
    fitting = re.search(r"pass max_episode_steps=(\d+),", str(refusal.value))
    assert fitting
    environment(CARTPOLE, max_episode_steps=int(fitting[1]), max_completion_length=4096)


def test_wrong_parameters_are_told_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match="credit_horizon"):
        environment(CARTPOLE, credit_horizn=3)
    with pytest.raises(UserError, match="spread must be a number from 0"):
        environment(CARTPOLE, spread=-1)


def test_trl_is_not_imported() -> None:
    code = "import sys, genopt_gym.training.trl; assert not {'trl', 'torch', 'datasets', 'litellm'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
