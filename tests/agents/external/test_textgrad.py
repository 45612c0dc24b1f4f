"""TextGrad's backward pass and optimizer on our tasks."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import pytest

from genopt_gym.runs.folder import read_artifact
from genopt_gym.testing import ModelAgentConformance
from tests.helpers.loopback import PONG, Case, LoopbackTests, run, steps
from tests.helpers.model_server import Answer

# Not imported here: that would make its folder of logs.
pytestmark = pytest.mark.skipif(find_spec("textgrad") is None, reason="textgrad is not installed")

CARTPOLE = Case(
    "GenOpt/Control-CartPole-v0",
    {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 5},
)
VARIABLE = re.compile(r"<VARIABLE> (.*?) </VARIABLE>", re.S)


def policy(weight: float) -> str:
    return f"def policy(obs):\n    return 1 if obs['pole_angle'] + {weight} * obs['pole_velocity'] > 0 else 0\n"


def question(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


def improved(body: dict[str, Any], text: str) -> Answer:
    """The reply to either kind of question."""
    return Answer(f"<IMPROVED_VARIABLE>\n{text}</IMPROVED_VARIABLE>" if is_update(body) else "It leans too late.")


def is_update(body: dict[str, Any]) -> bool:
    return "Send the improved variable" in question(body)


class TestTextGrad(LoopbackTests):
    agent = "textgrad"

    def reply(self, prompt: str, number: int) -> str:
        [text] = VARIABLE.findall(prompt)
        return f"<IMPROVED_VARIABLE>\n{text}\n# edit {number}\n</IMPROVED_VARIABLE>"


@pytest.mark.slow
class TestTextGradConforms(ModelAgentConformance):
    agent = "textgrad"
    deterministic_across_seeds: ClassVar[bool] = True

    def reply(self, prompt: str) -> str:
        weight = zlib.crc32(prompt.encode()) % 997 / 1000
        return f"<IMPROVED_VARIABLE>{policy(-weight)}</IMPROVED_VARIABLE>"


def test_each_component_is_criticized_then_rewritten_after_its_criticism(tmp_path: Path) -> None:
    def script(body: dict[str, Any], number: int) -> Answer:
        [text] = VARIABLE.findall(question(body))
        return improved(body, f"{text}# edit {number}\n")

    _, server = run(tmp_path / "run", PONG, "textgrad", script, 1)
    start, edited = (read_artifact(tmp_path / "run", row["artifact"]) for row in steps(tmp_path / "run"))
    names = list(start)
    assert [is_update(body) for body in server.bodies] == [False] * len(names) + [True] * len(names)
    for body, name in zip(server.bodies, names * 2, strict=True):
        assert f"component `{name}`" in question(body)
        # Whole, and with what the run has shown.
        assert f"<VARIABLE> {start[name]} </VARIABLE>" in question(body)
        assert "inner steps" in question(body)
    assert all("It leans too late." in question(body) for body in server.bodies[len(names) :])
    assert [edited[name].count("# edit") for name in names] == [1] * len(names)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (f"<IMPROVED_VARIABLE>{policy(0.1)}</IMPROVED_VARIABLE>", "ok"),
        (f"```python\n{policy(0.1)}```", "unparsable"),
        ("", "unparsable"),
        (f"<IMPROVED_VARIABLE>{policy(0.1)}</IMPROVED_VARIABLE>" + " And so on." * 200, "unparsable"),
    ],
)
def test_reply_becomes_an_edit_or_is_unparsable(tmp_path: Path, reply: str, outcome: str) -> None:
    script = lambda body, number: Answer(reply if is_update(body) else "Good.")  # noqa: E731
    run(tmp_path / "run", CARTPOLE, "textgrad", script, 1, {"max_tokens": 100})
    assert steps(tmp_path / "run")[1]["outcome"] == outcome


def test_same_text_is_no_change(tmp_path: Path) -> None:
    script = lambda body, number: improved(body, VARIABLE.findall(question(body))[0])  # noqa: E731
    run(tmp_path / "run", CARTPOLE, "textgrad", script, 1)
    assert steps(tmp_path / "run")[1]["outcome"] == "unchanged"


@pytest.mark.slow
def test_it_leaves_no_folder_of_logs_behind(tmp_path: Path) -> None:
    code = "from genopt_gym.agents.external.textgrad import _library; print(_library().logger.handlers)"
    shown = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "FileHandler" not in shown.stdout
    assert not list(tmp_path.iterdir())
