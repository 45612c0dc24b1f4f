"""What confinement costs a player of NetHack or MiniGrid: steps per second of processor time, over the bare loop's.

The bare loop plays the same games in this process with the same policy, without trace, confinement or messages; the
other side is all that the worker, its zygote and the confined child took. Both make the mazes and games they play.
Processor time, so that what else runs on the machine matters little; the better of several tries counts.

    python benchmarks/play_speed.py [GenOpt/NetHack-Score-v0 ...] [--starts modular/working] [--episodes 8]
"""

from __future__ import annotations

import argparse
import os
import random
import time
from typing import Any

import psutil

os.environ["GENOPT_WORKERS"] = "1"

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Instance
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.rollout import RolloutTask
from genopt_gym.evaluation import Evaluator
from genopt_gym.registration import TABLE

IDS = ["GenOpt/MiniGrid-MultiRoom-v0", "GenOpt/MiniGrid-KeyCorridor-v0", "GenOpt/NetHack-Score-v0"]


def bare(task: RolloutTask, artifact: Artifact, instances: list[Instance]) -> tuple[int, float]:
    """Steps, and the seconds they took, the making of mazes and games among it; to load the artifact does not count."""
    steps, seconds = 0, 0.0
    for instance in instances:
        random.seed(0)
        namespace: dict[str, Any] = {}
        for text in artifact.texts.values():
            exec(text, namespace)
        exec(artifact.workflow, namespace)
        began = time.process_time()
        episode: Any = task.start_episode(instance, 0)
        over, count = False, 0
        while not over and count < task.max_inner_steps:
            _, over = episode.step(namespace["workflow"](episode.observe()))
            count += 1
        seconds += time.process_time() - began
        steps += count
    return steps, seconds


def confined(spec: TaskSpec, artifact: Artifact, instances: list[Instance]) -> tuple[int, float]:
    """The same for the evaluator, whose worker has been started and has made its environments before."""
    evaluator = Evaluator(spec)
    evaluator.evaluate(artifact.edited(dict.fromkeys(artifact.texts, "def f(): pass")), instances)
    began = helpers_seconds()
    trials = evaluator.evaluate(artifact, instances).trials
    return sum(trial.steps for trial in trials), helpers_seconds() - began


def helpers_seconds() -> float:
    """Processor time of all processes that this one has started, those included that they have collected."""
    return sum(sum(process.cpu_times()[:4]) for process in psutil.Process().children(recursive=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", default=IDS)
    parser.add_argument("--starts", nargs="+", default=["one_function/stub", "modular/naive", "modular/working"])
    parser.add_argument("--episodes", type=int, default=8)
    parser.add_argument("--tries", type=int, default=3)
    arguments = parser.parse_args()
    entries = {row.id: row.task for row in TABLE}
    print("| id | start | bare: steps/s | confined: steps/s | ratio |\n|---|---|---|---|---|")
    for id in arguments.ids:
        spec = TaskSpec(entries[id], {})
        task = spec.make()
        assert isinstance(task, RolloutTask)
        for start in arguments.starts:
            artifact, instances = task.starting_artifact(start), task.instances("train")[: arguments.episodes]
            speeds = [
                [
                    steps / seconds
                    for steps, seconds in (bare(task, artifact, instances), confined(spec, artifact, instances))
                ]
                for _ in range(arguments.tries)
            ]
            alone, inside = (max(each) for each in zip(*speeds, strict=True))
            print(f"| {id} | {start} | {alone:,.0f} | {inside:,.0f} | {inside / alone:.2f} |", flush=True)


if __name__ == "__main__":
    main()
