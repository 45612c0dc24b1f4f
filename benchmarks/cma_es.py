"""What CMA-ES gains from a start with numbers to tune, on trials that it never saw.

Every seed is a learning loop of its own: edits are selected by validation, then start and best are scored on the same
test instances, so that their difference is paired. A table of all seeds, none left out, in Markdown.

    python benchmarks/cma_es.py GenOpt/Atari-Pong-v0 [more ids] [--seeds 3] [--edits 40] [--set KEY=VALUE] \\
        [--option KEY=VALUE]
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Sequence
from typing import Any

import gymnasium as gym

from genopt_gym.agents import make_agent
from genopt_gym.core.intervals import bootstrap_interval
from genopt_gym.env import OptimizationEnv
from genopt_gym.evaluation import Evaluator
from genopt_gym.making import optimization_env
from genopt_gym.runs.learning import learn


def after_a_run(id: str, seed: int, edits: int, parameters: dict[str, Any], options: dict[str, Any]) -> OptimizationEnv:
    env = gym.make(id, max_episode_steps=edits, **{"start": "modular/parametric"} | parameters)
    learn(env, make_agent("cma-es", options), seed=seed)
    return optimization_env(env)


def row(id: str, seed: int, edits: int, parameters: dict[str, Any], options: dict[str, Any]) -> str:
    """One run: means over the test instances, and the interval of their paired difference."""
    began = time.perf_counter()
    env = after_a_run(id, seed, edits, parameters, options)
    tester = Evaluator(env.evaluator.spec, splits=("test",))
    before, after = (tester.evaluate(each, "test") for each in (env.first.artifact, env.best[0]))
    gains = [b.score - a.score for a, b in zip(before.trials, after.trials, strict=True)]
    low, high = bootstrap_interval(gains) if len(gains) > 2 else (min(gains), max(gains))
    ends = sorted((env.task.metric.sign * low, env.task.metric.sign * high))
    verdict = "better" if ends[0] > 0 else "worse" if ends[1] < 0 else "open"
    validation = f"{env.validation_score(env.first):.4g} | {env.best[1]:.4g}"
    difference = f"{after.score - before.score:+.4g} | {low:+.4g} .. {high:+.4g} | {verdict}"
    floor = f"{env.task.metric.floor:.4g}"
    name = id.removeprefix("GenOpt/").removesuffix("-v0")
    seconds = time.perf_counter() - began
    return (
        f"| {name} | {floor} | {seed} | {len(env.history) - 1} | {validation} | {before.score:.4g} | {after.score:.4g} "
        f"| {difference} | {len(gains)} | {seconds:.0f} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="+")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--edits", type=int, default=40)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE")
    chosen = parser.parse_args(arguments)
    parameters, options = (
        {key: json.loads(value) for key, _, value in (word.partition("=") for word in words)}
        for words in (chosen.set, chosen.option)
    )
    warnings.simplefilter("ignore")
    heads = "task | floor | seed | edits | validation: start | best | test: start | best | difference | 95% | | n | s"
    print(f"| {heads} |\n|{'---|' * (heads.count('|') + 1)}", flush=True)
    for id in chosen.ids:
        for seed in range(chosen.seeds):
            print(row(id, seed, chosen.edits, parameters, options), flush=True)


if __name__ == "__main__":
    main()
