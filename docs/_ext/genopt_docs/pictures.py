"""Draw an artifact at play for each environment that has something to see: ``python -m genopt_docs.pictures [ID ...]``.

The artifact is the reference program where there is one, else the best start that comes with the task. The pictures
are small and part of the repository, for to play takes minutes; they are drawn again when a game or its best program
changes. Tasks whose extra is not installed are left out, and told. Environments without a screen show their scores,
which are drawn at each build.

Run it in the folder ``docs/_ext``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genopt_docs.facts import PICTURES
from genopt_gym.baselines.references import load, references
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Trial
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.discovery.problem import DiscoveryTask
from genopt_gym.evaluation import Evaluator
from genopt_gym.making import optimization_env
from genopt_gym.registration import GAMES, TABLE
from genopt_gym.runs.film import record

STARTS = ("working", "explorer", "parametric", "naive")
"""Implementations, the best first."""
WIDTH = 320
COLOURS = 64
MOMENT = 0.6
"""How far a trial has got when its picture is taken: not at the start, where all look alike, nor at a lost end."""


def best_artifact(id: str) -> tuple[Artifact, TaskSpec]:
    """The reference program, or the best start."""
    if id in references():
        return load(references()[id])
    env = optimization_env(gym.make(id, disable_env_checker=True))
    structure = env.parameters.start.partition("/")[0]  # type: ignore[union-attr]
    known = env.task.starts()
    start = next(f"{structure}/{name}" for name in STARTS if f"{structure}/{name}" in known)
    return env.task.starting_artifact(start), env.evaluator.spec


def draw(id: str, boxes: bool = False) -> NDArray[np.uint8] | None:
    """The picture of an environment; None where there is nothing to see."""
    artifact, spec = best_artifact(id)
    tester = Evaluator(spec, splits=("test",))
    instance = tester.task.instances("test")[0]
    task = tester.task
    if task.film(instance, (), [0]) is None and not isinstance(task, DiscoveryTask):
        return None
    [trial] = record(tester, artifact, [instance])
    if trial.failure is not None:
        raise RuntimeError(f"{id}: {trial.failure}")
    frames = task.film(instance, trial.actions, [_moment(trial)], boxes)
    return task.picture(trial.actions) if frames is None else next(iter(frames))


def _moment(trial: Trial) -> int:
    return max(1, int(MOMENT * len(trial.actions)))


def save(picture: NDArray[np.uint8], path: Path) -> None:
    """As a small PNG: few colours, and at most ``WIDTH`` pixels wide; pixels of small screens stay pixels."""
    image = Image.fromarray(picture)
    if image.width > WIDTH:
        image = image.resize((WIDTH, image.height * WIDTH // image.width), Image.Resampling.LANCZOS)
    elif image.width * 2 <= WIDTH:
        image = image.resize((image.width * 2, image.height * 2), Image.Resampling.NEAREST)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def main(wanted: Sequence[str]) -> None:
    """Draw those named, or all."""
    games = dict(GAMES)
    for id in wanted or [*(row.id for row in TABLE), *games]:
        name = id.removeprefix("GenOpt/").removesuffix("-v0").lower()
        try:
            picture = draw(id.replace("Objects", "Atari"), boxes=id in games)
        except Exception as error:  # an extra or data that is not here
            print(f"{id}: left out: {type(error).__name__}: {str(error)[:100]}", file=sys.stderr)
            continue
        if picture is not None:
            save(picture, PICTURES / f"{name}.png")
            print(f"{id}: {(PICTURES / f'{name}.png').stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
