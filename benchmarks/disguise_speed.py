"""Speed of evaluation under a disguise, over the same evaluation without one.

The program acts at random in both, and does the same in both, so that the same games are played; the two are measured
in turns, in pairs. What differs is what the disguise does in the worker: names and places of every observation, one
action back.

    python benchmarks/disguise_speed.py [ID ...] [--pairs 7] [--episodes 8] [--cpu | --map]

With --map the disguise's work on observations is timed alone, in this process, and held against the simulator's own
steps (stepping, and reading what is observed): the ratio of an evaluation that did nothing else. With --cpu
what is compared is the processor time of worker and confined child, which other processes disturb less.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from contextlib import suppress
from statistics import fmean, median
from typing import Any

import psutil
from gymnasium import spaces

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Instance
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.registration import TABLE

FAMILIES = ("GenOpt/Atari-", "GenOpt/Control-")
GOAL = 0.97
EPISODES, STEPS = 8, 250
"""Of --map."""


def processor_seconds() -> float:
    """Of all processes that this one has started, the ended ones among them."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # ended meanwhile: its parent has its times
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def acting_at_random(task: Any) -> Artifact:
    """The random start; where actions are whole numbers, with the same action under either code."""
    start: Artifact = task.starting_artifact("one_function/random")
    space = task.action_space()
    if not isinstance(space, spaces.Discrete):
        return start
    first = int(space.start)
    told = [first + code for code in range(int(space.n))]
    if task.disguise is not None:
        told.sort(key=task.disguise.actions.original)
    parameters = start.components[0].signature.partition("(")[2].partition(")")[0]
    text = f"import random\n\n\ndef policy({parameters}):\n    return random.choice({told})\n"
    return start.edited({"policy": text})


def steps_per_second(spec: TaskSpec, repeat: int, clock: Callable[[], float]) -> float:
    """Of one evaluation of a random program on train instances that were not evaluated yet."""
    evaluator = Evaluator(spec, splits=("train",))
    episodes = spec.arguments["validation_size"]
    instances = evaluator.task.instances("train")[repeat * episodes : (repeat + 1) * episodes]
    artifact = acting_at_random(evaluator.task)
    began = clock()
    evaluator.evaluate(artifact, instances)
    return evaluator.ledger.total.inner_steps / (clock() - began)


def measure(id: str, task: str, pairs: int, episodes: int, clock: Callable[[], float]) -> float:
    """The median ratio over pairs."""
    facts: dict[str, Any] = {"validation_size": episodes, "train_size": episodes * (pairs + 1)}
    if "/Atari-" in id:
        facts["max_steps"] = 1000
    else:  # episodes of some dozens of steps
        facts = {name: 16 * size for name, size in facts.items()}
    plain, hidden = TaskSpec(task, facts), TaskSpec(task, {**facts, "disguise": 1})
    ratios, speeds = [], []
    for pair in range(pairs + 1):
        order = (plain, hidden) if pair % 2 else (hidden, plain)
        found = {spec is hidden: steps_per_second(spec, pair, clock) for spec in order}
        if pair:  # the first starts processes and emulators
            ratios.append(found[True] / found[False])
            speeds.append(found[True])
    ratio = median(ratios)
    print(f"| {id} | {fmean(speeds):,.0f} | {ratio:.3f} | {min(ratios):.3f} .. {max(ratios):.3f} |", flush=True)
    return ratio


def share_of_map(id: str, task: str) -> None:
    """Processor time of the maps for each simulator step, and what it leaves of the simulator's own speed."""
    made: Any = TaskSpec(task, {"disguise": 1}).make()
    space, simulated, seen = made.action_space(), 0.0, []
    space.seed(0)
    for index in range(EPISODES):
        episode = made.start_episode(Instance("train", index), 0)
        actions = [space.sample() for _ in range(STEPS)]
        began = time.process_time()
        for action in actions:
            seen.append(episode.observe())
            if episode.step(action if isinstance(action, int) else action.tolist())[1]:
                break
        simulated += time.process_time() - began
    began = time.process_time()
    for observation in seen:
        made.disguise.observations(observation)
    mapped = time.process_time() - began
    micros = 1e6 / len(seen)
    words = f"{simulated * micros:.1f} | {mapped * micros:.2f} | {simulated / (simulated + mapped):.3f}"
    print(f"| {id} | {words} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--episodes", type=int, default=8)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--map", action="store_true")
    asked = parser.parse_args()
    clock = processor_seconds if asked.cpu else time.perf_counter
    os.environ.setdefault("GENOPT_WORKERS", "1")
    rows = [row for row in TABLE if row.id in asked.ids or (not asked.ids and row.id.startswith(FAMILIES))]
    if asked.map:
        print("| task | µs of a simulator step | µs of the maps | ratio |\n|---|---|---|---|")
        for row in rows:
            share_of_map(row.id, row.task)
        return
    shared_pool()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| task | steps/s, disguised | ratio to undisguised (median) | least .. most |")
    print("|---|---|---|---|", flush=True)
    ratios = [measure(row.id, row.task, asked.pairs, asked.episodes, clock) for row in rows]
    print(f"\nmean of the medians {fmean(ratios):.3f}, least {min(ratios):.3f}; the goal is {GOAL}")


if __name__ == "__main__":
    main()
