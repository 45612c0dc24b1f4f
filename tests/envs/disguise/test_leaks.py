"""Nothing that an optimizer or its program sees of a disguised task names what the task is about."""

from __future__ import annotations

import json
import re
from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.core.task import TaskSpec
from genopt_gym.env import OptimizationEnv
from genopt_gym.envs.rollout import RolloutTask
from genopt_gym.limit_words import limit_words
from genopt_gym.making import optimization_env
from genopt_gym.registration import TABLE
from tests.helpers import tables
from tests.helpers.extras import or_skipped, skip_without_extra

FAMILIES = ("/Atari-", "/Control-", "/Tabular-", "/MLAgentBench-HousePrice", "/MLAgentBench-SpaceshipTitanic")
IDS = [row.id for row in TABLE if any(family in row.id for family in FAMILIES)]
QUICK = {"GenOpt/Atari-Seaquest-v0", "GenOpt/Control-Acrobot-v0", "GenOpt/Tabular-Friedman-v0"}
"""One of each kind in every run of the tests; all of them, and longer, in the slow ones."""
COMMON = {
    # Words that say nothing of a task: of the loop, of the contracts, of Python.
    *[
        "x",
        "y",
        "w",
        "h",
        "dx",
        "dy",
        "row",
        "col",
        "left",
        "action",
        "reward",
        "policy",
        "obs",
        "look",
        "plain",
        "coded",
        "select",
        "features",
        "train",
        "model",
        "predict",
    ],
    *["number", "numbers", "score", "points", "steps", "step", "present", "start", "list", "none", "day"],
}
"""Names of a game that a neutral text may have for reasons of its own."""


def parameters(id: str, steps: int = 40) -> dict[str, Any]:
    if "/Atari-" in id:
        return {"max_steps": max(120, steps), "validation_size": 1, "credit_horizon": steps}
    if "/Control-" in id:
        return {"validation_size": 1, "credit_horizon": steps}
    return {"data_dir": str(tables.folder())} if "/MLAgentBench-" in id else {}


def original_words(id: str) -> set[str]:
    """Names of the undisguised task's observations, components and columns, and of the task itself."""
    env = optimization_env(gym.make(id, **parameters(id)))
    task = env.task
    words = set(re.findall(r"[A-Z]?[a-z]+", id.partition("-")[2]))
    if isinstance(task, RolloutTask):
        words |= {run for name in task.vocabulary() for run in re.findall(r"[A-Za-z_]+", name)}
        words |= {c.name for structure in task.structures.values() for c in structure.components}
    else:
        loaded: Any = TaskSpec(env.evaluator.spec.entry, dict(env.evaluator.spec.arguments)).make()
        words |= set(map(str, loaded.load_table()[0].columns))
        words |= {"digit", "house", "price", "passenger", "transported", "dollar", "spaceship", "friedman"}
    words |= {"Atari", "Pong", "paddle", "screen", "pixel", "metre", "radian", "game", "pole", "cannon", "lander"}
    return {word for word in words if word.lower() not in COMMON and len(word) > 2}


def told(env: OptimizationEnv, observation: dict[str, Any], info: dict[str, Any]) -> str:
    seen = [observation["context"], *observation["artifact"].values(), observation["trace"], observation["feedback"]]
    return "\n".join([*seen, json.dumps(info, default=str)])


PRYING = """\
def {name}({parameters}):
    raise ValueError(repr({first}))
"""


def prying_edits(env: OptimizationEnv) -> list[dict[str, str]]:
    """Programs that tell in an error message what they were given."""
    edits = []
    for component in env.start.components:
        inside = component.signature.partition("(")[2].rpartition(")")[0]
        names = [re.split(r"[:=]", part)[0].strip() for part in inside.split(",") if part.strip()]
        if names:
            text = PRYING.format(name=component.name, parameters=", ".join(names), first=names[0])
            edits.append({component.name: text})
    return edits


def starts(id: str) -> list[str]:
    return optimization_env(gym.make(id, disguise=1, **parameters(id))).task.starts()


def check(id: str, disguise: int, garbage: int, **facts: Any) -> None:
    words = original_words(id)
    facts = {"feedback": ["score", "metrics", "staged", "progress"], **parameters(id), **facts}
    env = optimization_env(gym.make(id, disguise=disguise, **facts))
    texts = [told(env, *env.reset(seed=0))]
    env.action_space.seed(disguise)
    edits: list[Any] = [*prying_edits(env), {}, "nonsense", {"no component": ""}]
    edits += [env.action_space.sample() for _ in range(garbage)]
    for edit in edits:
        observation, _, _, _, info = env.step(edit)
        texts.append(told(env, observation, info))
    found = {
        word for word in words for text in texts if re.search(rf"(?<![A-Za-z]){re.escape(word)}(?![a-z])", text, re.I)
    }
    assert not found
    assert str(env.task.metric.high) not in texts[0] or "from" not in texts[0].partition("The score is")[2][:80]


@pytest.mark.parametrize("id", or_skipped(id for id in IDS if id in QUICK))
def test_nothing_tells_what_the_task_is(id: str) -> None:
    check(id, 1, garbage=3)


@pytest.mark.slow
@pytest.mark.parametrize("disguise", [0, 2, 17])
@pytest.mark.parametrize("id", or_skipped(IDS))
@pytest.mark.timeout(3600)
def test_nothing_tells_it_in_two_hundred_steps_and_two_hundred_garbage_edits(id: str, disguise: int) -> None:
    check(id, disguise, garbage=200, **parameters(id, steps=200))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("id", IDS)
def test_no_start_tells_it(id: str) -> None:
    for start in starts(id):
        check(id, 3, garbage=1, start=start)


@pytest.mark.parametrize("id", IDS)
def test_no_number_that_describes_the_task_is_told(id: str) -> None:
    """Sizes of screens, places of paddles, limits of angles: what undisguised texts tell stands in no disguised one."""
    plain, hidden = (optimization_env(gym.make(id, disguise=number, **parameters(id))) for number in (None, 1))
    limits = limit_words(plain.task, plain.start, all_editable=True, tells_score=True)
    told = numbers(plain.context) - numbers(hidden.task.returns()) - numbers(limits)
    if isinstance(hidden.task, RolloutTask):
        told -= {f"{hidden.task.max_inner_steps}"}
    assert not told & numbers(hidden.context + hidden.start.source)


def numbers(text: str) -> set[str]:
    """Numbers of two digits and more: of smaller ones every text has some."""
    return {each for each in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)", text.replace(",", "")) if len(each) > 1}


@pytest.mark.parametrize("number", [-1, 1.5, True, "one"])
def test_a_number_that_is_no_disguise_is_refused(number: Any) -> None:
    with pytest.raises(ValueError, match="disguise must be None or a whole number from 0"):
        gym.make("GenOpt/Control-CartPole-v0", disguise=number)


@skip_without_extra("GenOpt/Reasoning-LegCounting-v0")
def test_a_task_without_a_disguise_says_so() -> None:
    with pytest.raises(ValueError, match="has none"):
        gym.make("GenOpt/Reasoning-LegCounting-v0", disguise=1)
