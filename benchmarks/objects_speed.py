"""Speed of ``GenOpt/Objects-<Game>-v0``, made by ``gym.make``, over the bare emulator in the same run.

Both play the same games: same start, same random actions, same dice. Bare is ``ALEInterface.act`` alone, with nothing
read; ours reads the objects, fills the vector and passes two wrappers. Resets are left out. Processor time of this one
thread, which other programs on the machine disturb less than the clock on the wall.

    python benchmarks/objects_speed.py [Game ...] [--pairs 7] [--steps 2000]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import fmean, median
from time import process_time
from typing import Any

import gymnasium as gym

from genopt_gym.envs.atari.objects import ObjectsEnv
from genopt_gym.registration import GAMES

Games = list[tuple[int, list[int]]]
"""Seed and actions of each."""


def random_games(env: gym.Env[Any, Any], steps: int) -> Games:
    """Games of random actions, of ``steps`` steps together."""
    games: Games = []
    env.action_space.seed(0)
    while steps:
        seed, actions, over = len(games), [], False
        env.reset(seed=seed)
        while steps and not over:
            actions.append(int(env.action_space.sample()))
            _, _, terminated, truncated, _ = env.step(actions[-1])
            over, steps = terminated or truncated, steps - 1
        games.append((seed, actions))
    return games


def seconds(env: gym.Env[Any, Any], games: Games, step: Callable[[int], Any]) -> float:
    total = 0.0
    for seed, actions in games:
        env.reset(seed=seed)
        began = process_time()
        for action in actions:
            step(action)
        total += process_time() - began
    return total


def measure(id: str, pairs: int, steps: int) -> float:
    """Print a line, and return the ratio's median."""
    env = gym.make(id)
    core = env.unwrapped
    assert isinstance(core, ObjectsEnv)
    games = random_games(env, steps)
    minimal = core.ale.getMinimalActionSet()

    def act(action: int) -> None:
        core.ale.act(minimal[action])

    bare, ours = [], []
    for _ in range(pairs):
        bare.append(seconds(env, games, act))
        ours.append(seconds(env, games, env.step))
    ratios = [b / o for b, o in zip(bare, ours, strict=True)]
    print(
        f"{id:<32} {len(core.names):>7} {steps / median(bare):>10,.0f} {steps / median(ours):>10,.0f}"
        f" {median(ratios):>7.3f} {min(ratios):>7.3f} {max(ratios):>7.3f}",
        flush=True,
    )
    return median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("games", nargs="*", metavar="Game")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--steps", type=int, default=2000)
    chosen = parser.parse_args()
    print(f"medians of {chosen.pairs} alternated pairs of {chosen.steps:,} steps; ratio: ours over bare")
    print(f"{'environment':<32} {'entries':>7} {'bare/s':>10} {'ours/s':>10} {'ratio':>7} {'min':>7} {'max':>7}")
    ids = [f"GenOpt/Objects-{name}-v0" for name in chosen.games] or [id for id, _ in GAMES]
    ratios = [measure(id, chosen.pairs, chosen.steps) for id in ids]
    print(f"mean {fmean(ratios):.3f}, least {min(ratios):.3f}")


if __name__ == "__main__":
    main()
