"""Deep RL on the inner games, held against artifacts: PPO or DQN of Stable-Baselines3 on ``GenOpt/Objects-<Game>-v0``.

    python -m genopt_gym.baselines.deep_rl --game Pong --algorithm ppo --frames 400000 --seeds 3 --out training/pong

Every seed is trained in a folder of its own in OUT. The same command again goes on from the last checkpoints; more
``--frames`` or ``--seeds`` add to what is there. ``--compare`` takes folders of ``genopt run`` on the same game, and
other folders of this program; they join the table (report.md) and the curves (curve.png) in OUT.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from genopt_gym.baselines.comparison import read_curves, write_report
from genopt_gym.baselines.training import HYPERPARAMETERS, Training
from genopt_gym.core.errors import UserError
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.atari.emulator import AtariTask
from genopt_gym.registration import GAMES

TASKS = {id.removeprefix("GenOpt/Objects-").removesuffix("-v0"): task for id, task in GAMES}


def task_of(game: str) -> AtariTask:
    """The task of a game with its default protocol; UserError with the nearest name if there is no such game."""
    if game not in TASKS:
        near = difflib.get_close_matches(game.title(), TASKS, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(TASKS)}"
        raise UserError(f"no game {game!r}; {hint}")
    task = TaskSpec(TASKS[game], {}).make()
    assert isinstance(task, AtariTask)
    return task


def train(training: Training, frames: int, every: int) -> None:
    """Train up to ``frames``, with a line for each checkpoint, and play the test episodes."""
    console, seed, done = Console(), f"seed {training.state.seed}", training.frames
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task(seed, total=frames, completed=done)

        def show(count: int) -> None:
            progress.update(bar, completed=count)

        if 0 < done < frames:
            console.print(f"{seed}: goes on after {done:,} frames")
        for point in training.train(frames, every, show):
            words = f"{point.frames:>11,} frames, {point.seconds:>7,.0f} s, validation {point.validation:.5g}"
            console.print(f"{seed}: {words}")
    console.print(f"{seed}: test {training.test():.5g}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="Pong")
    parser.add_argument("--algorithm", choices=HYPERPARAMETERS, default="ppo")
    parser.add_argument("--frames", type=int, default=400_000, help="of training, 4 to an agent step (default: 400000)")
    parser.add_argument("--every", type=int, help="frames between checkpoints (default: a tenth of all)")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--compare", type=Path, nargs="+", default=[], metavar="FOLDER")
    chosen = parser.parse_args(arguments)
    try:
        for name, value in (("frames", chosen.frames), ("every", chosen.every or 1), ("seeds", chosen.seeds)):
            if value < 1:
                raise UserError(f"--{name} must be at least 1, got {value}")
        every = chosen.every or max(chosen.frames // 10, 1)
        task = task_of(chosen.game)
        for seed in range(chosen.seeds):
            folder = chosen.out / f"seed-{seed}"
            with closing(Training(folder, task, chosen.game, chosen.algorithm, seed)) as training:
                train(training, chosen.frames, every)
        folders = (chosen.out, *chosen.compare)
        curves = [curve for folder in folders for curve in read_curves(folder, chosen.game, task.metric)]
        print(write_report(chosen.out, chosen.game, task.metric, curves))
    except UserError as error:
        parser.exit(2, f"error: {error}\n")


if __name__ == "__main__":
    main()
