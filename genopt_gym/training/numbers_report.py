"""What a training of a small language model was worth: its curve, and its runs from held-out starts against others'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import fmean

import gymnasium as gym
import numpy as np

from genopt_gym.baselines.meta_rl import ScoredRun, tables
from genopt_gym.making import optimization_env
from genopt_gym.training.numbers_grpo import GrpoTraining

WINDOW = 10
"""Updates that are averaged."""
REPORT = """\
# A small language model learns to edit: {id}

{model}, trained by GRPO ({versions}) on one thread of a CPU:
{updates} updates of {replies} replies, {minutes:.1f} minutes of processor time. Start `{start}`,
editable: {editable}; its numbers perturbed by {spread} of their size. `results.json` has every setting and every run.

Replies of the first {window} updates: {first}.
Replies of the last {window}: {last}.
0 is the floor and 1 the reference; a reply that cannot be read earns what the worst score does.

![reward curve](curve.png)

Starts and instances that nobody has learned on, {edits} edits each; test scores of the artifact with the best
validation score. PPO has learned from {learned:,} edits, as the model has (or from a few more, up to its next
update). "Ahead by" is positive where the trained model is better; intervals are paired bootstraps over the starts of
one training.

{tables}

![best validation score after each edit](held_out.png)
"""


def report(training: GrpoTraining, runs: Sequence[ScoredRun], agents: Sequence[str], edits: int) -> str:
    """Markdown, for a folder that holds the pictures."""
    settings, curve = training.settings, training.curve
    window = max(min(WINDOW, len(curve) // 2), 1)
    metric = optimization_env(gym.make(settings.id)).metric
    return REPORT.format(
        id=settings.id,
        model=settings.model,
        versions=", ".join(f"{package} {version(package)}" for package in ("trl", "transformers", "torch")),
        updates=len(curve),
        replies=settings.group * settings.pages,
        minutes=sum(point["processor seconds"] for point in curve) / 60,
        start=settings.parameters["start"],
        editable=settings.editable or "all components",
        spread=settings.spread,
        window=window,
        first=_means(curve[:window]),
        last=_means(curve[-window:]),
        edits=edits,
        learned=settings.edits,
        tables=tables(runs, metric.sign, agents),
    )


def save_curve(path: Path, training: GrpoTraining) -> None:
    """Mean normalised score of the replies of each update, and how many could be read."""
    from matplotlib.figure import Figure

    steps = [point["step"] for point in training.curve]
    window = min(WINDOW, len(steps))
    figure = Figure(figsize=(7, 4.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    for name, words in (("score", "normalised score of a reply"), ("readable", "share of replies that can be read")):
        values = np.array([point[name] for point in training.curve])
        line = axes.plot(steps, values, linewidth=0.7, alpha=0.5)[0]
        mean = np.convolve(values, np.full(window, 1 / window), "valid")
        axes.plot(steps[window - 1 :], mean, color=line.get_color(), linewidth=2.2, label=f"{words}, mean of {window}")
    replies = training.settings.group * training.settings.pages
    axes.set_title(f"{training.settings.id}: GRPO, {replies} replies an update", fontsize=9)
    axes.set_xlabel("update")
    axes.legend(fontsize=8)
    axes.grid(alpha=0.2)
    figure.savefig(path)


def _means(points: Sequence[Mapping[str, float]]) -> str:
    score, readable = (fmean(point[name] for point in points) for name in ("score", "readable"))
    return f"normalised score {score:.3f}, {readable:.0%} of them can be read"
