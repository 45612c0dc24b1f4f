"""Scoring functions over examples, and a model that answers better for better prompts."""

from __future__ import annotations

import os
import re
from typing import Any

from genopt_gym import Scored
from tests.helpers.model_server import Answer

EXAMPLES = [
    {"question": f"{i} + {7 * i % 11}", "answer": str(i + 7 * i % 11), "kind": "ab"[i % 3 == 0]} for i in range(1, 31)
]


def adder(body: dict[str, Any], number: int) -> Answer:
    """Adds two numbers where it is told to think, else only if the first is divisible by four."""
    text = str(body["messages"][-1]["content"])
    if "improve" in text.lower() or "component" in text.lower():
        return Answer("Tell it to think.\n```text prompt\nThink step by step: {question}\n```")
    found = re.search(r"(\d+) \+ (\d+)", text)
    if found is None:
        return Answer("I see no sum.")
    a, b = map(int, found.groups())
    return Answer(f"The sum is {a + b if 'step by step' in text or a % 4 == 0 else 0}.")


def told(workflow: Any, example: dict[str, Any]) -> Any:
    """Add two numbers."""
    reply = str(workflow(example["question"]))
    workflow.log("the model said", reply)
    right = example["answer"] in re.findall(r"\d+", reply)
    return Scored(float(right), {"length": len(reply)}, f"{reply!r} is {'right' if right else 'wrong'}", ["graded"])


def with_words(workflow: Any, seed: int) -> tuple[float, str]:
    """Say a number."""
    return float(workflow() > 0), f"words of {seed % 10}"


def printing(workflow: Any, seed: int) -> float:
    """Prints, and says a number."""
    print("a scoring function prints")
    return float(workflow() > 0)


def forking(workflow: Any, seed: int) -> float:
    """Forks, and says a number."""
    os.fork()
    return float(workflow() > 0)


def worded(workflow: Any, seed: int) -> str:
    """Says a word."""
    return "good"


SOME = ["a", "b", "c", "d"]


def drawing(workflow: Any, seed: int) -> float:
    """Draws from a list by its seed."""
    import random

    word = random.Random(seed).choice(SOME)
    return float(word == str(workflow()))


def one() -> int:
    return 1


def add(question):  # type: ignore[no-untyped-def]
    return llm(prompt.replace("{question}", question))  # type: ignore[name-defined]  # noqa: F821
