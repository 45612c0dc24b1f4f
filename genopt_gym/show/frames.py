"""The screens of a traced trial, one picture for all: what was seen at each inner step that the evidence shows."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from itertools import islice
from typing import Any

from genopt_gym.core.evidence import Trial
from genopt_gym.core.task import Task

MOST = 134
"""Frames of one trial: every third step of a window of 400."""
COLUMNS = 10
COLOURS = 64
WIDEST = 240
"""Pixels of a frame; wider ones are made smaller by a whole factor."""


def actions_of(trial: Trial) -> Sequence[Any] | None:
    """All actions of a traced trial up to the end of its window; ``None`` where they are not known."""
    if trial.actions:
        return trial.actions
    start = len(trial.instance.prefix)
    if not trial.events or [event.step for event in trial.events] != [*range(start, start + len(trial.events))]:
        return None
    return [*trial.instance.prefix, *(event.action for event in trial.events if event.action is not None)]


def moments_of(steps: Sequence[int]) -> Sequence[int]:
    """Those of a window's inner steps at whose beginning there is a frame; a few of many, evenly.

    >>> moments_of([0, 1, 2, 7]), moments_of(range(400))[:3], len(moments_of(range(400)))
    ([0, 1, 2, 7], [0, 3, 6], 134)
    """
    return list(steps[:: -(-len(steps) // MOST)])


def frames(task: Task, trial: Trial, longest: int | None = None) -> dict[str, Any] | None:
    """A sheet of frames as a PNG picture in base64, and which inner step each belongs to; ``None`` without a screen.

    Args:
        task: of the trial.
        trial: with its events.
        longest: actions up to which a trial is played again; ``None`` plays any.
    """
    from PIL import Image

    actions = actions_of(trial)
    if actions is None or not trial.events or (longest is not None and len(actions) > longest):
        return None
    moments = [step for step in moments_of([event.step for event in trial.events]) if step <= len(actions)]
    found = task.film(trial.instance, actions, moments)
    if found is None:
        return None
    images = [Image.fromarray(frame) for frame in islice(found, len(moments))]
    if (factor := -(-images[0].width // WIDEST)) > 1:
        images = [image.reduce(factor) for image in images]
    width, height = images[0].size
    sheet = Image.new("RGB", (width * min(COLUMNS, len(images)), height * -(-len(images) // COLUMNS)))
    for place, image in enumerate(images):
        sheet.paste(image, (place % COLUMNS * width, place // COLUMNS * height))
    small = sheet.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    small.save(buffer, format="PNG", compress_level=6)
    return {
        "moments": moments,
        "columns": COLUMNS,
        "width": width,
        "height": height,
        "png": base64.b64encode(buffer.getvalue()).decode(),
    }
