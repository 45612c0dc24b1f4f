"""A worker and its confined process on one core, over wherever the kernel puts them.

Evaluations of CartPole in alternated pairs, in one process: as ever, and while this process holds the claims of all
cores, so that the worker finds none free. By one worker, and by two.

    python benchmarks/shared_core.py [--pairs 15]
"""

from __future__ import annotations

import argparse
import os
import time
from itertools import count
from statistics import median

from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.evaluation.store import MemoryStore
from genopt_gym.sandbox.shared_core import claim

SPEC = TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"validation_size": 32})
POLICY = "def policy(obs):\n    return 1 if obs['pole_angle'] + {} * obs['pole_velocity'] > 0 else 0\n"
_numbers = count(1)


def seconds(evaluator: Evaluator) -> float:
    start = evaluator.task.starting_artifact("one_function/naive")
    artifact = start.edited({"policy": POLICY.format(1 + next(_numbers) * 1e-9)})
    began = time.perf_counter()
    failure = evaluator.evaluate(artifact, "validation").failure
    assert failure is None, failure
    return time.perf_counter() - began


def measure(workers: int, pairs: int) -> None:
    os.environ["GENOPT_WORKERS"] = str(workers)
    evaluator = Evaluator(SPEC, store=MemoryStore())
    seconds(evaluator)
    ratios = []
    for _ in range(pairs):
        held = [claim(core) for core in os.sched_getaffinity(0)]
        assert None not in held, "another process evaluates"
        kernels = seconds(evaluator)
        for each in held:
            if each is not None:
                each.close()
        ratios.append(kernels / seconds(evaluator))
    shared_pool().close()
    print(f"| {workers} | {median(ratios):.2f} | {min(ratios):.2f} .. {max(ratios):.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=15)
    pairs = parser.parse_args().pairs
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; medians of {pairs} alternated pairs\n")
    print("| workers | speed on one core each, over where the kernel puts them | least .. most |\n|---|---|---|")
    for workers in (1, 2):
        measure(workers, pairs)


if __name__ == "__main__":
    main()
