"""Small tasks with what the suite's own tasks lack: a text component, answers, a score to minimise, defects."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium as gym

from genopt_gym.core.artifact import Component, Structure
from genopt_gym.core.evidence import Instance, Recorder
from genopt_gym.core.limits import Limits
from genopt_gym.core.task import Metric, ModelUse, Task
from genopt_gym.sandbox.session import Session


class Guess(Task):
    """Guess a digit, 7 for every instance with an odd index and 3 for the others; less distance is better."""

    family = "Toy"
    metric = Metric(
        name="distance",
        low=9,
        high=0,
        floor=4,
        reference=1,
        solved=0,
        direction="minimize",
        sources={"floor": "made up", "reference": "made up"},
    )
    structures: Mapping[str, Structure] = {
        "plain": Structure(
            components=(
                Component("hint", "hint: str", "A text for the answerer.", kind="text"),
                Component("guess", "guess(question, hint) -> int", "A digit."),
            ),
            workflow="def workflow(question):\n    return guess(question, hint)\n",
            implementations={
                "five": {"hint": "5", "guess": "def guess(question, hint):\n    return int(hint)\n"},
                "nine": {"hint": "9", "guess": "def guess(question, hint):\n    return int(hint)\n"},
                "zero": {"hint": "0", "guess": "def guess(question, hint):\n    return int(hint)\n"},
            },
        )
    }
    default_start = "plain/five"
    goal = "Guess the digit."
    strategy = "Hint: it depends on the question."
    limits = Limits(call_seconds=1.0, cpu_seconds=10, answer_bytes=1 << 12)
    block_size = 3

    def staged(self, score: float) -> str:
        return "Warm." if score < 4 else "Cold."

    def answer(self, instance: Instance) -> str:
        return "7" if instance.index % 2 else "3"

    def run(self, session: Session, recorders: Sequence[Recorder]) -> None:
        questions = [f"Which digit belongs to {recorder.instance.index}?" for recorder in recorders]
        replies = session.call(list(range(len(recorders))), [[question] for question in questions])
        for recorder, question, reply in zip(recorders, questions, replies, strict=True):
            if reply.failure is not None:
                recorder.fail(reply.failure, question, reply.calls)
                continue
            score = self.distance(recorder.instance, reply.result)
            recorder.step(question, reply.calls, reply.result, 0.0, session.reply_bytes)
            recorder.finish(score, ended=True, metrics={"exact": float(score == 0)})

    def distance(self, instance: Instance, guess: Any) -> float:
        return float(min(9, abs(int(self.answer(instance)) - int(guess))))


class Oracle(Guess):
    """The same digits, but the artifact may ask a model for them."""

    structures: Mapping[str, Structure] = {
        "asking": Structure(
            components=(
                Component("prompt", "prompt: str", "What the model is asked; {question} is filled in.", kind="text"),
                Component("read", "read(reply) -> int", "The digit in a model's reply."),
            ),
            workflow="def workflow(question):\n    return read(llm(prompt.replace('{question}', question)))\n",
            implementations={
                "plain": {"prompt": "{question}", "read": "def read(reply):\n    return int(reply)\n"},
                "twice": {
                    "prompt": "{question}",
                    "read": "def read(reply):\n    return int(llm('Is it ' + reply + '? If not, what?'))\n",
                },
                "silent": {"prompt": "{question}", "read": "def read(reply):\n    return 5\n"},
            },
            asks_model=True,
        )
    }
    default_start = "asking/plain"
    block_size = 50

    def __init__(self, *, base_url: str | None = None, concurrency: int = 32, **sizes: Any) -> None:
        super().__init__(**sizes)
        self.model = ModelUse("openai/test", 0.0, 20, base_url, concurrency)


PERFECT = """\
def guess(question, hint):
    index = int(question.split()[-1].rstrip("?"))
    return 7 if index % 2 else 3
"""
"""A component that is never wrong."""


class Numbers(Guess):
    """Numbers of a text that should come near others: less is better."""

    metric = Metric("distance", low=100, high=0, floor=50, reference=1, solved=0.05, direction="minimize")
    structures: Mapping[str, Structure] = {
        "plain": Structure(
            components=(Component("guess", "guess(question) -> list", "Two numbers."),),
            workflow="def workflow(question):\n    return guess(question)\n",
            implementations={"far": {"guess": "def guess(question):\n    return [1.5, 3.5]  # 4 and 0\n"}},
        )
    }
    default_start = "plain/far"

    def distance(self, instance: Instance, guess: Any) -> float:
        a, b = guess
        return float(min(100.0, abs(a - 4) + abs(b)))


class StrictGuess(Guess):
    """The same, but one failed trial costs the artifact."""

    error_costs = "artifact"


class WobblyGuess(Guess):
    """The same, with a score that depends on how often it was asked."""

    deterministic = False
    asked: ClassVar[int] = 0

    def distance(self, instance: Instance, guess: Any) -> float:
        WobblyGuess.asked += 1
        return float(WobblyGuess.asked % 9)


class NoisyGuess(Guess):
    """A guess between 0 and 1, plus noise: 0, 1 or 2 with equal chance, drawn anew for each instance and artifact."""

    metric = Metric("points", low=0, high=3, floor=0, reference=1, solved=None, sources=Guess.metric.sources)
    structures: Mapping[str, Structure] = {
        "plain": Structure(
            components=(Component("guess", "guess(question) -> float", "A number."),),
            workflow="def workflow(question):\n    return guess(question)\n",
            implementations={"zero": {"guess": "def guess(question):\n    return 0.0\n"}},
        )
    }
    default_start = "plain/zero"

    def distance(self, instance: Instance, guess: Any) -> float:
        noise = self.seed(instance, f"noise of {guess}") % 3
        return float(round(guess)) + noise


class BrokenGuess(Guess):
    """A task whose own code fails."""

    def distance(self, instance: Instance, guess: Any) -> float:
        raise LookupError("the task's own mistake")


class Deadly(Guess):
    """A task whose own code takes its worker down."""

    def distance(self, instance: Instance, guess: Any) -> float:
        os._exit(1)


for task in (Guess, Oracle, Numbers, StrictGuess, WobblyGuess, BrokenGuess):
    gym.register(
        f"Toy/{task.__name__}-v0",
        entry_point="genopt_gym.env:OptimizationEnv",
        max_episode_steps=20,
        nondeterministic=not task.deterministic,
        kwargs={"task": f"tests.helpers.toys:{task.__name__}"},
    )
