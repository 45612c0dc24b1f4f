"""Can a policy learn to edit? PPO over the numbers of a program, against CMA-ES and random edits.

PPO learns to move the numbers of perturbed starting artifacts. Then it edits starts that it has not seen, on instances
that it has not seen, and CMA-ES, random edits and PPO before training edit the same ones, each with the same number of
edits. The artifact with the best validation score of each run is scored on test instances. Prints every run and every
difference, and writes them with a picture into a folder.

    python -m genopt_gym.baselines.meta_rl --out runs/meta-rl [--seeds 3] [--steps 2560] [--edits 10] [--starts 10]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import gymnasium as gym
import numpy as np

from genopt_gym.agents import make_agent
from genopt_gym.agents.sb3 import algorithm_class, train
from genopt_gym.core.errors import UserError
from genopt_gym.core.intervals import MIN_VALUES, bootstrap_interval
from genopt_gym.env import OptimizationEnv
from genopt_gym.evaluation import Evaluator
from genopt_gym.making import optimization_env
from genopt_gym.runs.config import Config
from genopt_gym.runs.learning import learn
from genopt_gym.wrappers import PerturbedStarts

# Evidence in words is of no use to these agents, and four validation trials rank artifacts well enough to learn from.
PARAMETERS: dict[str, Any] = {"start": "modular/parametric", "credit_horizon": 1, "validation_size": 4}
TRAINING_SPLITS = (0, 1, 2, 3)
FIRST_HELD_OUT_SPLIT = 100
PPO: dict[str, Any] = {
    "n_steps": 64,
    "batch_size": 128,
    "learning_rate": 2e-3,
    "gamma": 0.8,
    "gae_lambda": 0.9,
    "policy_kwargs": {"log_std_init": -0.5},
}
"""A run is short and pays at once, hence the small ``gamma``; edits are dear, hence small steps and a high rate."""
AGENTS = ("trained PPO", "untrained PPO", "cma-es", "random")


@dataclass(frozen=True)
class ScoredRun:
    """One agent's run from one held-out start.

    Attributes:
        agent: one of ``AGENTS``.
        seed: of PPO's training, and of all agents' draws.
        split: split seed of the instances, and seed of the perturbed start.
        validation: best validation score after each edit, the start's first.
        start_test: mean score of the starting artifact over the test instances.
        test: the same of the best artifact.
    """

    agent: str
    seed: int
    split: int
    validation: list[float]
    start_test: float
    test: float


def train_policies(id: str, seed: int, steps: int, edits: int, spread: float, folder: Path) -> None:
    """Write ``untrained-SEED.zip`` and ``trained-SEED.zip``: PPO before and after ``steps`` edits."""
    from stable_baselines3.common.callbacks import BaseCallback

    class Progress(BaseCallback):
        def _on_training_start(self) -> None:
            self._since = time.perf_counter()

        def _on_step(self) -> bool:
            return True

        def _on_rollout_end(self) -> None:
            gain = fmean(episode["r"] for episode in self.model.ep_info_buffer or [{"r": 0.0}])
            pace = self.num_timesteps / (time.perf_counter() - self._since)
            print(
                f"seed {seed}: {self.num_timesteps:,} of {steps:,} edits, {pace:.0f}/s; gain of a run {gain:.3f} "
                "(0 is the floor, 1 the reference; mean of the last 100 runs)",
                file=sys.stderr,
                flush=True,
            )

    for name, amount, callback in (("untrained", 0, None), ("trained", steps, Progress())):
        train(
            id,
            folder / f"{name}-{seed}.zip",
            steps=amount,
            split_seeds=TRAINING_SPLITS,
            parameters={**PARAMETERS, "max_episode_steps": edits},
            spread=spread,
            seed=seed,
            callback=callback,
            **PPO,
        )


def run(id: str, agent: str, seed: int, split: int, edits: int, spread: float, folder: Path) -> ScoredRun:
    """Edit a held-out start, and score what it became on its test instances."""
    env = PerturbedStarts(gym.make(id, max_episode_steps=edits, split_seed=split, **PARAMETERS), spread)
    core = optimization_env(env)
    kind, _, algorithm = agent.partition(" ")
    name, options = ("sb3", {"checkpoint": str(folder / f"{kind}-{seed}.zip")}) if algorithm else (agent, {})
    validation: list[float] = []
    optimizer = make_agent(name, options)
    learn(env, optimizer, seed=split, agent_seed=seed, on_step=lambda *_: validation.append(core.best[1]))
    return scored(core, agent, seed, split, validation, edits)


def scored(
    core: OptimizationEnv, agent: str, seed: int, split: int, validation: Sequence[float], edits: int
) -> ScoredRun:
    """A run that has ended, with the test scores of its start and its best artifact.

    Args:
        core: the run's environment.
        agent: its name in tables.
        seed: of the training.
        split: of the start.
        validation: best score after each step, that of ``reset`` first; shorter where the run was solved.
        edits: that a run may have.
    """
    tester = Evaluator(core.evaluator.spec, splits=("test",))
    start_test, test = (tester.evaluate(each, "test").score for each in (core.first.artifact, core.best[0]))
    whole = list(validation)
    whole += whole[-1:] * (edits + 1 - len(whole))
    return ScoredRun(agent, seed, split, whole, start_test, test)


def tables(runs: Sequence[ScoredRun], sign: int, agents: Sequence[str] = AGENTS) -> str:
    """Every run's test score, and per training seed what the first agent is ahead of each of the others."""
    found = {(each.seed, each.split, each.agent): each for each in runs}
    pairs = sorted({(seed, split) for seed, split, _ in found})
    lines = [f"| seed | split | start | {' | '.join(agents)} |", "|" + "---|" * (3 + len(agents))]
    for seed, split in pairs:
        row = [found[seed, split, agent] for agent in agents]
        scores = " | ".join(f"{each.test:.4g}" for each in row)
        lines.append(f"| {seed} | {split} | {row[0].start_test:.4g} | {scores} |")
    lines += ["", f"| seed | starts | {agents[0]}, mean | against | mean | ahead by | 95% | |", "|" + "---|" * 8]
    for seed in sorted({seed for seed, _ in pairs}):
        splits = [split for each, split in pairs if each == seed]
        mine = [found[seed, split, agents[0]].test for split in splits]
        for other in agents[1:]:
            theirs = [found[seed, split, other].test for split in splits]
            ahead = [sign * (a - b) for a, b in zip(mine, theirs, strict=True)]
            low, high = bootstrap_interval(ahead)
            verdict = "better" if low > 0 else "worse" if high < 0 else "open"
            lines.append(
                f"| {seed} | {len(splits)} | {fmean(mine):.4g} | {other} | {fmean(theirs):.4g} | {fmean(ahead):+.4g} "
                f"| {low:+.4g} .. {high:+.4g} | {verdict} |"
            )
    return "\n".join(lines)


