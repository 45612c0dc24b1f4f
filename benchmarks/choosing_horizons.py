"""Does choosing the credit horizon beat the best fixed one? A bandit over horizons against each, at equal inner steps.

Hill climbing makes the edits everywhere; words and scores use the shown window alone (``feedback_horizon=credit``), and
validation selects silently. Every run has the same budget of inner steps, validation included. The best of the fixed
horizons is taken per task in hindsight, by its mean: the hardest rival that there is.

    python benchmarks/choosing_horizons.py [--seeds 5] [--inner-steps 12000]
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import gymnasium as gym

from genopt_gym.agents import make_agent
from genopt_gym.core.intervals import bootstrap_interval
from genopt_gym.evaluation import Evaluator
from genopt_gym.making import optimization_env
from genopt_gym.runs.learning import learn
from genopt_gym.study.analysis.comparison import sign_flip_p
from genopt_gym.study.analysis.findings import p_value, signed

TASKS = ("GenOpt/Control-CartPole-v0", "GenOpt/Control-Pendulum-v0", "GenOpt/Control-MountainCar-v0")
HORIZONS = (1, 20, 200)
BANDIT = "chosen"
ENDLESS = 10_000
"""Edits of a run, which its budget ends long before."""


def score_of(id: str, arm: str, seed: int, inner_steps: int) -> tuple[float, int]:
    """The normalised test score of the best by validation, and how many edits there were."""
    parameters: dict[str, Any] = {
        "start": "modular/parametric",
        "feedback_horizon": "credit",
        "credit_horizon": max(HORIZONS) if arm == BANDIT else int(arm),
        "batch_size": 2,
        "validation_size": 2,
        "test_size": 32,
        "confirm": 0,
        "budget": {"inner_steps": inner_steps},
    }
    if arm == BANDIT:
        agent = make_agent("bandit:hill-climbing", {"horizons": HORIZONS, "round_edits": 4})
    else:
        agent = make_agent("hill-climbing", {})
    env = agent.wrapped(gym.make(id, max_episode_steps=ENDLESS, **parameters))
    learn(env, agent, seed=seed)
    core = optimization_env(env)
    tester = Evaluator(core.evaluator.spec, splits=("test",))
    return core.task.metric.normalise(tester.evaluate(core.best[0], "test").score), len(core.history) - 1


def verdict(scores: Mapping[str, Mapping[str, Sequence[float]]], tasks: Sequence[str]) -> str:
    """The bandit against the best fixed horizon of each task, paired by seed."""
    strata = []
    for task in tasks:
        best = max(map(str, HORIZONS), key=lambda arm: fmean(scores[task][arm]))
        strata.append([a - b for a, b in zip(scores[task][BANDIT], scores[task][best], strict=True)])
    differences = [difference for stratum in strata for difference in stratum]
    low, high = bootstrap_interval(differences)
    p = p_value(sign_flip_p(strata))
    return f"{signed(fmean(differences))} [{signed(low)}, {signed(high)}], p = {p}, {len(differences)} pairs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--inner-steps", type=int, default=12_000)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    arms = [*map(str, HORIZONS), BANDIT]
    scores: dict[str, dict[str, list[float]]] = {task: {arm: [] for arm in arms} for task in TASKS}
    print("| task | horizon | " + " | ".join(f"seed {seed}" for seed in range(chosen.seeds)) + " | mean | edits |")
    print("|---|---|" + "---|" * (chosen.seeds + 2), flush=True)
    for task in TASKS:
        for arm in arms:
            found = [score_of(task, arm, seed, chosen.inner_steps) for seed in range(chosen.seeds)]
            scores[task][arm] = [score for score, _ in found]
            cells = " | ".join(f"{score:.3f}" for score, _ in found)
            name = task.removeprefix("GenOpt/").removesuffix("-v0")
            edits = fmean(edits for _, edits in found)
            print(f"| {name} | {arm} | {cells} | {fmean(scores[task][arm]):.3f} | {edits:.0f} |", flush=True)
    print(f"\nchosen against the best fixed horizon of each task: {verdict(scores, TASKS)}")
    for task in TASKS:
        print(f"{task}: {verdict(scores, [task])}")


if __name__ == "__main__":
    main()
