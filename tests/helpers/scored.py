"""Somebody's scoring functions and components, as ``genopt_gym.wrap`` takes them: good ones and bad ones."""

from __future__ import annotations

import functools
import random
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from genopt_gym import ContractBroken

Workflow = Callable[..., Any]


def guess(low: float, high: float) -> float:
    """Returns a number between ``low`` and ``high``."""
    return 0.9 * low + 0.1 * high  # near the lower end


def nearness(workflow: Workflow, seed: int) -> tuple[float, dict[str, float]]:
    """Find a hidden number between 0 and 1 in four guesses; after each its side is told."""
    hidden = random.Random(seed).random()
    low, high = 0.0, 1.0
    for _ in range(4):
        number = workflow(low, high)
        if not isinstance(number, int | float) or not low <= number <= high:
            raise ContractBroken(f"guess returned {number!r:.50}, not a number from {low:g} to {high:g}")
        low, high = (number, high) if number < hidden else (low, number)
    return 1 - (high - low), {"low": low}


def patience(workflow: Workflow, seed: int) -> float:
    """How long until the answer has the letter of the seed; less is better."""
    return float(str(workflow(seed)).find("abc"[seed % 3]) % 10)


def letters(seed):  # type: ignore[no-untyped-def]
    return word  # type: ignore[name-defined]  # noqa: F821  # a text component


def total(workflow: Workflow, seed: int) -> float:
    """The sum of the squares of what is answered to an array."""
    return float(np.square(workflow(np.arange(4.0))).sum())


def shrink(array):  # type: ignore[no-untyped-def]
    return array / 2


def parrot(workflow: Workflow, seed: int) -> Any:
    """Whatever the artifact says is the score."""
    answer = workflow()
    return float("nan") if answer == "nan" else answer


def constant(workflow: Workflow, seed: int) -> Any:
    """Score what the artifact names, as some kind of number."""
    kinds: dict[str, Any] = {
        "True": True,
        "np.True": np.bool_(True),
        "np.float32": np.float32(0.5),
        "np.int64": np.int64(1),
        "array": np.array(1.0),
        "Fraction": Fraction(1, 2),
        "Decimal": Decimal("0.5"),
        "above": 1.0000000000000002,
        "below": -1e-17,
        "negative zero": -0.0,
        "text": "1",
        "array of one": np.array([1.0]),
        "np.nan": np.float64("nan"),
        "inf": float("inf"),
        "nothing": None,
        "complex": 1j,
        "a little above": 1.0001,
        "metrics": (0.5, {"n": np.int64(3), "yes": np.True_}),
    }
    answer = str(workflow())
    if answer == "exit":
        sys.exit("enough")
    return kinds[answer]


def kind() -> str:
    return "True"


def say() -> int:
    return 1


def importing(angle: float) -> float:
    import math

    def turned(by: float) -> float:
        return math.cos(angle + by) + max(n * angle for n in range(3))

    return turned(1.0)


def careless(angle: float, ask: Workflow) -> float:
    return float(np.cos(angle)) + random.random()


def swallowing(workflow: Workflow, seed: int) -> float:
    """Hears of no failure, and is content with itself."""
    for _ in range(3):
        try:
            workflow()
        except BaseException:
            pass
    return 1.0


def mistaken(workflow: Workflow, seed: int) -> float:
    """Has a mistake of its own."""
    workflow()
    raise LookupError("the function's own mistake")


def restless(workflow: Workflow, seed: int) -> float:
    """Never comes to an end."""
    while True:
        workflow()


def undescribed(workflow: Workflow, seed: int) -> float:
    return 0.0


@functools.cache
def decorated() -> int:
    return 1


later = functools.partial(say)


def echo(workflow: Workflow, seed: int) -> float:
    """Whether the model's reply, as the artifact passes it on, names the seed."""
    return float(str(seed) in workflow(seed))


def ask(question: int) -> str:
    return str(llm(prompt.format(question)))  # type: ignore[name-defined]  # noqa: F821  # a model, and a text component


def slow(workflow: Workflow, seed: int) -> float:
    """Takes its time."""
    time.sleep(0.5)
    return float(workflow())


def talkative(workflow: Workflow, seed: int) -> tuple[float, str]:
    """Find a hidden number, and be told it."""
    score, _ = nearness(workflow, seed)
    return score, f"the hidden number was {random.Random(seed).random():.2f}"
