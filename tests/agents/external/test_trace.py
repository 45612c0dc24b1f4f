"""Trace's optimizers on our tasks: how replies are read, and what every adapter shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import ClassVar

import pytest

from genopt_gym.testing import ModelAgentConformance
from tests.helpers.loopback import LoopbackTests
from tests.helpers.tracing import CARTPOLE, SHORT, Conversation, part, suggestion

pytest.importorskip("opto", reason="trace-opt is not installed")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (suggestion(estimate_lean__code0="def estimate_lean(obs):\n    return 1.0\n"), "ok"),
        (suggestion(estimate_lean__code0="def estimate_lean(obs):\n    return (\n"), "syntax_error"),
        (suggestion(estimate_lean="def estimate_lean(obs):\n    return 1.0\n"), "unparsable"),
        (suggestion(estimate_lean__code0=None), "unparsable"),
        (suggestion(estimate_lean__code0=["def"]), "unparsable"),
        (suggestion(), "unparsable"),
        ('{"suggestion": "none"}', "unparsable"),
        ("TERMINATE", "unchanged"),
        ("", "unparsable"),
    ],
)
def test_what_a_reply_leads_to(reply: str, outcome: str) -> None:
    assert Conversation(CARTPOLE, reply=reply, credit_horizon=2, **SHORT).step() == outcome


def test_suggested_text_stays_as_it_is() -> None:
    text = "def estimate_lean( obs ):\n  return {'a':1.0}['a']"
    conversation = Conversation(CARTPOLE, reply=suggestion(estimate_lean__code0=text), credit_horizon=2, **SHORT)
    conversation.step()
    assert conversation.env.artifact.texts["estimate_lean"] == text


@pytest.mark.parametrize("agent", ["trace-optoprime", "trace-opro"])
def test_evidence_of_a_refused_edit_stands_beside_its_text(agent: str) -> None:
    conversation = Conversation(CARTPOLE, agent, credit_horizon=2, accept="validation", **SHORT)
    conversation.reply = suggestion(select_action__code0="def select_action(obs, lean):\n    return 1  # worse\n")
    conversation.step()
    assert "# worse" not in conversation.env.artifact.source
    assert "# worse" in conversation.ask()


def test_opro_reads_what_was_tried_and_no_trace() -> None:
    conversation = Conversation(CARTPOLE, "trace-opro", credit_horizon=2, **SHORT)
    for weight in (1, 2):
        conversation.reply = suggestion(estimate_lean__code0=f"def estimate_lean(obs):\n    return {weight}.0\n")
        assert conversation.step() == "ok"
    prompt = conversation.ask()
    assert [f"return {weight}.0" in prompt for weight in (1, 2)] == [True, True]
    assert "#Code" not in prompt


def test_opro_keeps_the_latest_examples_that_fit() -> None:
    conversation = Conversation(CARTPOLE, "trace-opro", credit_horizon=2, max_trace_chars=2000, **SHORT)
    lengths = []
    for number in range(12):
        text = f"def estimate_lean(obs):\n    return {number}.5\n"
        conversation.reply = suggestion(estimate_lean__code0=text)
        conversation.step()
        lengths.append(len(conversation.asked[-1]))
    assert "return 10.5" in conversation.asked[-1]
    assert "return 0.5" not in conversation.asked[-1]
    assert lengths[-1] - lengths[0] < 2500


@pytest.mark.slow
def test_import_says_nothing() -> None:
    code = "from genopt_gym.agents.external.trace_agents import OPTIMIZERS, load; load(OPTIMIZERS)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""


class Replies(LoopbackTests):
    def reply(self, prompt: str, number: int) -> str:
        variables = "\n".join(part(prompt, "Variables"))
        texts = dict(re.findall(r"\(code\) (\w+__code0):(.*?)(?=\n\(code\)|\Z)", variables, re.S))
        for name, text in re.findall(r'"(\w+__code0)": (".*")', prompt):  # OPRO's examples, the latest last
            texts[name] = json.loads(text)
        return suggestion(**{name: f"{text.rstrip()}\n# edit {number}\n" for name, text in texts.items()})


class TestOptoPrime(Replies):
    agent = "trace-optoprime"


@pytest.mark.slow
class TestOpro(Replies):
    agent = "trace-opro"


class Conforms(ModelAgentConformance):
    deterministic_across_seeds: ClassVar[bool] = True

    def reply(self, prompt: str) -> str:
        text = super().reply(prompt).removeprefix("```python\n").removesuffix("```")
        return suggestion(policy__code0=text)


@pytest.mark.slow
class TestOptoPrimeConforms(Conforms):
    agent = "trace-optoprime"


@pytest.mark.slow
class TestOproConforms(Conforms):
    agent = "trace-opro"
