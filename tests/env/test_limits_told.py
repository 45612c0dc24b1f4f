"""The limits that the problem context tells: they are those that hold."""

from __future__ import annotations

import re
from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.core.actions import MAX_TEXT_CHARS
from genopt_gym.env import OptimizationEnv
from genopt_gym.making import optimization_env
from tests.helpers.loops import cartpole

DISCOVERY = "GenOpt/Discovery-CirclePacking26-v0"


def of(id: str, **parameters: Any) -> OptimizationEnv:
    return optimization_env(gym.make(id, **parameters))


def outcome(env: OptimizationEnv, line: str) -> str:
    """Of an edit whose policy has this line."""
    return str(env.step({"policy": f"def policy(obs):\n    {line}\n    return 0\n"})[4]["outcome"])


def importable(env: OptimizationEnv) -> list[str]:
    [names] = re.findall(r"Importable: the standard library(.*); nothing else", env.context)
    return [name.split()[0] for name in names.split(", ") if name.strip()]


def test_what_is_told_to_be_importable_is_and_nothing_else() -> None:
    env = cartpole(validation_size=1)
    env.reset(seed=0)
    assert importable(env) == ["numpy"]
    for module in ("numpy", "sqlite3"):
        assert outcome(env, f"import {module}") == "ok"
    for module in ("scipy", "pandas", "gymnasium", "genopt_gym"):
        assert outcome(env, f"import {module}") in ("runtime_error", "forbidden")


def test_eval_and_exec_work_where_that_is_told() -> None:
    env = cartpole(validation_size=1)
    env.reset(seed=0)
    assert "`eval` and `exec` work." in env.context
    assert outcome(env, "exec('x = eval(\"1 + 1\")')") == "ok"


def test_they_are_refused_where_components_are_fixed() -> None:
    env = of("GenOpt/Control-CartPole-v0", start="modular/naive", editable=["select_action"], validation_size=1)
    env.reset(seed=0)
    assert "`eval` and `exec` are refused" in env.context
    text = "def select_action(obs, lean):\n    return eval('0')\n"
    assert env.step({"select_action": text})[4]["outcome"] == "forbidden"


def test_longest_text_is_told_and_held_to() -> None:
    env = cartpole(validation_size=1)
    env.reset(seed=0)
    assert "at most 20,000 characters" in env.context
    text = "def policy(obs):\n    return 0\n"
    assert env.step({"policy": text.ljust(MAX_TEXT_CHARS, "#")})[4]["outcome"] == "ok"
    assert env.step({"policy": text.ljust(MAX_TEXT_CHARS + 1, "#")})[4]["outcome"] == "contract_broken"


def test_parameters_change_what_is_told() -> None:
    context = of(DISCOVERY, call_seconds=3, memory_mb=512).context
    assert "A call of the workflow may take 3 seconds" in context
    assert "512 MB" in context


@pytest.mark.parametrize("context", ["full", "goal", "none"])
@pytest.mark.parametrize("documentation", ["full", "signature", "none"])
def test_limits_and_the_range_of_actions_are_told_at_every_level(context: str, documentation: str) -> None:
    told = cartpole(context=context, documentation=documentation).context
    assert "The workflow has to return an integer from 0 to 1." in told
    assert "A call of the workflow may take 1 second" in told


def test_disguise_tells_no_lowest_score() -> None:
    told = of("GenOpt/Atari-Pong-v0", disguise=3).context
    assert told.endswith("costs its trial: it gets the lowest score.")
    assert "-21" not in told
