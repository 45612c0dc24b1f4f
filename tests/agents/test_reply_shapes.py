"""Replies in every shape, from a real server on loopback, to agents that ask a model: the edit, and the bill."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from genopt_gym.agents import make_agent
from genopt_gym.cli.running import show_result
from genopt_gym.runs.config import Config
from genopt_gym.runs.folder import read_artifact
from genopt_gym.runs.loop import start_run
from genopt_gym.runs.result import Result
from tests.agents.test_proposers import CARTPOLE, SMALL, steps
from tests.helpers.model_server import Answer, ModelServer

AGENTS = ["proposer", "opro", "evolution"]
DRAFT = "```python policy\ndef policy(obs):\n    return 'DRAFT'\n```"
CALL = {"id": "1", "type": "function", "function": {"name": "edit", "arguments": ""}}


def policy(number: int) -> str:
    """Each another one, and none that solves the task."""
    return f"def policy(obs):\n    return 1 if obs['pole_angle'] - 0.{number:03} * obs['pole_velocity'] > 0 else 0\n"


class Shape(NamedTuple):
    """What the server answers for one edit, and what must come of it; ``%s`` is the new text, ``%j`` is it as JSON."""

    answers: list[Answer]
    outcome: str = "ok"
    told: str = ""
    """Words of the second question, if there is one."""


BLOCK = "```python policy\n%s```"
OBJECT = '{"policy": %j}'
SHAPES = {
    "thoughts": Shape([Answer(f"hm <think>\n{DRAFT}\n</think>\n{BLOCK}")]),
    "thoughts whose beginning was in the prompt": Shape([Answer(f"{DRAFT}\n<<<<<<< SEARCH\n</think>\n{BLOCK}")]),
    "thoughts beside": Shape([Answer(BLOCK, message={"reasoning_content": DRAFT})]),
    "an old version after it": Shape([Answer(f"{BLOCK}\nFor reference, the old version:\n{DRAFT}")]),
    "commentary": Shape([Answer('{"thinking": "x", "policy": %j}')]),
    "an envelope": Shape([Answer('{"name": "edit", "arguments": {"policy": %j}}')]),
    "a tool call": Shape([Answer("", "tool_calls", silent=True, message={"tool_calls": [CALL]})]),
    "a variable": Shape([Answer("<variable><name>policy</name><value>\n%s</value></variable>")]),
    "a file": Shape([Answer("```policy.py\n%s```")]),
    "a wrapper": Shape([Answer(f"````markdown\n{BLOCK}\n````")]),
    "nothing": Shape([Answer("It is best as it is.\nNO EDIT")], "unchanged"),
    "an empty reply": Shape([Answer(""), Answer(BLOCK)], told="it is empty."),
    "thoughts without an answer": Shape(
        [Answer("", silent=True, message={"reasoning_content": DRAFT}), Answer(BLOCK)],
        told="thoughts came, but no text",
    ),
    "a refusal": Shape(
        [Answer("", silent=True, message={"refusal": "I will not."}), Answer(BLOCK)], told="a refusal, 'I will not.'"
    ),
    "a filter": Shape([Answer(BLOCK, "content_filter"), Answer(BLOCK)], told="content filter"),
    "thoughts that take all": Shape(
        [Answer("", "length", silent=True, message={"reasoning_content": "hm"}), Answer(BLOCK)],
        told="its thoughts took all of the 400 tokens that it may have, and no answer came. It may have 800 tokens now",
    ),
    "a reply that is too long": Shape([Answer(BLOCK + "so " * 900), Answer(BLOCK)], told="cut off after 400 tokens"),
    "an object in what was looked for": Shape(
        [Answer(f"<<<<<<< SEARCH\n{OBJECT}\n=======\nx\n>>>>>>> REPLACE")] * 2, "unparsable", told="was not found"
    ),
    "a draft alone": Shape([Answer(f"<think>\n{DRAFT}")] * 2, "unparsable", told="is thought"),
    "a reply that is not whole, twice": Shape([Answer(BLOCK, "content_filter")] * 2, "unparsable", told="filter"),
}


def filled(answer: Answer, text: str) -> Answer:
    said = answer.text.replace("%s", text).replace("%j", json.dumps(text))
    message = dict(answer.message)
    if "tool_calls" in message:
        call = {**CALL["function"], "arguments": json.dumps({"policy": text})}  # type: ignore[dict-item]
        message["tool_calls"] = [{**CALL, "function": call}]
    return Answer(said, answer.finish, message=message, silent=answer.silent)


def run(folder: Path, answers: list[Answer], agent: str, edits: int, **options: Any) -> tuple[Result, ModelServer]:
    with ModelServer(lambda body, number: answers[number]) as server:
        options = {"model": "openai/test", "base_url": server.base_url, "max_tokens": 400, **options}
        return start_run(Config(CARTPOLE, agent, edits=edits, parameters=SMALL, agent_options=options), folder), server


@pytest.mark.parametrize("agent", AGENTS)
def test_each_shape_is_understood_and_booked(tmp_path: Path, agent: str) -> None:
    answers = [filled(answer, policy(n)) for n, shape in enumerate(SHAPES.values()) for answer in shape.answers]
    result, server = run(tmp_path / "run", answers, agent, len(SHAPES))
    rows = steps(tmp_path / "run")[1:]
    assert {name: row["outcome"] for name, row in zip(SHAPES, rows, strict=True)} == {
        name: shape.outcome for name, shape in SHAPES.items()
    }
    made = {name: read_artifact(tmp_path / "run", row["artifact"]) for name, row in zip(SHAPES, rows, strict=True)}
    for number, (name, shape) in enumerate(SHAPES.items()):
        if shape.outcome == "ok":
            assert made[name]["policy"] == policy(number), name
    cost = result.models["proposer"]
    assert server.calls == len(answers) == cost.calls
    assert (cost.prompt_tokens, cost.completion_tokens, cost.lost_tokens) == (
        server.prompt_tokens,
        server.completion_tokens,
        0,
    )
    asked = iter(server.bodies)
    for name, shape in SHAPES.items():
        questions = [next(asked)["messages"] for _ in shape.answers]
        assert len(questions[0]) == 2, name
        assert all(shape.told in again[-1]["content"] for again in questions[1:]), name


def test_server_that_counts_nothing_is_told_as_that(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result, _ = run(tmp_path / "run", [Answer(BLOCK.replace("%s", policy(1)), usage=False)], "proposer", 1)
    cost = result.models["proposer"]
    assert (cost.calls, cost.prompt_tokens, cost.completion_tokens) == (1, 0, 0)
    assert cost.uncounted_tokens == cost.lost_tokens > 0
    show_result(result)
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("model")]
    assert f"at most {cost.lost_tokens:,} not counted by the server" in line
    assert "failed" not in line


def test_limit_is_raised_once_and_the_person_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answers = [Answer("", "length", silent=True, message={"reasoning_content": "hm"})] * 4
    with caplog.at_level(logging.WARNING):
        _, server = run(tmp_path / "run", answers, "proposer", 2)
    assert [body["max_tokens"] for body in server.bodies] == [400, 800, 400, 800]
    assert [row["outcome"] for row in steps(tmp_path / "run")] == ["ok", "unparsable", "unparsable"]
    [note] = [record.message for record in caplog.records if "cut off" in record.message]
    assert "--agent-option max_tokens=N (now 400)" in note


def test_limit_that_cannot_be_raised_asks_for_a_patch(tmp_path: Path) -> None:
    """For the context has no room."""
    answers = [Answer(BLOCK.replace("%s", policy(1)) + "so " * 1500), Answer(BLOCK.replace("%s", policy(2)))]
    options = {"context_tokens": 3800, "max_tokens": 1200}
    _, server = run(tmp_path / "run", answers, "proposer", 1, **options)
    assert [body["max_tokens"] for body in server.bodies] == [1200, 1200]
    assert "It cannot have more; give only the lines that change." in server.bodies[1]["messages"][-1]["content"]
    assert "<<<<<<< SEARCH" in server.bodies[1]["messages"][-1]["content"]


@pytest.mark.parametrize("agent", AGENTS)
def test_options_of_thinking_reach_the_model(tmp_path: Path, agent: str) -> None:
    options = {"reasoning_effort": "low", "extra": {"enable_thinking": True, "top_p": 0.5}}
    _, server = run(tmp_path / "run", [Answer("NO EDIT")], agent, 1, **options)
    body = server.bodies[0]
    assert (body["reasoning_effort"], body["enable_thinking"], body["top_p"]) == ("low", True, 0.5)


def test_limit_is_16k_where_nobody_gives_one(tmp_path: Path) -> None:
    _, server = run(tmp_path / "run", [Answer("NO EDIT")], "proposer", 1, max_tokens=None)
    assert server.bodies[0]["max_tokens"] == 16_384


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temperature": float("nan")}, "temperature must be a"),
        ({"extra": {"n": 5}}, "extra: a request cannot pass on 'n'"),
        ({"extra": "x"}, "extra is an object from names to values"),
    ],
)
def test_option_that_makes_no_sense_is_told(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make_agent("proposer", {"model": "m", **options})
