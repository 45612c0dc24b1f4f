"""Trainings and learning loops on the same game, in one table and one picture: what did how many frames buy?

Frames are all that was played to choose: training or traced trials, and validation. Test episodes choose nothing.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from genopt_gym.baselines.training import read_state
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.core.task import Metric
from genopt_gym.envs.atari.emulator import FRAME_SKIP
from genopt_gym.runs.config import read_run
from genopt_gym.runs.folder import read_result

COLOURS = ("#c2410c", "#2563eb", "#15803d", "#7e22ce", "#a16207", "#0e7490")


@dataclass(frozen=True)
class SeedCurve:
    """What one seed of one optimizer reached.

    Attributes:
        name: of the optimizer, the same for all its seeds.
        effort: how much it trained, or edited.
        frames: played until each point.
        seconds: wall time until each point.
        best: highest validation score so far, at each point.
        test: test score of what has the best validation score; ``None`` if it was never played.
    """

    name: str
    seed: int
    effort: str
    frames: list[int]
    seconds: list[float]
    best: list[float]
    test: float | None


def read_curves(folder: Path, game: str, metric: Metric) -> list[SeedCurve]:
    """The curves of a folder of trainings, of a run folder, or of a folder of run folders.

    Raises:
        UserError: it is none of these, or of another game.
    """
    trainings = [path.parent for path in folder.glob("seed-*/state.json")]
    runs = [path.parent for path in (*folder.glob("config.json"), *folder.glob("*/config.json"))]
    curves = [_of_training(each, game, metric) for each in trainings] + [_of_run(each, game, metric) for each in runs]
    if not curves:
        raise UserError(f"{folder} holds neither a training nor a run with a finished step")
    return sorted(curves, key=lambda curve: (curve.name, curve.seed))


def write_report(out: Path, game: str, metric: Metric, curves: list[SeedCurve]) -> str:
    """The table, as Markdown; it is also in ``out/report.md``, with ``out/curve.png`` beside it."""
    rows = [
        f"| {curve.name} | {curve.seed} | {curve.effort} | {curve.frames[-1]:,} | {curve.seconds[-1] / 60:.1f} "
        f"| {curve.best[-1]:.5g} | {'' if curve.test is None else f'{curve.test:.5g}'} |"
        for curve in curves
    ]
    heads = "optimizer | seed | effort | frames played | minutes | best validation | its test"
    table = "\n".join((f"| {heads} |", f"|{'---|' * (heads.count('|') + 1)}", *rows))
    facts = f"floor {metric.floor:g}, reference {metric.reference:g}; {os.cpu_count()} cores, {platform.platform()}"
    text = f"# {game}: {metric.name}\n\n{table}\n\n{facts}\n\n![validation](curve.png)\n"
    (out / "report.md").write_text(text, encoding="utf-8")
    draw(out / "curve.png", game, metric, curves)
    return table


def draw(path: Path, game: str, metric: Metric, curves: list[SeedCurve]) -> None:
    """Best validation score against frames and against wall time, a line a seed; a dot is the test score."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), dpi=120, layout="constrained")
    colours = dict(zip(sorted({curve.name for curve in curves}), COLOURS * len(curves), strict=False))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, what in zip(panels, ("frames", "seconds"), strict=True):
        labels = set(colours)
        for curve in curves:
            places, colour = getattr(curve, what), colours[curve.name]
            axes.step(
                places, curve.best, where="post", color=colour, label=curve.name if curve.name in labels else None
            )
            labels.discard(curve.name)
            if curve.test is not None:
                axes.plot(places[-1], curve.test, "o", color=colour)
        for value, style in ((metric.floor, ":"), (metric.reference, "--")):
            axes.axhline(value, linestyle=style, color="#888888", linewidth=1)
        axes.set_xscale("log")
        axes.grid(alpha=0.2)
    panels[0].set_xlabel("frames played, validation included")
    panels[1].set_xlabel("wall time, s")
    panels[0].set_ylabel(f"best validation so far (dot: its test)\n{metric.name}", fontsize=8)
    panels[0].legend(fontsize=8)
    figure.suptitle(f"{game} (dotted: floor, dashed: reference)")
    figure.savefig(path)


def _of_training(folder: Path, game: str, metric: Metric) -> SeedCurve:
    state = read_state(folder)
    assert state is not None
    _check_game(folder, state.game, game)
    frames = [point.frames + point.validation_frames for point in state.curve]
    best = _best_so_far([point.validation for point in state.curve], metric)
    effort = f"{state.curve[-1].frames:,} frames of training"
    return SeedCurve(state.algorithm, state.seed, effort, frames, [p.seconds for p in state.curve], best, state.test)


def _of_run(folder: Path, game: str, metric: Metric) -> SeedCurve:
    config = read_run(folder)
    _check_game(folder, config.id.removeprefix("GenOpt/Atari-").removesuffix("-v0"), game)
    steps, costs = (read_journal(folder / name)[0] for name in ("steps.jsonl", "ledger.jsonl"))
    count = min(len(steps), len(costs))
    if count == 0:
        raise UserError(f"the run in {folder} has no finished step yet")
    steps, costs = steps[:count], costs[:count]
    scores = [metric.worst if row["validation_score"] is None else row["validation_score"] for row in steps]
    settings = [f"{name}={value}" for name, value in config.parameters.items()]
    return SeedCurve(
        name=" ".join((config.agent, *settings)),
        seed=config.seed,
        effort=f"{count - 1} edits",
        frames=[FRAME_SKIP * row["inner_steps"] for row in costs],
        seconds=list(accumulate(row["seconds"] for row in costs)),
        best=_best_so_far(scores, metric),
        test=read_result(folder)["test_score"] if (folder / "result.json").exists() else None,
    )


def _best_so_far(scores: list[float], metric: Metric) -> list[float]:
    return list(accumulate(scores, max if metric.sign > 0 else min))


def _check_game(folder: Path, found: str, game: str) -> None:
    if found != game:
        raise UserError(f"{folder} is of {found}, not of {game}: only the same game can be compared")
