"""What the prompts print reads back as itself, and nothing that a prompt shows is taken for an edit."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genopt_gym.agents import Problem, make_agent
from genopt_gym.agents.prompted_agent import PromptedAgent, as_blocks
from genopt_gym.core.edit import UnparsableEdit, parse_edit
from genopt_gym.core.spaces import Edits
from genopt_gym.env import OptimizationEnv

FORMATS = ["format_fenced", "format_json", "format_patch", "format_any", "repair"]
LINES = ["", "x", "    x", "```", "```json", "````", "~~~", "<think>", "</think>", "<<<<<<< SEARCH", "=======", "---"]
LINES += [
    ">>>>>>> REPLACE",
    "@@ -1 +1 @@",
    "+x",
    '{"act": "x"}',
    "NO EDIT",
    "...",
    "def act(ball):",
    "    return 1",
    "é\t",
]
texts = st.builds(
    "{}{}".format, st.lists(st.sampled_from(LINES), max_size=8).map("\n".join), st.sampled_from(["", "\n", "\n\n"])
)


@settings(deadline=None, max_examples=400)
@given(st.dictionaries(st.sampled_from(["act", "prompt", "text", "python", "json"]), texts, min_size=1))
def test_blocks_read_back_as_what_they_show(components: dict[str, str]) -> None:
    assert parse_edit(as_blocks(components), components) == components


@settings(deadline=None, max_examples=200)
@given(texts, st.text(alphabet="abc {}\n\t", min_size=1))
def test_blocks_of_another_text_read_back_up_to_the_last_line_break(old: str, new: str) -> None:
    new = f"one\n{new}"
    found = parse_edit(as_blocks({"prompt": new}), {"prompt": old})["prompt"]
    assert found.rstrip("\n") == new.rstrip("\n")


@pytest.mark.parametrize("name", FORMATS)
def test_the_form_that_a_prompt_asks_for_is_no_edit(name: str) -> None:
    words = (importlib.resources.files("genopt_gym.agents") / "prompts" / f"{name}.txt").read_text(encoding="utf-8")
    with pytest.raises(UnparsableEdit):
        parse_edit(words.replace("$names", "act, prompt"), {"act": "def act(x):\n    return 1\n", "prompt": "x"})


def prompts(agent_name: str, id: str, edits: int, **parameters: Any) -> list[tuple[str, Mapping[str, str]]]:
    """What the agent asks in a run of edits, with the components that each prompt is about."""
    env = gym.make(id, **parameters)
    core = env.unwrapped
    assert isinstance(core, OptimizationEnv)
    assert isinstance(core.action_space, Edits)
    agent = make_agent(agent_name, {"model": "openai/none", "max_tokens": 100, "context_tokens": 10**6})
    assert isinstance(agent, PromptedAgent)
    observation, _ = env.reset(seed=0)
    agent.reset(observation, Problem(core.action_space, core.task.metric, edits, 0))
    asked = []
    for number in range(edits):
        messages = agent.messages(observation)
        base = agent.editable(observation)
        asked.append(("\n\n".join(message["content"] for message in messages), base))
        agent._base, agent._edit = base, {name: f"# {number}\n{text}" for name, text in base.items()}
        observation, reward, _, _, info = env.step({**base, **agent._edit})
        agent.observe(observation, float(reward), info)
    return asked


@pytest.mark.parametrize("agent", ["proposer", "opro", "evolution"])
def test_a_prompt_that_comes_back_changes_nothing(agent: str) -> None:
    """Old versions, traces, diffs and forms are in it, and the components as they stand."""
    small = {"start": "modular/naive", "validation_size": 2, "credit_horizon": 5}
    for question, base in prompts(agent, "GenOpt/Control-CartPole-v0", 4, **small):
        try:
            found = parse_edit(question, base)
        except UnparsableEdit:
            continue
        assert {**base, **found} == base
