"""Speed of CartPole's evaluation with a confined policy, over a loop in process that calls the same policy.

Both play the same 64 episodes. The loop in process plays one after another: step of the bare Gymnasium environment,
observation as a dict, call of the workflow. Ours plays them in lockstep, sends every observation to the confined
process and its action back, checks it, and keeps the books. All on one core. On a machine that others use, go by the
last column: the ratio of the processor time of this process, its worker and the confined child.

    python benchmarks/control_speed.py [--pairs 7]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import psutil

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Instance
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.control.cart_pole import CartPole
from genopt_gym.evaluation import Evaluator
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.evaluation.store import MemoryStore

EPISODES = 64
POLICY = """\
def policy(obs):
    lean = obs["pole_angle"] + 0.3 * obs["pole_velocity"] + 0.1 * obs["cart_velocity"] + 0.05 * obs["cart_position"]
    return int(lean > 0)
"""


class AllAtOnce(CartPole):
    """The same task, with all episodes in one block."""

    block_size: ClassVar[int] = EPISODES


ENTRIES = {16: "genopt_gym.envs.control.cart_pole:CartPole", EPISODES: f"{Path(__file__).stem}:{AllAtOnce.__name__}"}
"""The task, by how many episodes of it share a confined process."""


def processor_seconds() -> float:
    """Of this process and all its helpers, so far."""
    process = psutil.Process()
    return float(sum(sum(each.cpu_times()[:4]) for each in (process, *process.children(recursive=True))))


def in_process(task: CartPole, artifact: Artifact, instances: list[Instance]) -> int:
    """The loop in process; how many steps it took."""
    namespace: dict[str, Any] = {}
    exec(artifact.source, namespace)
    workflow: Callable[[Any], int] = namespace["workflow"]
    env, names, steps = task.make_inner(), tuple(task.fields), 0
    for instance in instances:
        values, _ = env.reset(seed=task.seed(instance))
        for _ in range(task.max_inner_steps):
            values, _, terminated, _, _ = env.step(workflow(dict(zip(names, values.tolist(), strict=True))))
            steps += 1
            if terminated:
                break
    return steps


def ours(entry: str, artifact: Artifact, instances: list[Instance]) -> int:
    """One evaluation that finds nothing in the cache; how many steps it took."""
    evaluation = Evaluator(TaskSpec(entry, {}), store=MemoryStore()).evaluate(artifact, instances)
    assert evaluation.failure is None, evaluation.failure
    return sum(trial.steps for trial in evaluation.trials)


def timed(play: Callable[[], int]) -> tuple[int, float, float]:
    """Steps, seconds, and seconds of processor time."""
    busy, started = processor_seconds(), time.perf_counter()
    steps = play()
    return steps, time.perf_counter() - started, processor_seconds() - busy


def measure(lockstep: int, pairs: int) -> None:
    """Print a line."""
    entry = ENTRIES[lockstep]
    task = TaskSpec(entry, {}).make()
    assert isinstance(task, CartPole)
    instances = [Instance("train", index) for index in range(EPISODES)]
    artifact = task.starting_artifact("one_function/naive").edited({"policy": POLICY})
    ours(entry, artifact, instances)  # start the worker
    ratios, busy_ratios, rates = [], [], []
    for _ in range(pairs):
        steps, bare_seconds, bare_busy = timed(lambda: in_process(task, artifact, instances))
        same_steps, seconds, busy = timed(lambda: ours(entry, artifact, instances))
        assert steps == same_steps, "the two loops did not play the same games"
        ratios.append(bare_seconds / seconds)
        busy_ratios.append(bare_busy / busy)
        rates.append((steps / bare_seconds, steps / seconds))
    bare_rate, our_rate = map(median, zip(*rates, strict=True))
    print(
        f"{lockstep:>8} {steps:>7,} {bare_rate:>13,.0f} {our_rate:>7,.0f}"
        f" {median(ratios):>6.2f} {min(ratios):>5.2f} {max(ratios):>5.2f} {median(busy_ratios):>10.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    pairs = parser.parse_args().pairs
    os.environ["GENOPT_WORKERS"] = "1"
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    print(f"{EPISODES} episodes; medians of {pairs} alternated pairs; ratio: ours over the loop in process; goal: 0.6")
    heads = f"{'lockstep':>8} {'steps':>7} {'in process/s':>13} {'ours/s':>7} {'ratio':>6} {'min':>5} {'max':>5}"
    print(f"{heads} {'processor':>10}")
    for lockstep in ENTRIES:
        measure(lockstep, pairs)
    shared_pool().close()


if __name__ == "__main__":
    main()
