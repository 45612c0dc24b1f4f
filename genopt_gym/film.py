"""Films: what an artifact's play looks like, for tasks that have a screen.

The artifact runs once, confined as ever, and leaves its actions; the frames come from playing these actions
again on the trusted side, which needs no artifact.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genopt_gym.artifact import Artifact
from genopt_gym.evaluation import Evaluator
from genopt_gym.evidence import Instance, Trial, View
from genopt_gym.task import Task

FRAMES = 300
STRIDE = 3
"""Inner steps from one frame to the next; with more, a ball is hard to follow."""
FRAME_MS = 60
LAST_FRAME_MS = 2000
SCALE = 2

ACTIONS = View(horizon=1, window="last", keep_actions=True)
"""Whole episodes with their actions, and next to nothing of a trace."""


def record(evaluator: Evaluator, artifact: Artifact, instances: Sequence[Instance]) -> Sequence[Trial]:
    """Whole trials that keep their actions."""
    return evaluator.evaluate(artifact, instances, ACTIONS).trials


def has_screen(task: Task) -> bool:
    return task.film(task.instances("test")[0], (), [0]) is not None


def moments(steps: int) -> list[int]:
    """The inner steps that a film shows: every third, up to the end; of a long episode only its last part.

    >>> moments(7)
    [1, 4, 7]
    >>> len(moments(4000)), moments(4000)[-1]
    (300, 4000)
    """
    return list(range(steps, -1, -STRIDE))[:FRAMES][::-1]


def save_film(path: Path, task: Task, trial: Trial) -> bool:
    """Write a recorded trial as a GIF; False, with nothing written, where there is nothing to see."""
    frames = task.film(trial.instance, trial.actions, moments(len(trial.actions)))
    if frames is None or trial.failure is not None:
        return False
    from PIL import Image

    images = [Image.fromarray(frame) for frame in frames]
    width, height = images[0].size
    # One palette for all frames, from a sheet of some of them: then only what moved is stored of each.
    some = images[:: max(1, len(images) // 16)]
    sheet = Image.new("RGB", (width, height * len(some)))
    for place, image in enumerate(some):
        sheet.paste(image, (0, place * height))
    palette = sheet.quantize(256)
    size = (width * SCALE, height * SCALE)
    small = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    first, *rest = [image.resize(size, Image.Resampling.NEAREST) for image in small]
    durations = [FRAME_MS] * len(rest) + [LAST_FRAME_MS]
    path.parent.mkdir(parents=True, exist_ok=True)
    first.save(path, format="GIF", save_all=True, append_images=rest, duration=durations, loop=0, optimize=False)
    return True
