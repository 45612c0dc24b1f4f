"""The learning curves that Nie et al. 2026 released, to lie behind our own; cut where the file is faulty."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genopt_gym.core.errors import UserError
from genopt_gym.core.intervals import Array
from genopt_gym.core.task import Metric

COLUMNS = {"Game", "Step", "Mean", "SE", "Num_Trials", "Mean_Wall_Clock_Time"}
REMARKS = {"space_invaders": "its start was already a learned program"}


@dataclass(frozen=True)
class PaperCurve:
    """One arm of the paper on one game.

    Attributes:
        name: as in the file, such as ``pong_horizon1``.
        edits, mean, error: by update: its number, mean score and standard error, in points of the game.
        runs: how many the mean is over.
        remarks: what is wrong with it.
    """

    name: str
    edits: Array
    mean: Array
    error: Array
    runs: int
    remarks: str

    def normalised(self, metric: Metric) -> tuple[Array, Array, Array]:
        """Mean, mean minus and mean plus the standard error, on the scale of ``metric``."""
        lines = (self.mean, self.mean - self.error, self.mean + self.error)
        mean, low, high = (np.array([metric.normalise(score) for score in line.tolist()]) for line in lines)
        return mean, low, high


def read_paper(path: Path) -> dict[str, list[PaperCurve]]:
    """Curves by task, such as ``Atari-SpaceInvaders-v0``.

    An arm that stopped early goes on in the file with a wall time of 0 and padded values: it is cut there.

    Raises:
        UserError: the file cannot be read, or is another one.
    """
    rows: dict[str, list[Mapping[str, str]]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = sorted(COLUMNS - set(reader.fieldnames or ()))
            if missing:
                raise UserError(f"{path} is not the paper's file of learning curves: it lacks {', '.join(missing)}")
            for row in reader:
                rows.setdefault(row["Game"], []).append(row)
        curves: dict[str, list[PaperCurve]] = {}
        for name, lines in rows.items():
            game = name.split("_horizon")[0]
            task = f"Atari-{''.join(word.capitalize() for word in game.split('_'))}-v0"
            curves.setdefault(task, []).append(_curve(name, game, lines))
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"the paper's curves in {path} cannot be read: {error}") from None
    return curves


def _curve(name: str, game: str, rows: list[Mapping[str, str]]) -> PaperCurve:
    ran = [index == 0 or float(row["Mean_Wall_Clock_Time"]) > 0 for index, row in enumerate(rows)]
    kept = rows[: ran.index(False)] if False in ran else rows
    remarks = [] if len(kept) == len(rows) else [f"cut after update {kept[-1]['Step']}, where its runs end"]
    remarks += [REMARKS[game]] if game in REMARKS else []
    edits, mean, error = (np.array([float(row[column]) for row in kept]) for column in ("Step", "Mean", "SE"))
    return PaperCurve(name, edits, mean, error, int(kept[0]["Num_Trials"]), "; ".join(remarks))
