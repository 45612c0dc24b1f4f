"""Prompts about texts say nothing of Python; those about functions, or both, do."""

from __future__ import annotations

from typing import Any

import pytest

from genopt_gym import Text, run
from tests.helpers import own
from tests.helpers.model_server import Answer, ModelServer


def asked(**parameters: Any) -> str:
    """The first prompt of a proposer."""
    with ModelServer(lambda body, number: Answer("```text prompt\nThink step by step: {question}\n```")) as server:
        options: dict[str, Any] = {"model": "openai/test", "base_url": server.base_url}
        sizes: dict[str, Any] = {"train_size": 3, "validation_size": 2, "test_size": 2}
        task: dict[str, Any] = {
            "function": "exact",
            "data": own.EXAMPLES,
            "model": "openai/x",
            "base_url": server.base_url,
        }
        own_run = run(
            "GenOpt/Function-Examples-v0",
            "proposer",
            edits=1,
            agent_options=options,
            **task,
            **sizes,
            **parameters,
        )
        assert own_run.steps[-1].outcome == "ok"
        (body,) = [body for body in server.bodies if body["model"] == "test"]
    return "\n".join(str(message["content"]) for message in body["messages"])


PYTHON = ("```python", "def prompt", "parameters", "Python", "program", "prompt: str", "globals", "standard library")


def test_a_prompt_about_texts_is_without_words_about_python() -> None:
    text = {"text": "What is {question}?", "documentation": "What a model of sums is asked."}
    prompt = asked(texts={"prompt": text})
    assert [word for word in PYTHON if word in prompt] == []
    assert "```text prompt" in prompt
    assert "```text NAME" in prompt
    assert "It has to hold {question}" in prompt


def test_a_prompt_about_a_function_has_them() -> None:
    prompt = asked(texts={"prompt": "What is {question}?"}, components=["tests.helpers.own:add"])
    assert "```python" in prompt


def test_a_start_that_lacks_its_own_placeholder_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lacks its own placeholder .question."):
        Text("What is it?", placeholders=["question"])
