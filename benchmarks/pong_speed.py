"""Speed of Pong evaluation with a confined policy, over the bare emulator loop in the same run.

The bare loop is ``ALEInterface.act`` plus the same policy, called in process on the same (recorded) observations;
ours reads the objects, carries them to the confined process and back, and keeps the books. Both play the same
games. One core: this process, its worker and the confined child are pinned together. Two cores: two workers.

    python benchmarks/pong_speed.py [--pairs 7] [--episodes 8]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from genopt_gym.artifact import Artifact
from genopt_gym.envs.atari.pong import Pong
from genopt_gym.evaluation import Evaluator
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.evaluation.store import MemoryStore
from genopt_gym.evidence import Instance, View
from genopt_gym.task import TaskSpec

POLICY = Path(__file__).with_name("pong_policy.py").read_text(encoding="utf-8")
HORIZON = 400


def policy_artifact() -> Artifact:
    """The committed policy as an artifact of the ``one_function`` structure's workflow: one text, all functions."""
    start = Pong.starting_artifact("modular/naive")
    predict, _, select = POLICY.partition("# --- select_action ---\n")
    return start.edited({"predict_ball_trajectory": predict, "select_action": select})


class BareLoop:
    """The games of some instances, recorded once and then replayed at the emulator's own speed."""

    def __init__(self, artifact: Artifact, instances: list[Instance], limit: int | None) -> None:
        self._task = Pong()
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


def ours(artifact: Artifact, instances: list[Instance], view: View | None) -> tuple[int, float]:
    """Steps and seconds of one evaluation that finds nothing in the cache."""
    evaluator = Evaluator(TaskSpec("genopt_gym.envs.atari.pong:Pong", {}), store=MemoryStore())
    started = time.perf_counter()
    evaluation = evaluator.evaluate(artifact, instances, view)
    seconds = time.perf_counter() - started
    failure = evaluation.failure
    assert failure is None, failure
    return sum(trial.steps for trial in evaluation.trials), seconds


def measure(name: str, artifact: Artifact, view: View | None, workers: int, pairs: int, episodes: int) -> None:
    cores = sorted(os.sched_getaffinity(0))[:workers]
    instances = [Instance("train", index) for index in range(episodes)]
    bare = BareLoop(artifact, instances, view.step_limit if view else None)
    before = os.sched_getaffinity(0)
    ratios, costs, ours_rate, bare_rate = [], [], [], []
    try:
        os.environ["GENOPT_WORKERS"] = str(workers)
        os.sched_setaffinity(0, cores)
        ours(artifact, instances, view)  # start the workers, and the games' start states
        for _ in range(pairs):
            os.sched_setaffinity(0, cores[:1])
            bare_seconds = bare.seconds()
            os.sched_setaffinity(0, cores)
            steps, seconds = ours(artifact, instances, view)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--episodes", type=int, default=8)
    arguments = parser.parse_args()
    artifact = policy_artifact()
    print(f"medians of {arguments.pairs} alternated pairs, {arguments.episodes} episodes each; ratio: ours over bare")
    print(
        f"{'evaluation':<28} {'steps':>7} {'bare/s':>10} {'ours/s':>10}"
        f" {'ratio':>7} {'min':>7} {'max':>7} {'us/step':>9}"
    )
    for name, view, workers in (
        ("untraced, 1 core", None, 1),
        (f"traced H={HORIZON}, 1 core", View(HORIZON), 1),
        ("untraced, 2 cores", None, 2),
    ):
        if workers <= len(os.sched_getaffinity(0)):
            measure(name, artifact, view, workers, arguments.pairs, arguments.episodes)
        else:
            print(f"{name:<28} left out: this machine lends only {len(os.sched_getaffinity(0))} core(s)")


if __name__ == "__main__":
    main()
