"""What a study costs beside its runs.

Two runs at once over one after another; the index (and the report) of 100,000 stored steps; and Ray over local
processes, with runs that take about ``--run-seconds`` each. Studies are run in alternated pairs.

    python benchmarks/study.py [--pairs 3] [--runs 8] [--run-seconds 30] [--steps 100000] [--only workers index ray]
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median

from genopt_gym.cli import app
from genopt_gym.runs.config import Config
from genopt_gym.study.execution.execute import Executor, run_study
from genopt_gym.study.execution.local import LocalExecutor
from genopt_gym.study.folder import StudyFolder, run_path
from genopt_gym.study.index import build_index, read_index
from genopt_gym.study.records import Plan, PlannedRun

PARTS = ("workers", "index", "ray")
STEPS_OF_A_RUN = 100


def plan(runs: int, edits: int) -> Plan:
    """Runs that all take about the same time: no random edit gets the car up the hill."""
    parameters = {"start": "modular/parametric", "validation_size": 64, "test_size": 4}

    def planned(number: int) -> PlannedRun:
        config = Config("GenOpt/Control-MountainCar-v0", "random", seed=number, edits=edits, parameters=parameters)
        return PlannedRun(f"random-{number}", config, "random", {}, "random", number)

    return Plan("benchmark", "What does a study cost?", [planned(number) for number in range(runs)])


def seconds(plan: Plan, executor: Executor) -> float:
    with tempfile.TemporaryDirectory() as folder, closing(StudyFolder(Path(folder), plan)) as study:
        started = time.perf_counter()
        outcome = run_study(study, executor)
        assert outcome.done == len(plan.runs), outcome
        return time.perf_counter() - started


def edits_for(run_seconds: float) -> int:
    """How many edits make a run of that length here, with one worker."""
    few, many = (seconds(plan(1, edits), LocalExecutor(1)) for edits in (10, 60))
    return max(10, round(10 + 50 * (run_seconds - few) / (many - few)))


def compare(what: str, a: Callable[[], float], b: Callable[[], float], pairs: int) -> None:
    ratios = []
    for _ in range(pairs):
        first, second = a(), b()
        ratios.append(first / second)
        print(f"  {first:.1f} s over {second:.1f} s = {ratios[-1]:.3f}", flush=True)
    print(f"{what}: {median(ratios):.3f} (median of {pairs}, {min(ratios):.3f} to {max(ratios):.3f})", flush=True)


def show_workers(runs: int, edits: int, pairs: int) -> None:
    """On one core each: left alone, a run by itself would evaluate on both."""
    os.environ["GENOPT_WORKERS"] = "1"
    work = plan(runs, edits)
    one, two = (lambda: seconds(work, LocalExecutor(1))), (lambda: seconds(work, LocalExecutor(2)))
    compare("one local worker over two", one, two, pairs)


def show_ray(edits: int, pairs: int) -> None:
    """On a cluster that stands, as clusters do: starting it is no part of the cost."""
    import ray

    from genopt_gym.study.execution.on_ray import RayExecutor

    ray.init(num_cpus=2, log_to_driver=False, logging_level=logging.ERROR)
    work = plan(4, edits)
    seconds(plan(2, 1), RayExecutor(workers=2))
    on_ray, local = (lambda: seconds(work, RayExecutor(workers=2))), (lambda: seconds(work, LocalExecutor(2)))
    compare("Ray over local processes", on_ray, local, pairs)
    ray.shutdown()


def stored(folder: Path, steps: int) -> None:
    """A study of so many steps: one run that was made, copied with other seeds."""
    count = steps // STEPS_OF_A_RUN
    whole = plan(count, STEPS_OF_A_RUN - 1)
    made = StudyFolder(folder, replace(whole, runs=whole.runs[:1]))
    run_study(made, LocalExecutor(2))
    made.close()
    (folder / "plan.json").unlink()
    for name in ("driver.json", "index.sqlite"):
        (folder / name).unlink()
    shutil.move(folder / "runs", folder.with_name("runs"))
    StudyFolder(folder, whole).close()
    shutil.move(folder.with_name("runs"), folder / "runs")
    first = run_path(folder, whole.runs[0].key)
    config = json.loads((first / "config.json").read_text())
    for run in whole.runs[1:]:
        path = run_path(folder, run.key)
        shutil.copytree(first, path)
        config["run"]["seed"] = run.seed
        (path / "config.json").write_text(json.dumps(config))


def show_index(steps: int, pairs: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "study"
        stored(folder, steps)
        costs: dict[str, list[float]] = {"index built": [], "index read": [], "report (index included)": []}
        for _ in range(pairs):
            started = time.perf_counter()
            records = build_index(folder)
            costs["index built"].append(time.perf_counter() - started)
            assert sum(len(record.steps.outcome) for record in records) == steps
            started = time.perf_counter()
            assert len(read_index(folder)) == len(records)
            costs["index read"].append(time.perf_counter() - started)
            started = time.perf_counter()
            app(["report", str(folder)], standalone_mode=False)
            costs["report (index included)"].append(time.perf_counter() - started)
        for what, found in costs.items():
            print(f"{what}, {steps:,} steps: {median(found):.2f} s (median of {pairs})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--run-seconds", type=float, default=30.0)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    arguments = parser.parse_args()
    if "index" in arguments.only:
        show_index(arguments.steps, arguments.pairs)
    if {"workers", "ray"} & set(arguments.only):
        edits = edits_for(arguments.run_seconds)
        print(f"runs of about {arguments.run_seconds:g} s: {edits} edits")
        if "workers" in arguments.only:
            show_workers(arguments.runs, edits, arguments.pairs)
        if "ray" in arguments.only:
            show_ray(edits, arguments.pairs)


if __name__ == "__main__":
    main()
