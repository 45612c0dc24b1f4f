"""Films: what an artifact's play looks like, for tasks that have a screen.

The artifact runs once, confined as ever, and leaves its actions; the frames come from playing these actions
again on the trusted side, which needs no artifact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.errors import UserError
from genopt_gym.core.evidence import Instance, Trial, View
from genopt_gym.core.task import Task
from genopt_gym.evaluation import Evaluator
from genopt_gym.evaluation.block_progress import Told

if TYPE_CHECKING:
    from PIL import Image

FRAMES = 300
STRIDE = 3
"""Inner steps from one frame to the next; with more, a ball is hard to follow."""
FRAME_MS = 60
LAST_FRAME_MS = 2000
COLOURS = 256
"""Of a film as .gif."""
SCALE = 2
LARGE = 240
"""Pixels of width from which a screen is shown as it is; smaller ones are enlarged."""

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


def check_path(path: Path) -> None:
    """Raise UserError, with what to do, if no film can be written there."""
    if path.suffix not in FORMATS:
        raise UserError(f"a film's path ends in {' or '.join(FORMATS)}, got {path}")
    if path.suffix == ".mp4" and find_spec("imageio_ffmpeg") is None:
        raise UserError(
            "a film as .mp4 takes another package: pip install 'genopt-gym[video]', or end the path in .gif"
        )


def save_film(path: Path, task: Task, trial: Trial, *, boxes: bool = False, told: Told | None = None) -> bool:
    """Write a recorded trial as a film; False, with nothing written, where there is nothing to see.

    Args:
        path: where to; its suffix, .gif or .mp4, says in which form.
        task: the trial's task.
        trial: with its actions.
        boxes: whether the film shows the observation's objects, as rectangles with their names.
        told: is told how many frames are drawn, and of how many.

    Raises:
        UserError: no film can be written at this path.
    """
    check_path(path)
    if trial.failure is not None:
        return False
    shown = moments(len(trial.actions))
    frames = task.film(trial.instance, trial.actions, shown, boxes)
    if frames is None:
        return False
    if told is not None:
        frames = _counted(frames, len(shown), told)
    path.parent.mkdir(parents=True, exist_ok=True)
    FORMATS[path.suffix](path, frames, not boxes)
    return True


def _counted(frames: Iterable[NDArray[np.uint8]], total: int, told: Told) -> Iterator[NDArray[np.uint8]]:
    for done, frame in enumerate(frames, 1):
        told(done, total)
        yield frame


def _scale(width: int, enlarge: bool) -> int:
    return SCALE if enlarge and width < LARGE else 1


def _save_gif(path: Path, frames: Iterable[NDArray[np.uint8]], enlarge: bool) -> None:
    from PIL import Image

    images = [Image.fromarray(frame) for frame in frames]
    width, height = images[0].size
    scale = _scale(width, enlarge)
    # One palette for all frames, from a sheet of some of them: then only what moved is stored of each.
    some = images[:: max(1, len(images) // 16)]
    sheet = Image.new("RGB", (width, height * len(some)))
    for place, image in enumerate(some):
        sheet.paste(image, (0, place * height))
    palette = _palette(sheet)
    size = (width * scale, height * scale)
    small = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    first, *rest = [image.resize(size, Image.Resampling.NEAREST) for image in small]
    durations = [FRAME_MS] * len(rest) + [LAST_FRAME_MS]
    first.save(path, format="GIF", save_all=True, append_images=rest, duration=durations, loop=0, optimize=False)


def _palette(sheet: Image.Image) -> Image.Image:
    """Of its colours; of all of them where they are few, as on most screens: to choose takes most of a film's time."""
    from PIL import Image

    colours: list[tuple[int, tuple[int, ...]]] | None = sheet.getcolors(COLOURS)  # type: ignore[assignment]
    if colours is None:
        return sheet.quantize(COLOURS)
    found = Image.new("P", (1, 1))
    values = [colour for _, colour in colours]
    values += values[-1:] * (COLOURS - len(values))
    found.putpalette([part for colour in values for part in colour])
    return found


def _save_mp4(path: Path, frames: Iterable[NDArray[np.uint8]], enlarge: bool) -> None:
    import imageio_ffmpeg

    movie = None
    for frame in frames:
        scale = _scale(frame.shape[1], enlarge)
        large = np.ascontiguousarray(frame.repeat(scale, axis=0).repeat(scale, axis=1))
        if movie is None:
            height, width, _ = large.shape
            movie = imageio_ffmpeg.write_frames(
                str(path), (width, height), fps=1000 / FRAME_MS, quality=8, macro_block_size=2, ffmpeg_log_level="error"
            )
            movie.send(None)
        movie.send(large)
    assert movie is not None
    for _ in range(LAST_FRAME_MS // FRAME_MS):
        movie.send(large)
    movie.close()


FORMATS = {".gif": _save_gif, ".mp4": _save_mp4}
