"""OpenEvolve's loop on our tasks."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genopt_gym.agents import Problem, make_agent
from genopt_gym.agents.external.openevolve import as_components, as_program
from genopt_gym.making import optimization_env
from genopt_gym.runs.folder import read_artifact
from genopt_gym.testing import ModelAgentConformance
from tests.helpers.loopback import PONG, Case, LoopbackTests, run, steps
from tests.helpers.model_server import Answer

pytest.importorskip("openevolve", reason="openevolve is not installed")

CARTPOLE = Case(
    "GenOpt/Control-CartPole-v0",
    {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 100},
)


def policy(weight: float) -> str:
    return f"def policy(obs):\n    return 1 if obs['pole_angle'] + {weight} * obs['pole_velocity'] > 0 else 0\n"


def question(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


def shown(prompt: str) -> str:
    """The program that a question asks to improve."""
    return prompt.split("# Current Program\n```python\n")[1].split("\n```\n\n# Task")[0]


def diff(search: str, replace: str) -> str:
    return f"<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"


def starts(prompt: str) -> list[str]:
    return re.findall(r"^# EVOLVE-BLOCK-START \w+$", shown(prompt), re.M)


def whole(program: str) -> str:
    return f"```python\n{program}\n```"


class TestOpenEvolve(LoopbackTests):
    agent = "openevolve"

    def reply(self, prompt: str, number: int) -> str:
        return "".join(diff(line, f"{line}\n# edit {number}") for line in starts(prompt)[:1])


@pytest.mark.slow
class TestOpenEvolveConforms(ModelAgentConformance):
    agent = "openevolve"
    options: ClassVar[Mapping[str, Any]] = {**ModelAgentConformance.options, "islands": 1, "diffs": False}
    steps: ClassVar[int] = 6

    def reply(self, prompt: str) -> str:
        return whole(as_program({"policy": policy(-(zlib.crc32(prompt.encode()) % 997) / 1000)}))


NAMES = ["select_action", "policy", "system_prompt"]


@given(st.dictionaries(st.sampled_from(NAMES), st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_components_come_back_out_of_their_program_as_they_were(texts: dict[str, str]) -> None:
    assert as_components(as_program(texts), texts) == (texts, "")


@pytest.mark.parametrize(
    "program",
    [
        "def policy(obs):\n    return 1\n",
        as_program({"policy": "x", "other": "y"}),
        as_program({"policy": "x"}) + "\n" + as_program({"policy": "y"}),
        as_program({"policy": "x"}).removesuffix("END"),
    ],
)
def test_program_without_just_one_block_for_each_component_has_none(program: str) -> None:
    assert as_components(program, ["policy"])[0] is None


@pytest.mark.slow
def test_one_reply_changes_several_components_and_the_next_builds_upon_one(tmp_path: Path) -> None:
    def script(body: dict[str, Any], number: int) -> Answer:
        return Answer("".join(diff(line, f"{line}\n# edit {number}") for line in starts(question(body))))

    _, server = run(tmp_path / "run", PONG, "openevolve", script, 5, {"islands": 1})
    start, first = (read_artifact(tmp_path / "run", row["artifact"]) for row in steps(tmp_path / "run")[:2])
    assert first == {name: f"# edit 0\n{text}" for name, text in start.items()}
    assert shown(question(server.bodies[0])) == as_program(start)
    assert "inner steps" in question(server.bodies[0])
    assert any("# edit" in shown(question(body)) for body in server.bodies[2:])


@pytest.mark.parametrize(
    ("options", "reply", "outcome"),
    [
        ({}, diff("def policy(obs):", "def policy(obs):\n    import math"), "ok"),
        ({}, diff("def another(obs):", "def policy(obs):"), "unparsable"),
        *(
            pytest.param(options, reply, outcome, marks=pytest.mark.slow)
            for options, reply, outcome in [
                ({}, "", "unparsable"),
                ({"diffs": False}, whole(as_program({"policy": policy(0.1)})), "ok"),
                ({"diffs": False}, whole(policy(0.1)), "unparsable"),
                ({"diffs": False}, whole(as_program({"policy": policy(0.1)})) + " And so on." * 200, "unparsable"),
            ]
        ),
    ],
)
def test_reply_becomes_an_edit_or_is_unparsable(
    tmp_path: Path, options: dict[str, Any], reply: str, outcome: str
) -> None:
    script = lambda body, number: Answer(reply)  # noqa: E731
    _, server = run(tmp_path / "run", CARTPOLE, "openevolve", script, 1, {**options, "max_tokens": 100})
    assert steps(tmp_path / "run")[1]["outcome"] == outcome
    assert server.calls == 1


@pytest.mark.slow
def test_what_stands_outside_of_blocks_is_lost_and_the_model_is_told(tmp_path: Path) -> None:
    program = f"import math\n{as_program({'policy': policy(-0.5)})}"
    script = lambda body, number: Answer(whole(program))  # noqa: E731
    _, server = run(tmp_path / "run", CARTPOLE, "openevolve", script, 8, {"islands": 1, "diffs": False})
    assert read_artifact(tmp_path / "run", steps(tmp_path / "run")[1]["artifact"]) == {"policy": policy(-0.5)}
    later = [question(body) for body in server.bodies if "import math" in shown(question(body))]
    assert later
    assert all("outside of EVOLVE-BLOCKs was lost" in words for words in later)


@pytest.mark.slow
def test_a_long_run_repeats_itself(tmp_path: Path) -> None:
    """Through archive, migration and all that is drawn; so that it can be resumed."""

    def script(body: dict[str, Any], number: int) -> Answer:
        draw = zlib.crc32(question(body).encode()) % 997
        return Answer("no"[: draw % 7] if draw % 7 < 2 else whole(as_program({"policy": policy(-draw / 1000)})))

    runs = []
    for name in ("one", "two"):
        options = {"islands": 2, "diffs": False}
        _, server = run(tmp_path / name, CARTPOLE, "openevolve", script, 60, options)
        runs.append([question(body) for body in server.bodies])
    assert len(runs[0]) == 60
    assert runs[0] == runs[1]


def test_component_that_holds_the_marker_is_refused() -> None:
    env = optimization_env(gym.make(CARTPOLE.id, **CARTPOLE.parameters))
    observation, _ = env.reset(seed=0, options={"artifact": {"policy": f"# EVOLVE-BLOCK-END\n{policy(0.1)}"}})
    agent = make_agent("openevolve", {"model": "openai/test"})
    problem = Problem(env.action_space, env.task.metric, 1, 0)
    with pytest.raises(ValueError, match="openevolve cannot edit policy: its text holds EVOLVE-BLOCK"):
        agent.reset(observation, problem)


@pytest.mark.parametrize("islands", [0, 1.5])
def test_option_that_makes_no_sense_is_told(islands: float) -> None:
    with pytest.raises(ValueError, match=f"islands must be a whole number from 1, got {islands}"):
        make_agent("openevolve", {"model": "openai/test", "islands": islands})
