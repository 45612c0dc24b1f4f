"""DSPy's prediction and its GEPA on our tasks."""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path
from typing import Any, ClassVar

import pytest

from genopt_gym.core.journal import read_journal
from genopt_gym.runs.folder import read_artifact
from genopt_gym.testing import ModelAgentConformance
from tests.helpers.loopback import PONG, Case, LoopbackTests, run, steps
from tests.helpers.model_server import Answer

pytest.importorskip("dspy", reason="dspy is not installed")

CARTPOLE = Case(
    "GenOpt/Control-CartPole-v0",
    {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 100},
)
BLOCK = re.compile(r"```python (\w+)\n(.*?)```", re.S)
INSTRUCTION = re.compile(r"\[\[ ## current_instruction ## \]\]\n(.*?)\n\n\[\[ ## examples", re.S)


def policy(weight: float) -> str:
    return f"def policy(obs):\n    return 1 if obs['pole_angle'] + {weight} * obs['pole_velocity'] > 0 else 0\n"


def question(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


def fields(texts: dict[str, str]) -> str:
    sections = [f"[[ ## new_{name} ## ]]\n```python\n{text}```\n" for name, text in texts.items()]
    return "".join(sections) + "[[ ## completed ## ]]"


def instruction(text: str) -> str:
    return json.dumps({"new_instruction": text})


class TestDspy(LoopbackTests):
    agent = "dspy"

    def reply(self, prompt: str, number: int) -> str:
        components = prompt.split("[[ ## components ## ]]")[-1].split("[[ ## trace ## ]]")[0]
        return fields({name: f"{text}# edit {number}\n" for name, text in BLOCK.findall(components)})


@pytest.mark.slow
class TestDspyGepa(LoopbackTests):
    agent = "dspy-gepa"

    def reply(self, prompt: str, number: int) -> str:
        return instruction(f"{INSTRUCTION.findall(prompt)[-1]}\n# edit {number}\n")


@pytest.mark.slow
class TestDspyConforms(ModelAgentConformance):
    agent = "dspy"
    deterministic_across_seeds: ClassVar[bool] = True

    def reply(self, prompt: str) -> str:
        return fields({"policy": policy(-(zlib.crc32(prompt.encode()) % 997) / 1000)})


@pytest.mark.slow
class TestDspyGepaConforms(ModelAgentConformance):
    agent = "dspy-gepa"

    def reply(self, prompt: str) -> str:
        return instruction(policy(-(zlib.crc32(prompt.encode()) % 997) / 1000))


def test_one_prediction_rewrites_all_components(tmp_path: Path) -> None:
    script = lambda body, number: Answer(TestDspy().reply(question(body), number))  # noqa: E731
    _, server = run(tmp_path / "run", PONG, "dspy", script, 1)
    start, edited = (read_artifact(tmp_path / "run", row["artifact"]) for row in steps(tmp_path / "run"))
    assert server.calls == 1
    assert all(text.rstrip() in question(server.bodies[0]) for text in start.values())
    assert "inner steps" in question(server.bodies[0])
    assert {name: text.replace("# edit 0", "").strip() for name, text in edited.items()} == {
        name: text.strip() for name, text in start.items()
    }


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        ([fields({"policy": policy(0.1)})], "ok"),
        (["Let me see.", json.dumps({"new_policy": policy(0.1)})], "ok"),  # DSPy asks again, for JSON
        (["Let me see.", "I would rather not."], "unparsable"),
        ([f"```python\n{policy(0.1)}```"] * 2, "unparsable"),
        ([fields({"policy": policy(0.1)}) + " And so on." * 200], "unparsable"),
    ],
)
def test_reply_becomes_an_edit_or_is_unparsable(tmp_path: Path, replies: list[str], outcome: str) -> None:
    script = lambda body, number: Answer(replies[number])  # noqa: E731
    result, server = run(tmp_path / "run", CARTPOLE, "dspy", script, 1, {"max_tokens": 100})
    assert steps(tmp_path / "run")[1]["outcome"] == outcome
    assert result.models["proposer"].calls == server.calls == len(replies)


def test_same_texts_are_no_change(tmp_path: Path) -> None:
    script = lambda body, number: Answer(fields(dict(BLOCK.findall(question(body)))))  # noqa: E731
    run(tmp_path / "run", CARTPOLE, "dspy", script, 1)
    assert steps(tmp_path / "run")[1]["outcome"] == "unchanged"


def test_it_leaves_dspy_as_it_was(tmp_path: Path) -> None:
    import dspy

    run(tmp_path / "run", CARTPOLE, "dspy", lambda body, number: Answer(fields({"policy": policy(0.1)})), 1)
    assert dspy.settings.lm is None
    assert "cache" not in vars(dspy)
    assert not dspy.clients.base_lm.GLOBAL_HISTORY


@pytest.mark.slow
def test_gepa_builds_upon_what_gains_and_not_upon_what_loses(tmp_path: Path) -> None:
    weights = [0.005, -0.5, 0.015, 0.001]
    script = lambda body, number: Answer(instruction(policy(weights[number])))  # noqa: E731
    _, server = run(tmp_path / "run", CARTPOLE, "dspy-gepa", script, 4, {"selection": "current_best"})
    scores = [row["validation_score"] for row in steps(tmp_path / "run")]
    assert scores[2] < scores[0] < scores[1] < scores[3]
    parents = [re.findall(r"([-.\d]+) \* obs", INSTRUCTION.findall(question(body))[0]) for body in server.bodies]
    assert parents == [[], ["0.005"], ["0.005"], ["0.015"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    "reply", [instruction(policy(0.1)) + " And so on." * 200, "I would rather not.", instruction("")]
)
def test_gepa_reply_without_an_instruction_is_an_unparsable_edit(tmp_path: Path, reply: str) -> None:
    run(tmp_path / "run", CARTPOLE, "dspy-gepa", lambda body, number: Answer(reply), 2, {"max_tokens": 100})
    assert [row["outcome"] for row in steps(tmp_path / "run")] == ["ok", "unparsable", "unparsable"]


def test_gepa_makes_no_validation_trial_that_the_step_has_made(tmp_path: Path) -> None:
    script = lambda body, number: Answer(instruction(policy(0.005 * (number + 1))))  # noqa: E731
    run(tmp_path / "run", CARTPOLE, "dspy-gepa", script, 2)
    ledger = read_journal(tmp_path / "run" / "ledger.jsonl")[0]
    # A step's train trial and two of validation; a minibatch before the proposal, and one after it.
    assert [row["trials"] for row in ledger] == [3, 7, 12]


@pytest.mark.slow
def test_gepa_selects_on_train_where_validation_selects_silently(tmp_path: Path) -> None:
    script = lambda body, number: Answer(instruction(policy(-0.1 * number)))  # noqa: E731
    whole: dict[str, Any] = {"credit_horizon": 5, "feedback_horizon": "credit", "batch_size": 2}
    _, server = run(tmp_path / "run", CARTPOLE, "dspy-gepa", script, 4, **whole)
    assert len(steps(tmp_path / "run")) == 5
    for body in server.bodies:
        assert "validation/" not in question(body)
        assert max(map(int, re.findall(r"(\d+) of (?:up to )?[\d,]+ inner steps", question(body)))) <= 5
