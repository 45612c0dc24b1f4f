"""Agents that ask a model, against a real server on loopback with prepared replies."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from genopt_gym.agents import make_agent
from genopt_gym.agents.memory import as_diff
from genopt_gym.agents.model_agent import estimate
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.runs.result import Result
from genopt_gym.testing import AgentConformance
from tests.helpers.model_server import Answer, Fault, ModelServer

PROPOSERS = ["proposer", "opro", "evolution", "best-of-n"]
PONG, CARTPOLE = "GenOpt/Atari-Pong-v0", "GenOpt/Control-CartPole-v0"
SMALL = {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 5}


def policy(weight: float) -> str:
    return f"def policy(obs):\n    return 1 if obs['pole_angle'] + {weight} * obs['pole_velocity'] > 0 else 0\n"


def fenced(weight: float) -> str:
    return f"React to how it turns.\n```python policy\n{policy(weight)}```\n"


def by_number(body: dict[str, Any], number: int) -> Answer:
    return Answer(fenced(-0.01 * number))


def run(
    folder: Path,
    script: Callable[[dict[str, Any], int], Answer] | None,
    agent: str = "proposer",
    id: str = CARTPOLE,
    edits: int = 4,
    options: dict[str, Any] | None = None,
    replay: str | None = None,
    **parameters: Any,
) -> tuple[Result, ModelServer]:
    """A run whose model is a server with that script; without one, at an address where nobody listens."""
    with ModelServer(script or by_number) as server:
        url = server.base_url
        if script is None:
            server.close()
        options = {"model": "openai/test", "base_url": url, "max_tokens": 500} | (options or {})
        config = Config(id, agent, edits=edits, parameters=SMALL | parameters, agent_options=options, replay=replay)
        return start_run(config, folder), server


def steps(folder: Path) -> list[dict[str, Any]]:
    return read_journal(folder / "steps.jsonl")[0]


def sections(question: str) -> list[str]:
    return [line for line in question.splitlines() if line.startswith("#")]


@pytest.mark.parametrize("agent", PROPOSERS)
@pytest.mark.parametrize("requirement", [name for name in dir(AgentConformance) if name.startswith("test_")])
def test_proposers_meet_the_public_suite(agent: str, requirement: str) -> None:
    """Against a model whose reply hangs on the prompt alone, so that nothing but the agent can differ."""
    chosen = agent
    own = {"islands": 1, "crossover": 0.5} if agent == "evolution" else {}  # its seed chooses among parents

    def script(body: dict[str, Any], number: int) -> Answer:
        return Answer(fenced(-(zlib.crc32(json.dumps(body["messages"]).encode()) % 997) / 1000))  # never solves it

    with ModelServer(script) as server:

        class Suite(AgentConformance):
            agent: ClassVar[str] = chosen
            options: ClassVar = {"model": "openai/test", "base_url": server.base_url, "max_tokens": 500, **own}
            parameters: ClassVar = {"start": "one_function/naive", "validation_size": 2, "credit_horizon": 5}
            deterministic_across_seeds = chosen != "evolution"
            reads_words = True
            steps: ClassVar[int] = 10 if own else 4

        getattr(Suite(), requirement)()
        assert server.calls or requirement == "test_metric_direction"


@pytest.mark.slow
def test_proposer_improves_pong_by_prepared_replies(tmp_path: Path) -> None:
    source = (Path(__file__).parents[2] / "benchmarks" / "policies" / "pong.py").read_text()
    predict, select = source.split("# --- select_action ---\n")
    replies = [
        f"```python predict_ball_trajectory\n{predict}```",
        json.dumps({"reasoning": "It has to steer, too.", "select_action": select}),
        "<<<<<<< SEARCH\n    target, slack, fire = 122.0\n=======\n    target, slack, fire = 110.0\n>>>>>>> REPLACE",
    ]
    result, server = run(
        tmp_path / "run", lambda body, number: Answer(replies[number]), id=PONG, edits=3, start="modular/naive"
    )
    assert [step["outcome"] for step in steps(tmp_path / "run")] == ["ok"] * 4
    assert server.calls == 3
    assert result.validation_score > result.start_score + 10
    assert result.test_score is not None
    assert result.start_test_score is not None
    assert result.test_score > result.start_test_score + 10


def test_faults_lose_no_step_and_no_token(tmp_path: Path) -> None:
    """Of ten attempts three fail, or bring something that is no edit; each kind comes up."""
    faults: list[Fault | None] = ["429", "500", "timeout", "cut", "half", "nonsense-body", "503"]
    spoiled = 0

    def script(body: dict[str, Any], number: int) -> Answer:
        nonlocal spoiled
        if number % 10 in (2, 5, 8):
            spoiled += 1
            kind = spoiled % 9
            if kind < len(faults):
                return Answer(fenced(-0.5), fault=faults[kind])
            return Answer("word " * 600) if kind == 7 else Answer("I would rather not.")
        return by_number(body, number)

    edits = 24
    result, server = run(tmp_path / "run", script, edits=edits, options={"timeout": 0.4, "max_tokens": 300})
    rows = steps(tmp_path / "run")
    assert spoiled >= 9
    assert [row["step"] for row in rows] == list(range(edits + 1))
    assert {row["outcome"] for row in rows} <= {"ok", "unchanged"}
    cost = result.models["proposer"]
    replies = [row for row in read_journal(tmp_path / "run" / "replies.jsonl")[0] if "reply" in row]
    assert cost.calls == len(replies)
    assert cost.prompt_tokens + cost.completion_tokens == sum(
        row["reply"]["prompt_tokens"] + row["reply"]["completion_tokens"] for row in replies
    )
    assert cost.prompt_tokens + cost.completion_tokens <= server.tokens <= cost.tokens


@pytest.mark.parametrize("agent", PROPOSERS)
def test_replay_with_the_server_gone_is_identical_to_the_byte(tmp_path: Path, agent: str) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    _, server = run(first, by_number, agent)
    assert server.calls
    result, _ = run(second, None, agent, replay=str(first))
    assert (second / "steps.jsonl").read_bytes() == (first / "steps.jsonl").read_bytes()
    assert json.loads((second / "result.json").read_text()) == json.loads((first / "result.json").read_text())
    assert result.models["proposer"].calls == server.calls


def test_replay_of_a_changed_prompt_is_a_clear_miss(tmp_path: Path) -> None:
    run(tmp_path / "first", by_number)
    with pytest.raises(UserError, match=r"holds no reply to this question to openai/test .* are not those that were"):
        run(tmp_path / "second", None, replay=str(tmp_path / "first"), context="goal")


def test_replay_of_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is nothing to replay"):
        run(tmp_path / "run", None, replay=str(tmp_path / "none"))


def test_interrupted_run_asks_nothing_twice(tmp_path: Path) -> None:
    """The model's server dies in the middle; the run goes on where it stopped, and pays for each reply once."""

    def script(body: dict[str, Any], number: int) -> Answer:
        return Answer(fault="401") if number == 2 else by_number(body, number)

    with ModelServer(script) as server:
        options = {"model": "openai/test", "base_url": server.base_url, "max_tokens": 500}
        config = Config(CARTPOLE, "proposer", edits=4, parameters=SMALL, agent_options=options)
        with pytest.raises(UserError, match="key"):
            start_run(config, tmp_path / "broken")
        result = resume_run(tmp_path / "broken")
        assert server.calls == 5
        assert result.models["proposer"].calls == 4
    assert len(steps(tmp_path / "broken")) == 5


