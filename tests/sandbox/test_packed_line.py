"""Attacks on our code that makes observations in the confined process: it can lie only about its own actions."""

from __future__ import annotations

import pytest

from genopt_gym.core.evidence import Instance
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.sandbox.confine import available_tier

pytestmark = pytest.mark.skipif(
    available_tier() == "weak-only", reason="this system confines nothing; test_tier.py sees that it says so"
)

SCRIPT = """\
import gc, os, sys
steps = []

def frame(name):
    found = sys._getframe()
    while found.f_code.co_name != name:
        found = found.f_back
    return found

def scripted():
    steps.append(1)
    return (2, 3, 2, 0, 3, 3, 1)[len(steps) % 7]

def policy(obs):
    attack()
    return scripted()

"""
"""Plays the same actions whatever it sees, so that all that could differ is what the attack does beside it."""

ATTACKS = {
    "none": "def attack(): pass",
    "an observer that says nothing": """
def attack():
    frame('serve').f_locals['observes'][:] = [lambda *parts: {}] * 2
""",
    "an observer of its own, with a reward of its own": """
def attack():
    frame('serve').f_locals['observes'][:] = [lambda ram, *rest: {'reward': 21}] * 2
""",
    "the reader's code replaced": """
def attack():
    for found in frame('serve').f_locals['observes']:
        read = gc.get_referents(found.__self__)
        for function in read:
            if hasattr(function, '__code__') and function.__code__.co_argcount == 2:
                function.__code__ = (lambda ram, previous: {'reward': 21}).__code__
""",
    "the memory of movement replaced": """
def attack():
    for found in frame('serve').f_locals['observes']:
        found.__self__._previous = {'Ball': {'x': 9, 'y': 9, 'w': 1, 'h': 1, 'dx': 0, 'dy': 0}}
""",
    "the mask of the observer lifted": """
def attack():
    frame('serve').f_locals['observer']._mask = (1 << 1024) - 1
""",
    "the packed bytes changed where they lie": """
import ctypes

def attack():
    for parts in frame('serve').f_locals['arguments']:
        ctypes.memset(id(parts[0]) + 32, 255, 128)
""",
    "the next observations claimed before they come": """
def attack():
    frame('serve').f_locals['arguments'].append([b'', 0, None, {}])
    frame('serve').f_locals['arguments'].pop()
""",
}


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(TaskSpec("genopt_gym.envs.atari.pong:Pong", {"max_steps": 150}))


def results(evaluator: Evaluator, attack: str) -> list[tuple[float, int, bool]]:
    """Score, steps, and whether it failed, of two trials of one process, which are not traced."""
    artifact = evaluator.task.starting_artifact("one_function/stub").edited({"policy": SCRIPT + attack})
    evaluation = evaluator.evaluate(artifact, [Instance("train", index) for index in range(4)])
    return [(trial.score, trial.steps, trial.failure is not None) for trial in evaluation.trials]


@pytest.mark.parametrize("name", ATTACKS)
def test_actions_earn_what_they_earn_without_the_attack(name: str, evaluator: Evaluator) -> None:
    assert results(evaluator, ATTACKS[name]) == results(evaluator, ATTACKS["none"])


def test_the_script_is_worth_something(evaluator: Evaluator) -> None:
    """Else nothing above could differ."""
    scores = [score for score, _, failed in results(evaluator, ATTACKS["none"]) if not failed]
    assert len(scores) == 4
    assert min(scores) < 0


def test_parts_that_cannot_be_read_are_the_artifacts_own_failure(evaluator: Evaluator) -> None:
    attack = "def attack():\n    frame('serve').f_locals['observes'][:] = [None] * 2\n"
    assert all(failed and score == evaluator.task.metric.low for score, _, failed in results(evaluator, attack))
