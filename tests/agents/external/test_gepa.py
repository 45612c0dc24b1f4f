"""GEPA's loops and its proposal on our tasks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import pytest

from genopt_gym.agents import make_agent
from genopt_gym.runs.folder import read_artifact
from genopt_gym.testing import ModelAgentConformance
from tests.helpers.loopback import PONG, Case, LoopbackTests, run, steps
from tests.helpers.model_server import Answer

pytest.importorskip("gepa", reason="gepa is not installed")

CARTPOLE = Case(
    "GenOpt/Control-CartPole-v0",
    {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 100},
)
LOOPS = ["gepa", "gepa-anything"]


def shown(body: dict[str, Any]) -> str:
    """The text that a question of GEPA's asks to improve."""
    return str(body["messages"][-1]["content"]).split("```\n")[1]


def policy(weight: float) -> str:
    return f"def policy(obs):\n    return 1 if obs['pole_angle'] + {weight} * obs['pole_velocity'] > 0 else 0\n"


class Replies(LoopbackTests):
    def reply(self, prompt: str, number: int) -> str:
        text = prompt.split("```\n")[1]
        return f"```\n{text}# edit {number}\n```"


class TestGepa(Replies):
    agent = "gepa"


@pytest.mark.slow
class TestGepaAnything(Replies):
    agent = "gepa-anything"


@pytest.mark.slow
class TestGepaProposal(Replies):
    agent = "gepa-proposal"


@pytest.mark.slow
class TestGepaConforms(ModelAgentConformance):
    agent = "gepa"


@pytest.mark.slow
class TestGepaAnythingConforms(ModelAgentConformance):
    agent = "gepa-anything"


@pytest.mark.slow
class TestGepaProposalConforms(ModelAgentConformance):
    agent = "gepa-proposal"
    deterministic_across_seeds: ClassVar[bool] = True


@pytest.mark.parametrize("agent", ["gepa", pytest.param("gepa-anything", marks=pytest.mark.slow)])
def test_what_gains_is_built_upon_and_what_loses_is_not(tmp_path: Path, agent: str) -> None:
    weights = [0.005, -0.5, 0.015, 0.001]
    script = lambda body, number: Answer(f"```\n{policy(weights[number])}```")  # noqa: E731
    _, server = run(tmp_path / "run", CARTPOLE, agent, script, 4, {"selection": "current_best"})
    scores = [row["validation_score"] for row in steps(tmp_path / "run")]
    assert scores[2] < scores[0] < scores[1] < scores[3]
    parents = [re.findall(r"([-.\d]+) \* obs", shown(body)) for body in server.bodies]
    assert parents == [[], ["0.005"], ["0.005"], ["0.015"]]


@pytest.mark.slow
@pytest.mark.parametrize("agent", LOOPS)
def test_under_credit_no_question_tells_of_more_than_the_window(tmp_path: Path, agent: str) -> None:
    script = lambda body, number: Answer(f"```\n{policy(0.01 * number)}```")  # noqa: E731
    whole: dict[str, Any] = {"credit_horizon": 5, "trace_window": "last", "feedback_horizon": "credit", "batch_size": 2}
    _, server = run(tmp_path / "run", CARTPOLE, agent, script, 4, **whole)
    for body in server.bodies:
        question = str(body["messages"][-1]["content"])
        assert "validation/" not in question
        told = re.findall(r"^Score .*: ([\d.]+)\.$", question, re.M)
        assert told
        assert max(map(float, told)) <= 5
        assert max(map(int, re.findall(r"(\d+) of (?:up to )?[\d,]+ inner steps", question))) <= 5


@pytest.mark.slow
@pytest.mark.parametrize("agent", LOOPS)
def test_a_proposal_can_change_all_components(tmp_path: Path, agent: str) -> None:
    script = lambda body, number: Answer(f"```\n{shown(body)}# edit {number}\n```")  # noqa: E731
    _, server = run(tmp_path / "run", PONG, agent, script, 2, {"components": "all"})
    start, first, _ = (read_artifact(tmp_path / "run", row["artifact"]) for row in steps(tmp_path / "run"))
    assert [first[name] != start[name] for name in start] == [True] * len(start)
    assert server.calls == 2 * len(start)


@pytest.mark.parametrize("agent", ["gepa", "gepa-proposal", pytest.param("gepa-anything", marks=pytest.mark.slow)])
def test_reply_that_was_cut_off_is_an_unparsable_edit(tmp_path: Path, agent: str) -> None:
    script = lambda body, number: Answer(f"```\n{policy(0.1)}```" + " And so on." * 200)  # noqa: E731
    run(tmp_path / "run", CARTPOLE, agent, script, 2, {"max_tokens": 100})
    assert [row["outcome"] for row in steps(tmp_path / "run")] == ["ok", "unparsable", "unparsable"]


def test_the_proposal_takes_the_components_in_turn(tmp_path: Path) -> None:
    script = lambda body, number: Answer(f"```\n{shown(body)}# edit {number}\n```")  # noqa: E731
    _, server = run(tmp_path / "run", PONG, "gepa-proposal", script, 4)
    names = [re.findall(r"component to improve is `(\w+)`", str(body["messages"])) for body in server.bodies]
    assert names[0] == names[2] != names[1] == names[3]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"selection": "best"}, "selection is one of pareto, current_best, epsilon_greedy, top_k_pareto, not 'best'"),
        ({"components": "some"}, "components is one of round_robin, all, not 'some'"),
        ({"minibatch": 0}, "minibatch must be a whole number from 1, got 0"),
    ],
)
def test_option_that_makes_no_sense_is_told(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make_agent("gepa", {"model": "openai/test", **options})