def test_spent_tokens_end_the_run_in_good_order(tmp_path: Path) -> None:
    result, server = run(tmp_path / "run", by_number, "best-of-n", edits=50, budget={"tokens": 20_000})
    assert result.ended_by == "budget of tokens"
    assert server.tokens <= result.models["proposer"].tokens <= 20_000
    assert 1 < len(steps(tmp_path / "run")) < 50
    assert (tmp_path / "run" / "best.py").exists()
    assert json.loads((tmp_path / "run" / "result.json").read_text())["ended_by"] == "budget of tokens"


def test_unusable_reply_is_asked_for_once_more(tmp_path: Path) -> None:
    script = lambda body, number: Answer("No idea." if number == 0 else fenced(-0.3))  # noqa: E731
    _, server = run(tmp_path / "run", script, edits=1)
    assert server.calls == 2
    question = server.bodies[1]["messages"]
    assert question[-2]["content"] == "No idea."
    assert question[-1]["content"].startswith("No edit could be taken from your reply")
    assert steps(tmp_path / "run")[1]["outcome"] == "ok"


@pytest.mark.parametrize("agent", PROPOSERS)
def test_second_unusable_reply_is_an_unparsable_step(tmp_path: Path, agent: str) -> None:
    run(tmp_path / "run", lambda body, number: Answer("No idea."), agent, edits=2)
    assert [row["outcome"] for row in steps(tmp_path / "run")] == ["ok", "unparsable", "unparsable"]


