"""Cost of one meta-step outside the inner game, and memory of the main process per environment.

A step's wall time less the time its worker spent running trials: reading the edit, checking it, sending it,
taking the trials back, rendering the trace and the feedback. On Pong, with one worker.

    python benchmarks/meta_step.py [--steps 30]
"""

from __future__ import annotations

import argparse
import os
import time
from statistics import median
from typing import Any

import gymnasium as gym
import psutil

import genopt_gym  # noqa: F401  (registers the ids)
from genopt_gym.making import optimization_env

HORIZONS = (1, 40, 400)


def make(horizon: int, steps: int) -> gym.Env[Any, Any]:
    return gym.make(
        "GenOpt/Atari-Pong-v0",
        credit_horizon=horizon,
        validation_size=1,
        train_size=1,
        max_episode_steps=steps + 1,
        disable_env_checker=True,
    )


def outside_milliseconds(horizon: int, steps: int) -> tuple[float, int]:
    env = make(horizon, steps)
    inner = optimization_env(env)
    observation, info = env.reset(seed=0)
    text = observation["artifact"]["select_action"]
    costs = []
    for step in range(steps):
        inside = inner.evaluator.ledger.total.seconds
        started = time.perf_counter()
        _, _, _, _, info = env.step({"select_action": f"{text}# edit {step}\n"})
        seconds = time.perf_counter() - started
        costs.append(1e3 * (seconds - (inner.evaluator.ledger.total.seconds - inside)))
    return median(costs), info["horizon_shown"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=30)
    steps = parser.parse_args().steps
    os.environ["GENOPT_WORKERS"] = "1"
    process = psutil.Process()
    print(f"{'horizon':>8} {'shown':>6} {'ms outside':>11} {'us per shown step':>18}   (medians of {steps} steps)")
    base, _ = outside_milliseconds(HORIZONS[0], steps)
    for horizon in HORIZONS:
        cost, shown = outside_milliseconds(horizon, steps)
        print(f"{horizon:>8} {shown:>6} {cost:>11.2f} {1e3 * (cost - base) / max(shown, 1):>18.1f}")
    count, before = 8, process.memory_info().rss
    envs = [make(400, steps) for _ in range(count)]
    for seed, env in enumerate(envs):
        env.reset(seed=seed)
    grown = (process.memory_info().rss - before) / count / 2**20
    print(f"main process: {before / 2**20:.0f} MB, and {grown:.1f} MB more per further environment")


if __name__ == "__main__":
    main()
