"""What a verification of each open problem costs: processor time in this process, median of some rounds.

Verified are solutions of the usual size: what the start ``working`` constructs, and for step functions, coefficients
and sets of numbers random ones of the sizes that are published.

    python benchmarks/discovery.py [--rounds 20]
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported: processor time is that of one thread

import argparse
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.discovery.problem import DiscoveryTask
from genopt_gym.registration import TABLE

GOAL = 50
"""Milliseconds."""


def solutions(name: str, task: DiscoveryTask) -> dict[str, Any]:
    """Solutions by their size, in words."""
    rng = np.random.default_rng(0)
    if name.endswith("Autocorrelation"):
        return {f"{n:,} heights": rng.random(n).tolist() for n in (50, 600, 5_000)}
    if name == "ErdosMinimumOverlap":
        halves = [rng.random(n // 2).tolist() for n in (50, 600, 5_000)]
        return {f"{2 * len(half):,} heights": [*half, *(1 - h for h in half)] for half in halves}
    if name == "UncertaintyInequality":
        return {f"{n} coefficients": [0.3 * (-0.04) ** k for k in range(n)] for n in (3, 6, 12)}
    if name == "SumsAndDifferences":
        return {f"{n:,} numbers": [0, *rng.choice(10**6, n - 1, replace=False).tolist()] for n in (100, 2_003)}
    # The text is the task's own; an artifact's would be run confined.
    namespace: dict[str, Any] = {}
    exec(task.starts_by_name["working"].start, namespace)
    solution = namespace["start"](0)
    return {f"{len(solution):,} rows": solution}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args(arguments).rounds
    print(f"processor time of a verification, median of {rounds}; goal: {GOAL} ms")
    print(f"{'problem':<30}{'solution':<18}{'ms':>9}  goal")
    for row in TABLE:
        if not row.id.startswith("GenOpt/Discovery-"):
            continue
        task: Any = TaskSpec(row.task, {}).make()
        name = row.id.removeprefix("GenOpt/Discovery-").removesuffix("-v0")
        for size, solution in solutions(name, task).items():
            spent = []
            for _ in range(rounds):
                began = time.process_time()
                task.verify(solution)
                spent.append(1000 * (time.process_time() - began))
            verdict = "met" if median(spent) < GOAL else "missed"
            print(f"{name:<30}{size:<18}{median(spent):>9.2f}  {verdict}", flush=True)


if __name__ == "__main__":
    main()
