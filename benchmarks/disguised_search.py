"""Whether optimizers of numbers do as well under a disguise: the numbers are the same problem.

Every seed is a learning loop from ``modular/parametric``, undisguised and with its number as disguise; start and best
are scored on the same test instances. The differences between the two are paired by seed. In Markdown.

    python benchmarks/disguised_search.py GenOpt/Atari-Pong-v0 GenOpt/Atari-Freeway-v0 [--seeds 3] [--edits 12] \\
        [--agents cma-es hill-climbing] [--set KEY=VALUE]
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import gymnasium as gym

from genopt_gym.agents import make_agent
from genopt_gym.core.intervals import bootstrap_interval
from genopt_gym.evaluation import Evaluator
from genopt_gym.making import optimization_env
from genopt_gym.runs.learning import learn


def tested(id: str, agent: str, seed: int, edits: int, parameters: dict[str, Any]) -> tuple[float, float]:
    """Test scores of start and best of one run."""
    env = gym.make(id, max_episode_steps=edits, start="modular/parametric", **parameters)
    learn(env, make_agent(agent, {}), seed=seed)
    core = optimization_env(env)
    tester = Evaluator(core.evaluator.spec, splits=("test",))
    start, best = (tester.evaluate(each, "test").score for each in (core.first.artifact, core.best[0]))
    return start, best


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="+")
    parser.add_argument("--agents", nargs="+", default=["cma-es", "hill-climbing"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--edits", type=int, default=12)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    chosen = parser.parse_args(arguments)
    parameters = {key: json.loads(value) for key, _, value in (word.partition("=") for word in chosen.set)}
    warnings.simplefilter("ignore")
    print("| task | agent | seed | start, test | best, test: undisguised | disguised | difference |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for id in chosen.ids:
        for agent in chosen.agents:
            differences = []
            for seed in range(chosen.seeds):
                start, plain = tested(id, agent, seed, chosen.edits, parameters)
                other, hidden = tested(id, agent, seed, chosen.edits, parameters | {"disguise": seed})
                assert start == other, "the starts play the same games"
                differences.append(hidden - plain)
                words = f"{start:.5g} | {plain:.5g} | {hidden:.5g} | {hidden - plain:+.5g}"
                print(f"| {id} | {agent} | {seed} | {words} |", flush=True)
            low, high = (
                bootstrap_interval(differences) if len(differences) > 2 else (min(differences), max(differences))
            )
            print(
                f"| {id} | {agent} | mean (95%) | | | | {fmean(differences):+.5g} ({low:+.5g} .. {high:+.5g}) |",
                flush=True,
            )


if __name__ == "__main__":
    main()
