"""Speed of Atari evaluation with a confined policy, over the bare emulator loop in the same run.

The bare loop is ``ALEInterface.act`` plus the same policy, called in process on the same (recorded) observations;
ours reads the objects, carries them to the confined process and back, and keeps the books. Both play the same
games. One core: this process, its worker and the confined child are pinned together. Two cores: two workers.

    python benchmarks/atari_speed.py [game ...] [--pairs 7] [--episodes 8] [--traced]

The policies are those in benchmarks/policies. With --traced, Pong's traced trials are measured as well.
"""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, median
from typing import Any

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Instance, View
from genopt_gym.core.task import Task, TaskSpec
from genopt_gym.envs.atari.emulator import AtariTask
from genopt_gym.evaluation import Evaluator
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.evaluation.store import MemoryStore
from genopt_gym.registration import TABLE

MAX_STEPS = 1500
"""Of an episode here, so that all games are measured within minutes."""
QUIET = 0.5
"""Load above which the figures mean little."""
POLICIES = Path(__file__).with_name("policies")
GAMES = {row.task.partition(":")[0].rpartition(".")[2]: row.task for row in TABLE if row.id.startswith("GenOpt/Atari-")}
"""By the name of its module, the task of each game."""


def spec_of(game: str) -> TaskSpec:
    return TaskSpec(GAMES[game], {"max_steps": MAX_STEPS})


def policy_artifact(task: type[Task], game: str) -> Artifact:
    """The committed policy, cut into the components of the ``modular`` structure."""
    start = task().starting_artifact("modular/naive")
    texts = re.split(r"^# --- \w+ ---\n", (POLICIES / f"{game}.py").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return start.edited(dict(zip(start.texts, texts, strict=True)))


class BareLoop:
    """The games of some instances, recorded once and then replayed at the emulator's own speed."""

    def __init__(self, task: Task, artifact: Artifact, instances: list[Instance], limit: int | None) -> None:
        assert isinstance(task, AtariTask)
        self._task = task
        namespace: dict[str, Any] = {}
        exec(artifact.source, namespace)
        self._workflow: Callable[[Any], int] = namespace["workflow"]
        self._source = artifact.source
        self._instances = instances
        self._games = [self._record(instance, limit or self._task.max_inner_steps) for instance in instances]
        self.steps = sum(map(len, self._games))

    def _fresh_workflow(self) -> Callable[[Any], int]:
        namespace: dict[str, Any] = {}
        exec(self._source, namespace)
        workflow: Callable[[Any], int] = namespace["workflow"]
        return workflow

    def _record(self, instance: Instance, limit: int) -> list[Any]:
        episode, workflow = self._task.start_episode(instance, 0), self._fresh_workflow()
        observations: list[Any] = []
        over = False
        while not over and len(observations) < limit:
            observations.append(episode.observe())
            _, over = episode.step(workflow(observations[-1]))
        return observations

    def seconds(self) -> float:
        total = 0.0
        for instance, observations in zip(self._instances, self._games, strict=True):
            ale, actions = self._task.emulator_at(instance)
            workflow = self._fresh_workflow()
            started = time.perf_counter()
            for observation in observations:
                ale.act(actions[workflow(observation)])
            total += time.perf_counter() - started
        return total


def ours(spec: TaskSpec, artifact: Artifact, instances: list[Instance], view: View | None) -> tuple[int, float]:
    """Steps and seconds of one evaluation that finds nothing in the cache."""
    evaluator = Evaluator(spec, store=MemoryStore())
    started = time.perf_counter()
    evaluation = evaluator.evaluate(artifact, instances, view)
    seconds = time.perf_counter() - started
    failure = evaluation.failure
    assert failure is None, failure
    return sum(trial.steps for trial in evaluation.trials), seconds


def measure(game: str, name: str, view: View | None, workers: int, pairs: int, episodes: int) -> float:
    """Print a line, and return the ratio's median."""
    spec = spec_of(game)
    artifact = policy_artifact(spec.load(), game)
    cores = sorted(os.sched_getaffinity(0))[:workers]
    instances = [Instance("train", index) for index in range(episodes)]
    bare = BareLoop(spec.make(), artifact, instances, view.step_limit if view else None)
    before = os.sched_getaffinity(0)
    ratios, costs, ours_rate, bare_rate = [], [], [], []
    try:
        os.environ["GENOPT_WORKERS"] = str(workers)
        os.sched_setaffinity(0, cores)
        ours(spec, artifact, instances, view)  # start the workers, and the games' start states
        for _ in range(pairs):
            os.sched_setaffinity(0, cores[:1])
            bare_seconds = bare.seconds()
            os.sched_setaffinity(0, cores)
            steps, seconds = ours(spec, artifact, instances, view)
            assert steps == bare.steps, "the two loops did not play the same games"
            bare_rate.append(steps / bare_seconds)
            ours_rate.append(steps / seconds)
            ratios.append(bare_seconds / seconds)
            costs.append((workers * seconds - bare_seconds) / steps * 1e6)
    finally:
        shared_pool().close()
        os.sched_setaffinity(0, before)
    print(
        f"{name:<28} {bare.steps:>7,} {median(bare_rate):>10,.0f} {median(ours_rate):>10,.0f}"
        f" {median(ratios):>7.3f} {min(ratios):>7.3f} {max(ratios):>7.3f} {median(costs):>9.1f}",
        flush=True,
    )
    return median(ratios)


def warn_of_load() -> None:
    """Print the load before anything runs; a machine that does something else measures something else."""
    load = os.getloadavg()[0]
    print(f"load {load:.2f} on {os.cpu_count()} cores before the start")
    if load > QUIET:
        print("WARNING: the machine is not quiet, and these figures are too low; run it again when it is")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("games", nargs="*", metavar="game")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--episodes", type=int, default=8)
    parser.add_argument("--traced", action="store_true")
    arguments = parser.parse_args()
    warn_of_load()
    print(f"medians of {arguments.pairs} alternated pairs, {arguments.episodes} episodes each; ratio: ours over bare")
    print(
        f"{'evaluation':<28} {'steps':>7} {'bare/s':>10} {'ours/s':>10}"
        f" {'ratio':>7} {'min':>7} {'max':>7} {'us/step':>9}"
    )
    cores = len(os.sched_getaffinity(0))
    ratios: dict[int, list[float]] = {1: [], 2: []}
    for game in arguments.games or GAMES:
        for workers in (1, 2):
            if workers <= cores:
                name = f"{game}, {workers} core{'s' * (workers > 1)}"
                ratios[workers].append(measure(game, name, None, workers, arguments.pairs, arguments.episodes))
    for workers, found in ratios.items():
        if found:
            print(f"mean of {len(found)} games on {workers} core(s): {fmean(found):.3f}, least {min(found):.3f}")
    if arguments.traced:
        measure("pong", "pong traced H=400, 1 core", View(400), 1, arguments.pairs, arguments.episodes)


if __name__ == "__main__":
    main()
