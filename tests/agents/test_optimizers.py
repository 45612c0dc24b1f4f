"""The agents do what they are for: on a cheap task, within few edits, they find something better."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.agents import Agent, Problem, make_agent
from genopt_gym.core.errors import UserError
from genopt_gym.core.literals import find_literals
from genopt_gym.core.spaces import Edits
from genopt_gym.envs.control.cart_pole import CartPole
from tests.helpers.driving import CARTPOLE, drive

PARAMETRIC: dict[str, Any] = {"start": "one_function/parametric", "credit_horizon": 10, "validation_size": 4}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("agent", ["cma-es", "hill-climbing"])
def test_pole_stays_up_five_times_as_long_after_sixty_edits(agent: str, seed: int) -> None:
    env = drive(agent, 60, seed=seed, **PARAMETRIC)
    assert env.history[0][1] == 20
    assert env.best[1] > 100


@pytest.mark.parametrize("agent", ["cma-es", "hill-climbing"])
def test_less_is_better_where_the_metric_says_so(agent: str) -> None:
    options = {"smallest": 0.5} if agent == "cma-es" else {}
    env = drive(agent, 30, "tests.helpers.toys:Toy/Numbers-v0", options=options)
    assert env.history[0][1] > 5
    assert env.best[1] < 1


def test_cma_es_searches_in_units_of_the_numbers_own_size() -> None:
    env = drive("cma-es", 12, "tests.helpers.toys:Toy/Numbers-v0", options={"sigma": 0.5})
    assert len({outcome for outcome, *_ in env.history}) == 1


def test_cma_es_needs_numbers() -> None:
    with pytest.raises(UserError, match="needs numbers to search"):
        drive("cma-es", 2, CARTPOLE, **{**PARAMETRIC, "start": "modular/naive", "editable": ["estimate_lean"]})


def begun(agent: str) -> tuple[Agent, str]:
    """An agent at the start of a run, and the text of the starting artifact."""
    artifact = CartPole().starting_artifact("one_function/parametric")
    optimizer = make_agent(agent)
    first = {"artifact": dict(artifact.texts), "score": [30.0]}
    optimizer.reset(first, Problem(Edits(artifact.texts, 1000), CartPole.metric, None, 0))
    return optimizer, artifact.texts["policy"]


def numbers_moved(a: str, b: str) -> int:
    return sum(x.value != y.value for x, y in zip(find_literals(a), find_literals(b), strict=True))


def test_random_edits_always_start_from_the_start() -> None:
    """A control learns nothing: however many edits it makes, it is one mutation away."""
    agent, start = begun("random")
    for _ in range(50):
        edit: Any = agent.act({})
        assert numbers_moved(start, edit["policy"]) <= 3
        agent.observe({"score": [500.0]}, 1.0, {})


def test_hill_climbing_mutates_the_best_so_far() -> None:
    agent, best = begun("hill-climbing")
    left = 0
    for score in (29.0, 10.0, 30.0, 31.0, 0.0, 40.0, 39.0, 41.0):
        edit: Any = agent.act({})
        assert numbers_moved(best, edit["policy"]) <= 3
        agent.observe({"score": [score]}, 0.0, {})
        if score in (30.0, 31.0, 40.0, 41.0):
            best = edit["policy"]
            left += 1
    assert left == 4


# --- scripted


def test_scripted_plays_its_edits_and_then_none(tmp_path: Path) -> None:
    edits: list[Any] = [{"policy": "def policy(obs): return 0"}, "no edit", {}]
    file = tmp_path / "edits.json"
    file.write_text(json.dumps(edits), encoding="utf-8")
    for given in (edits, str(file)):
        env = drive("scripted", 5, options={"edits": given}, **PARAMETRIC)
        outcomes = [outcome for outcome, *_ in env.history]
        assert outcomes == ["ok", "ok", "unparsable", "unchanged", "unchanged", "unchanged"]


@pytest.mark.parametrize("edits", [[3], {"policy": "text"}, [["policy"]]])
def test_scripted_refuses_what_is_no_list_of_edits(edits: Any) -> None:
    with pytest.raises(ValueError, match="edits must be a list of strings or of"):
        make_agent("scripted", {"edits": edits})