@pytest.mark.parametrize("agent", PROPOSERS)
def test_truncated_reply_is_never_adopted(tmp_path: Path, agent: str) -> None:
    """Even though what came of it could be read as an edit."""
    long = fenced(-0.5) + "And so on. " * 300
    run(tmp_path / "run", lambda body, number: Answer(long), agent, edits=1, options={"max_tokens": 200})
    rows = steps(tmp_path / "run")
    assert [row["outcome"] for row in rows] == ["ok", "unparsable"]
    assert rows[1]["artifact"] == rows[0]["artifact"]


def test_prompt_shows_the_problem_the_evidence_and_the_last_edits(tmp_path: Path) -> None:
    _, server = run(tmp_path / "run", by_number, edits=3, options={"memory": 2})
    first, *_, last = [body["messages"][1]["content"] for body in server.bodies]
    assert sections(first) == ["#Problem", "#Variables", "#Trace", "#Feedback", "#Your edit"]
    assert "Edit 1: ok" in last
    assert "Edit 2: ok" in last
    assert f"+{policy(-0.01).splitlines()[1]}" in last
    assert "step,cart_position" in last


def test_opro_shows_the_best_artifacts_last(tmp_path: Path) -> None:
    weights = [-0.3, -1.0, -0.01, -0.2]
    _, server = run(tmp_path / "run", lambda body, number: Answer(fenced(weights[number])), "opro")
    question = server.bodies[-1]["messages"][1]["content"]
    scores = [float(line.split()[1]) for line in sections(question) if line.startswith("#Score")]
    assert len(scores) == 4
    assert scores == sorted(scores)
    assert "#Trace" not in question


def test_evolution_mutates_and_combines(tmp_path: Path) -> None:
    _, server = run(tmp_path / "run", by_number, "evolution", edits=12, options={"islands": 1, "crossover": 0.5})
    parents = [body["messages"][1]["content"].count("#Parent with score") for body in server.bodies]
    assert set(parents) == {1, 2}


@pytest.mark.parametrize(("name", "mark"), [("json", '{"NAME"'), ("patch", "SEARCH"), ("fenced", "```python NAME")])
def test_edit_format_is_asked_for(tmp_path: Path, name: str, mark: str) -> None:
    _, server = run(tmp_path / "run", by_number, edits=1, options={"edit_format": name})
    assert mark in server.bodies[0]["messages"][1]["content"]


def test_system_prompt_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "system.txt").write_text("Be bold.")
    _, server = run(tmp_path / "run", by_number, edits=1, options={"system": str(tmp_path / "system.txt")})
    assert server.bodies[0]["messages"][0] == {"role": "system", "content": "Be bold."}


@pytest.mark.filterwarnings("ignore:.*was cut to max_trace_chars")
def test_trace_gives_way_to_the_models_context(tmp_path: Path) -> None:
    """And what a step says of the steps shown is what the model saw."""
    options = {"context_tokens": 3500, "max_tokens": 500, "memory": 50}
    _, server = run(tmp_path / "run", by_number, edits=3, options=options, credit_horizon=40)
    shown = [row["horizon_shown"] for row in steps(tmp_path / "run")]
    assert all(0 < count < 40 for count in shown)
    for body, count in zip(server.bodies, shown, strict=False):
        question = body["messages"][1]["content"]
        assert estimate(question) + 500 < 3500
        assert (
            sum(line[:1].isdigit() for line in question.split("#Trace")[1].split("#Feedback")[0].splitlines()) == count
        )


def test_context_too_small_for_the_problem_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match="the context of openai/test, 800 tokens, is too small: this problem needs about"
    ):
        run(tmp_path / "run", by_number, options={"context_tokens": 800})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "agent 'proposer' needs the option 'model'"),
        ({"model": "m", "edit_format": "yaml"}, "edit_format is one of fenced, json, patch"),
        ({"model": "m", "max_tokens": 0}, "max_tokens must be a whole number from 1"),
        ({"model": "m", "temperature": -1}, "temperature must be a number from 0"),
        ({"model": "m", "timeout": 0}, "timeout must be a number above 0"),
        ({"model": "m", "temprature": 1}, "has no option 'temprature'"),
    ],
)
def test_option_that_makes_no_sense_is_told(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make_agent("proposer", options)


def test_diff_shows_only_what_changed() -> None:
    assert as_diff({"f": "a\nb\nc\n", "g": "x\n"}, {"f": "a\nB\nc\n", "g": "x\n"}) == "f:\n a\n-b\n+B\n c"
