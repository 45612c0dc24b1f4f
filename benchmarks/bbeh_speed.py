"""Speed of 175 program trials, confined, beside the same program run by ``exec`` in this process.

The questions are made up and as long as those of ShuffledObjects (10,000 to 17,000 characters). One program follows
the few hundred swaps in each; another gives one answer to all, so that nothing but our own work is left. In process
they are compiled once and get a new namespace for each question, as they do in the confined processes; ours sends
questions and answers between three processes, grades, and keeps the books.

    python benchmarks/bbeh_speed.py [--pairs 15]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import View
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.bbeh.tasks import TASKS, BBEHTask
from genopt_gym.evaluation import Evaluator
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.evaluation.store import MemoryStore

TRIALS = 175
GOAL_MS = 500
NAMES = ("Ann", "Ben", "Cleo", "Dan", "Elif", "Finn", "Gus")
SWAPS = (280, 470)
PROGRAM = """\
import re


def solve(question):
    story, choices = question.split("Options:")
    has = dict(re.findall(r"(\\w+) begins with the (\\w+) card", story))
    for one, other in re.findall(r"Then (\\w+) and (\\w+) swap", story):
        has[one], has[other] = has[other], has[one]
    asked = re.search(r"Which card has (\\w+)\\?", story)[1]
    letters = {text: letter for letter, text in re.findall(r"\\((\\w)\\) (\\w+)", choices)}
    return f"({letters[has[asked]]})"
"""
CONSTANT = "def solve(question):\n    return '(A)'\n"


def write_questions(folder: Path, rng: random.Random) -> None:
    """200 questions in a checkout's layout."""
    path = folder / "benchmark_tasks" / f"bbeh_{TASKS['ShuffledObjects'].slug}" / "task.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"examples": [question(rng) for _ in range(TRIALS + 25)]}), encoding="utf-8")


def question(rng: random.Random) -> dict[str, str]:
    cards = ["red", "blue", "green", "black", "white", "pink", "grey"]
    has = dict(zip(NAMES, rng.sample(cards, len(cards)), strict=True))
    sentences = [f"{name} begins with the {card} card." for name, card in has.items()]
    for _ in range(rng.randint(*SWAPS)):
        one, other = rng.sample(NAMES, 2)
        has[one], has[other] = has[other], has[one]
        sentences.append(f"Then {one} and {other} swap the cards.")
    asked = rng.choice(NAMES)
    options = "\n".join(f"({letter}) {card}" for letter, card in zip("ABCDEFG", cards, strict=True))
    text = f"{' '.join(sentences)} Which card has {asked}?\nOptions:\n{options}"
    return {"input": text, "target": f"({'ABCDEFG'[cards.index(has[asked])]})"}


def in_process(artifact: Artifact, task: BBEHTask) -> float:
    """Seconds for the test split without any walls."""
    instances = task.instances("test")
    questions = [task.question(instance) for instance in instances]
    started = time.perf_counter()
    code = compile(artifact.source, "<artifact>", "exec")
    answers = []
    for text in questions:
        namespace: dict[str, Any] = {}
        exec(code, namespace)
        workflow: Callable[[str], str] = namespace["workflow"]
        answers.append(workflow(text))
    right = [task.is_right(instance, answer) for instance, answer in zip(instances, answers, strict=True)]
    seconds = time.perf_counter() - started
    assert all(right) or artifact.texts["solve"] == CONSTANT
    return seconds


def confined(artifact: Artifact, spec: TaskSpec, view: View | None) -> float:
    """Seconds for the same trials in an evaluation that finds nothing in the cache."""
    evaluator = Evaluator(spec, splits=("test",), store=MemoryStore())
    started = time.perf_counter()
    evaluation = evaluator.evaluate(artifact, "test", view)
    seconds = time.perf_counter() - started
    assert evaluation.failure is None
    assert len(evaluation.trials) == TRIALS
    assert evaluation.score == 1 or artifact.texts["solve"] == CONSTANT
    return seconds


def measure(name: str, artifact: Artifact, spec: TaskSpec, view: View | None, workers: int, pairs: int) -> None:
    before = os.sched_getaffinity(0)
    cores = sorted(before)[:workers]
    task = TASKS["ShuffledObjects"](**spec.arguments)
    bare, ours = [], []
    try:
        os.environ["GENOPT_WORKERS"] = str(workers)
        os.sched_setaffinity(0, cores)
        first = confined(artifact, spec, view)  # starts the workers
        for _ in range(pairs):
            bare.append(in_process(artifact, task))
            ours.append(confined(artifact, spec, view))
    finally:
        shared_pool().close()
        os.sched_setaffinity(0, before)
    ratio = median(b / o for b, o in zip(bare, ours, strict=True))
    met = "met" if median(ours) * 1000 < GOAL_MS else "MISSED"
    print(
        f"{name:<22} {median(bare) * 1000:>9.1f} {median(ours) * 1000:>9.1f} {max(ours) * 1000:>9.1f}"
        f" {first * 1000:>9.0f} {ratio:>7.3f}  {met}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=15)
    arguments = parser.parse_args()
    print(f"{TRIALS} trials; medians of {arguments.pairs} alternated pairs; ratio: ours over bare; goal: {GOAL_MS} ms")
    print(f"{'evaluation':<22} {'bare ms':>9} {'ours ms':>9} {'worst ms':>9} {'first ms':>9} {'ratio':>7}  goal")
    with tempfile.TemporaryDirectory() as folder:
        write_questions(Path(folder), random.Random(0))
        fixed = {"split_order": "fixed", "train_size": 15, "validation_size": 10}
        spec = TaskSpec("genopt_gym.envs.bbeh.tasks:ShuffledObjects", {"data_dir": folder, **fixed})
        start = spec.make().starting_artifact("program/naive")
        for name, program, view, workers in (
            ("swaps, 1 core", PROGRAM, None, 1),
            ("swaps, traced, 1 core", PROGRAM, View(None), 1),
            ("swaps, 2 cores", PROGRAM, None, 2),
            ("constant, 1 core", CONSTANT, None, 1),
            ("constant, 2 cores", CONSTANT, None, 2),
        ):
            artifact = start.edited({"solve": program})
            if workers <= len(os.sched_getaffinity(0)):
                measure(name, artifact, spec, view, workers, arguments.pairs)
            else:
                print(f"{name:<22} left out: this machine lends only {len(os.sched_getaffinity(0))} core(s)")


if __name__ == "__main__":
    main()
