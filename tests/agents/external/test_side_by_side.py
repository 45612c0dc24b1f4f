"""The plan of docs/external: every library's optimizer and our own in one study, and its report."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.study.execution.execute import run_study
from genopt_gym.study.execution.local import LocalExecutor
from genopt_gym.study.folder import StudyFolder
from genopt_gym.study.index import build_index
from genopt_gym.study.planning.plan import load_plan
from genopt_gym.study.planning.source import read_yaml
from genopt_gym.study.reporting.report import write_report
from tests.helpers.loopback import PONG
from tests.helpers.model_server import Answer, ModelServer

LIBRARIES = ("dspy", "gepa", "openevolve", "opto", "rliable", "textgrad", "yaml")
DOCUMENT = Path(__file__).parents[3] / "docs" / "external" / "README.md"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(any(find_spec(name) is None for name in LIBRARIES), reason="a library is not installed"),
]


def documented_plan() -> dict[str, Any]:
    [text] = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S)
    return dict(read_yaml(text, "plan").value)


def scripts() -> dict[str, Callable[[dict[str, Any], int], Answer]]:
    """How the model answers each agent, in the form that its library reads."""
    from tests.agents.external import test_dspy, test_gepa, test_openevolve, test_textgrad, test_trace

    modules = (test_dspy, test_gepa, test_openevolve, test_textgrad, test_trace)
    found = [each for module in modules for each in vars(module).values() if hasattr(each, "answer")]
    return {each.agent: each().answer for each in found if hasattr(each, "agent")}


def fenced(body: dict[str, Any], number: int) -> Answer:
    """For our own proposers."""
    text = f"def select_action(obs, predicted_ball_y):\n    return {number % 6}\n"
    return Answer(f"```python select_action\n{text}```")


def test_all_optimizers_in_one_study(tmp_path: Path) -> None:
    plan = documented_plan()
    known = scripts()
    edits, budget = 3, 60_000
    with ExitStack() as stack:
        servers: dict[str, ModelServer] = {}

        def served(agent: str) -> dict[str, Any] | str:
            if agent == "random":
                return agent
            servers[agent] = stack.enter_context(ModelServer(known.get(agent, fenced)))
            own = {"model": "openai/test", "base_url": servers[agent].base_url, "max_tokens": 1000}
            return {"agent": agent, "options": own}

        small = {
            "tasks": {PONG.id: dict(PONG.parameters)},
            "agents": [served(agent) for agent in plan["agents"]],
            "controls": [served(agent) for agent in plan["controls"]],
            "budget": {"trials": 200, "tokens": budget},
            "edits": edits,
            "seeds": 1,
        }
        made = load_plan({**plan, **small})
        folder = StudyFolder(tmp_path / "study", made, "")
        try:
            outcome = run_study(folder, LocalExecutor(2))
        finally:
            folder.close()
    assert outcome.failed == {}
    assert known.keys() < servers.keys()
    records = {record.run.agent: record for record in build_index(tmp_path / "study")}
    assert records.keys() == servers.keys() | {"random"}
    for agent, server in servers.items():
        steps = records[agent].steps
        assert records[agent].state == "done", agent
        assert len(steps.outcome) > 1, agent
        assert 0 < steps.tokens[-1] <= server.tokens <= budget, agent
    page = write_report(tmp_path / "study", None).page.read_text(encoding="utf-8")
    for agent in records:
        assert re.search(rf"\b{agent}\b", page), agent
