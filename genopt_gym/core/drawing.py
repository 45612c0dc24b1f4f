"""Pictures of the loop (curves, in words and as images) and of observations. Libraries are imported on first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genopt_gym.core.metric import plain
from genopt_gym.core.task import Metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BOX_SCALE = 4
BOX_COLOURS = ((255, 255, 255), (255, 90, 90), (90, 255, 90), (120, 170, 255), (255, 230, 60), (255, 110, 255))
"""One for each kind of object."""

History = Sequence[tuple[str, float, float]]
"""Outcome, score and best score per step, from the reset on."""


def number(value: float | None, metric: Metric | None = None) -> str:
    """A score as a person reads it, in as many digits as its metric tells apart; without one in two decimals.

    >>> number(330.734375), number(-21.0), number(-0.0004), number(None)
    ('330.73', '-21', '0', '-')
    >>> number(0.5754, Metric("share", 0, 1, 0.5, 1, None))
    '0.5754'
    """
    if value is None:
        return "-"
    return plain(value, 2) if metric is None else metric.format(value)


def as_text(history: History, metric: Metric) -> str:
    """A line per step."""
    lines = [f"step  {'outcome':<16} {'score':>10} {'best':>10}   ({metric.name})"]
    for step, (outcome, score, best) in enumerate(history):
        lines.append(f"{step:>4}  {outcome:<16} {metric.format(score):>10} {metric.format(best):>10}")
    return "\n".join(lines)


def as_image(history: History, metric: Metric, frame: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """The score curve, beside the task's screen where there is one; (height, width, 3)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), dpi=80, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2 if frame is not None else 1, squeeze=False)[0]
    draw_curve(axes[0], history, metric)
    if frame is not None:
        axes[1].imshow(frame)
        axes[1].set_axis_off()
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(np.asarray(pixels)[..., :3])


def as_picture(draw: Callable[[Axes], None], title: str) -> NDArray[np.uint8]:
    """What ``draw`` draws, as an image (height, width, 3).

    Args:
        draw: draws into the axes it gets.
        title: above them.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 6), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    draw(axes)
    axes.set_title(title, fontsize=9)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(np.asarray(pixels)[..., :3])


def save_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """An image as a PNG file."""
    from PIL import Image

    Image.fromarray(pixels).save(path)


def save_curve(path: Path, history: History, metric: Metric, title: str) -> None:
    """The learning curve as a PNG file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    draw_curve(axes, history, metric)
    axes.set_title(title)
    figure.savefig(path)


def with_boxes(frame: NDArray[np.uint8], observation: Mapping[str, Any]) -> NDArray[np.uint8]:
    """The frame, four times as large, with a rectangle and a name for each object that has x, y, w and h.

    A rectangle goes around the object's pixels, and hides none of them.
    """
    from PIL import Image, ImageDraw

    height, width, _ = frame.shape
    image = Image.fromarray(frame).resize((width * BOX_SCALE, height * BOX_SCALE), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(image)
    for name, value in observation.items():
        if not (isinstance(value, Mapping) and {"x", "y", "w", "h"} <= value.keys()):
            continue
        left, top = value["x"] * BOX_SCALE, value["y"] * BOX_SCALE
        right, bottom = left + value["w"] * BOX_SCALE, top + value["h"] * BOX_SCALE
        colour = BOX_COLOURS[sum(name.rstrip("0123456789").encode()) % len(BOX_COLOURS)]
        draw.rectangle((left - 1, top - 1, right, bottom), outline=colour)
        label = draw.textbbox((0, 0), name)
        x = min(max(left - 1, 0), image.width - int(label[2]) - 1)
        y = top - int(label[3]) - 2
        draw.text((x, y if y >= 0 else bottom + 1), name, fill=colour)
    return np.asarray(image)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, which a notebook shows by itself."""
    from genopt_gym.core.figure import ShownFigure

    return ShownFigure(figsize=(width, height), dpi=90, layout="constrained")


RAN = ("ok", "unchanged")
"""Outcomes of edits whose artifact ran: only these have a score of their own."""


def draw_curve(axes: Axes, history: History, metric: Metric) -> None:
    """The score of each edit, those that failed, and the best so far, between the metric's floor and reference."""
    from matplotlib.ticker import MaxNLocator

    ran = [(step, score) for step, (outcome, score, _) in enumerate(history) if outcome in RAN]
    failed = [step for step, (outcome, _, _) in enumerate(history) if outcome not in RAN]
    best = [score for _, _, score in history]
    if ran:
        axes.plot(*zip(*ran, strict=True), "o", markersize=4, color="#7a8ca3", label="score of an edit")
    if failed:
        # At the lower edge: they have no score, and the lowest there is may lie far below all others.
        place = axes.get_xaxis_transform()
        style: dict[str, Any] = {"markersize": 5, "color": "#b42318", "markeredgewidth": 1.4, "clip_on": False}
        axes.plot(failed, [0.0] * len(failed), "x", transform=place, label="edit that failed", **style)
    axes.step(range(len(best)), best, where="post", color="#c2410c", linewidth=2, label="best so far")
    axes.axhline(metric.floor, linestyle=":", color="#888888", linewidth=1)
    axes.axhline(metric.reference, linestyle="--", color="#2563eb", linewidth=1)
    for value, name in ((metric.floor, "floor"), (metric.reference, "reference")):
        axes.annotate(name, (1, value), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
    shown = [metric.floor, metric.reference, *best, *(score for _, score in ran)]
    low, high = metric.bounds
    if high - low <= 4 * (max(shown) - min(shown)):
        margin = (high - low) * 0.04
        axes.set_ylim(low - margin, high + margin)
    axes.set_xlabel("edit")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    better = "more" if metric.direction == "maximize" else "less"
    axes.set_ylabel(f"{metric.name}\n({better} is better)", fontsize=8)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, fontsize=8, frameon=False)
    axes.grid(alpha=0.2)


def sparkline(scores: Sequence[float], metric: Metric, width: int = 260, height: int = 48) -> str:
    """A small curve of scores as an SVG element, for a page; the dashed line is the metric's reference.

    >>> sparkline([0.0, 1.0], Metric("points", 0, 1, 0, 1, None))[:39]
    '<svg viewBox="0 0 260 48" width="260" h'
    """
    shown = [metric.floor, metric.reference, *scores]
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0
    place = [height - 4 - (height - 8) * (min(max(score, low), high) - low) / span for score in scores]
    step = (width - 8) / max(len(scores) - 1, 1)
    points = " ".join(f"{4 + step * i:.1f},{y:.1f}" for i, y in enumerate(place))
    level = height - 4 - (height - 8) * (min(max(metric.reference, low), high) - low) / span
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="best score">'
        f'<line x1="0" x2="{width}" y1="{level:.1f}" y2="{level:.1f}" stroke="#2563eb" stroke-dasharray="4 3"/>'
        f'<polyline points="{points}" fill="none" stroke="#c2410c" stroke-width="2"/></svg>'
    )
