"""Questions that are made up: the same anywhere, and never the same in two splits."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

import gymnasium as gym
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genopt_gym.core.errors import UserError
from genopt_gym.core.evidence import Instance
from genopt_gym.core.task import SPLITS
from genopt_gym.envs import reasoning
from genopt_gym.envs.reasoning import TABLE, TASKS, ReasoningTask
from genopt_gym.registration import REASONING
from genopt_gym.runs.config import Config

pytestmark = pytest.mark.skipif(importlib.util.find_spec("reasoning_gym") is None, reason="reasoning-gym is missing")

COUNTS = {"train": 40, "validation": 20, "test": 60}
SLOW = {"ZebraPuzzles"}
"""A question takes many milliseconds."""


def asked(task: ReasoningTask, few: bool = False) -> dict[str, list[str]]:
    counts = dict.fromkeys(SPLITS, 3) if few else COUNTS
    return {split: [task.question(i) for i in task.instances(split)[: counts[split]]] for split in SPLITS}


def test_the_table_is_whole() -> None:
    assert [row.name for row in TABLE] == REASONING
    assert len(TABLE) >= 12
    for row in TABLE:
        assert getattr(reasoning, row.name) is TASKS[row.name]
        assert gym.spec(f"GenOpt/Reasoning-{row.name}-v0").max_episode_steps == 15


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in TASKS])
def test_no_question_is_in_two_splits(name: str) -> None:
    """Nor in a split of another ``split_seed``, unless it is of the same kind."""
    several = [asked(TASKS[name](split_seed=seed), few=name in SLOW) for seed in (0, 1, -1)]
    by_split = {split: {question for one in several for question in one[split]} for split in SPLITS}
    assert not by_split["train"] & by_split["validation"]
    assert not by_split["test"] & (by_split["train"] | by_split["validation"])
    for one in several[1:]:
        assert all(one[split] != several[0][split] for split in SPLITS)


@settings(max_examples=200, deadline=None)
@given(st.integers(-50, 50), st.integers(-50, 50))
def test_no_number_is_drawn_twice(one: int, other: int) -> None:
    """A generator takes a number and its negative for the same; none is used for two instances."""

    class Numbers(ReasoningTask):
        generator, options, repeats = "none", {}, False
        goal, metric, structures = "", TASKS["LegCounting"].metric, TASKS["LegCounting"].structures

        def _generator(self) -> Any:
            return Echo()

    class Echo:
        def __getitem__(self, number: int) -> dict[str, Any]:
            return {"question": str(abs(number)), "answer": ""}

    places = {(seed, split, index) for seed in (one, other) for split in SPLITS for index in (0, 1, 199)}
    drawn = {Numbers(split_seed=s).question(Instance(split, i)) for s, split, i in places}
    assert len(drawn) == len(places)


def test_neighbouring_seeds_share_their_questions() -> None:
    """Why splits are ranges of numbers: the library's data sets of two seeds are the same, moved by one."""
    import reasoning_gym

    one, other = (list(reasoning_gym.create_dataset("leg_counting", seed=seed, size=100)) for seed in (5, 6))
    assert [item["question"] for item in one[1:]] == [item["question"] for item in other[:-1]]


def test_a_question_is_the_same_in_any_process() -> None:
    """Whatever the hash seed, the order of asking and the state of ``random``."""
    script = """
import json, random, sys
from genopt_gym.envs.reasoning import TASKS
from genopt_gym.core.evidence import Instance

order = int(sys.argv[1])
random.seed(order)
tasks = {name: TASKS[name]() for name in TASKS}
wanted = [(name, split, i) for name in TASKS for split, i in (("train", 0), ("test", 0), ("test", 3))][::order]
found = {}
for name, split, i in wanted:
    if name == "ZebraPuzzles" and i:
        continue
    instance = Instance(split, i)
    found[f"{name}/{instance}"] = [tasks[name].question(instance), tasks[name].expected(instance)]
print(json.dumps(found, sort_keys=True))
"""
    outputs = [
        subprocess.check_output(
            [sys.executable, "-c", script, order], env=os.environ | {"PYTHONHASHSEED": seed}, text=True
        )
        for seed, order in (("0", "1"), ("7", "-1"))
    ]
    found = [json.loads(output) for output in outputs]
    assert found[0] == found[1]
    assert len(found[0]) == 3 * len(TABLE) - 1


@pytest.mark.parametrize("name", TASKS)
def test_the_generators_answers_are_right(name: str) -> None:
    task = TASKS[name]()
    instances = [i for split in SPLITS for i in task.instances(split)[: 2 if name in SLOW else 20]]
    assert all(task.is_right(instance, task.expected(instance)) for instance in instances)
    assert not any(task.is_right(instance, "") for instance in instances)


def test_what_is_nearly_right_is_wrong() -> None:
    """The scorers give it a part of a point."""
    for name, spoil in (
        ("WordSorting", lambda answer: ", ".join(answer.split(", ")[::-1])),
        ("BaseConversion", lambda answer: f"It is {answer}"),
        ("LegCounting", lambda answer: answer + "."),
    ):
        task = TASKS[name]()
        for instance in task.instances("train")[:10]:
            near = spoil(task.expected(instance))
            assert 0 < task._generator().score_answer(near, task._item(instance)) < 1
            assert not task.is_right(instance, near)


ODD = ["9" * 5000, "1e999", "nan", "-" * 70, "99999999999999999999:00", "9" * 400 + " days", "[[" * 500, "\0", "\ud800"]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40) | st.sampled_from(ODD))
def test_no_answer_raises(answer: str) -> None:
    for task, instance in _some_of_each():
        assert task.is_right(instance, answer) in (True, False)


_few: list[tuple[ReasoningTask, Instance]] = []


def _some_of_each() -> list[tuple[ReasoningTask, Instance]]:
    if not _few:
        tasks = [TASKS[name]() for name in TASKS]
        _few.extend((task, i) for task in tasks for i in task.instances("train")[:3])
    return _few


def test_a_run_has_evidence() -> None:
    env = gym.make("GenOpt/Reasoning-LegCounting-v0", batch_size=3, feedback=["score", "answer"])
    observation, info = env.reset(seed=0)
    assert "how many legs" in observation["trace"]
    assert "Expected answer of train/" in observation["feedback"]
    assert len(info["trials"]) == 3


def test_the_library_is_imported_when_a_question_is_needed() -> None:
    code = "import sys, gymnasium, genopt_gym; gymnasium.make('GenOpt/Reasoning-Syllogism-v0').reset(seed=0); "
    code += "print('reasoning_gym' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"Syllogism needs reasoning-gym: pip install 'genopt-gym\[reasoning\]'"):
        Config("GenOpt/Reasoning-Syllogism-v0", "random").make()


@pytest.mark.parametrize(("size", "words"), [(0, "whole number from 1"), (2 * 10**9, "at most 500,000,000 questions")])
def test_sizes_that_cannot_be(size: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TASKS["Syllogism"](test_size=size)