def save_picture(path: Path, runs: Sequence[ScoredRun], title: str, agents: Sequence[str] = AGENTS) -> None:
    """Best validation score after each edit: the mean over starts, a thin line per training seed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    for number, agent in enumerate(agents):
        mine = [each for each in runs if each.agent == agent]
        seeds = sorted({each.seed for each in mine})
        means = [np.mean([each.validation for each in mine if each.seed == seed], axis=0) for seed in seeds]
        for mean in means:
            axes.plot(mean, color=f"C{number}", linewidth=0.7, alpha=0.6)
        axes.plot(np.mean(means, axis=0), color=f"C{number}", linewidth=2.2, label=agent)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("edits of a start not seen before")
    axes.set_ylabel("best validation score, mean over starts")
    axes.legend(fontsize=8)
    axes.grid(alpha=0.2)
    figure.savefig(path)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "id", nargs="?", default="GenOpt/Control-CartPole-v0", help="a task whose artifact plays episodes"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/meta-rl"), help="folder for policies and results")
    parser.add_argument("--seeds", type=int, default=3, help="trainings")
    parser.add_argument("--steps", type=int, default=2560, help="edits that a training learns from")
    parser.add_argument("--edits", type=int, default=10, help="in a run")
    parser.add_argument("--starts", type=int, default=10, help="held-out starts per training, at least 3")
    parser.add_argument("--spread", type=float, default=0.5, help="of the starting numbers, in units of their size")
    chosen = parser.parse_args(arguments)
    if chosen.starts < MIN_VALUES:
        parser.error(f"an interval needs at least --starts {MIN_VALUES}")
    try:
        algorithm_class("PPO")
        core = optimization_env(Config(chosen.id, "sb3", parameters=PARAMETERS).make())
    except UserError as error:
        parser.error(str(error))
    chosen.out.mkdir(parents=True, exist_ok=True)
    runs: list[ScoredRun] = []
    for seed in range(chosen.seeds):
        train_policies(chosen.id, seed, chosen.steps, chosen.edits, chosen.spread, chosen.out)
        first = FIRST_HELD_OUT_SPLIT + seed * chosen.starts
        for split in range(first, first + chosen.starts):
            runs += [run(chosen.id, agent, seed, split, chosen.edits, chosen.spread, chosen.out) for agent in AGENTS]
            scores = ", ".join(f"{each.agent} {each.test:.4g}" for each in runs[-len(AGENTS) :])
            print(f"seed {seed}, start {split}: {scores}", file=sys.stderr, flush=True)
    print(tables(runs, core.task.metric.sign))
    facts = {
        **vars(chosen),
        "out": str(chosen.out),
        "parameters": PARAMETERS,
        "ppo": PPO,
        "training_splits": TRAINING_SPLITS,
    }
    (chosen.out / "results.json").write_text(json.dumps(facts | {"runs": [asdict(each) for each in runs]}, indent=1))
    title = f"{chosen.id}: {chosen.seeds} trainings of {chosen.steps:,} edits, {chosen.starts} starts"
    save_picture(chosen.out / "curve.png", runs, title)


if __name__ == "__main__":
    main()
