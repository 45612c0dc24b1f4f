"""Where a run stands, and what its score is of, in words: the lines of the feedback kind ``score``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from genopt_gym.core.evidence import Trial
from genopt_gym.core.metric import Metric


@dataclass(frozen=True)
class Standing:
    """The best score that was observed, and how the texts as they stand compare with it.

    Attributes:
        best_score: of the run so far, as observed.
        best_edit: the edit that had it; 0 is the start.
        present_score: of the texts as they stand, when they were run last.
        present_edit: the edit that made these texts.
        present_outcome: of that.
        is_best: whether these texts are the ones with the best score.
    """

    best_score: float
    best_edit: int
    present_score: float
    present_edit: int
    present_outcome: str
    is_best: bool

    def words(self, metric: Metric) -> str:
        """In a sentence or two."""
        best = f"Best score so far: {metric.format(self.best_score)}, of {edit_name(self.best_edit)}"
        if self.is_best:
            return f"{best}: those texts are the ones that stand now."
        how = "" if self.present_outcome in ("ok", "unchanged") else f" ({self.present_outcome})"
        stands = f"The texts that stand now are of {edit_name(self.present_edit)}, which scored "
        stands += metric.format(self.present_score) + how
        worse = "less than the best" if metric.better(self.best_score, self.present_score) else "as much"
        return f"{best}. {stands}, {worse}."


def edit_name(number: int) -> str:
    return f"edit {number}" if number else "the start"


def score_words(metric: Metric, score: float, split: str, trials: Mapping[str, Sequence[Trial]]) -> str:
    """A score, what it is called, and which trials it comes from.

    Args:
        metric: as observed.
        score: as observed.
        split: where scores come from.
        trials: by split, those of this step that may be spoken of; none of an edit that was not run.
    """
    words = f"Score ({metric.name}): {metric.format(score)}"
    of = trials.get(split, ())
    if not of:
        return f"{words}."
    words += f", from {_counted(len(of), split)}."
    train = trials.get("train", ()) if split == "validation" else ()
    if not train or any(trial.failure for trial in train):
        return words
    shown, one = _counted(len(train), "train"), len(train) == 1
    if any(not trial.ended for trial in train):
        return f"{words} The trace shows a part of {shown}, whose reward there is not comparable."
    mean = metric.format(fmean(trial.score for trial in train))
    words += f" The trace shows {shown}, which scored {mean}{'' if one else ' on average'}"
    if score != metric.high and all(trial.score == metric.high for trial in train):
        return f"{words}, the best there is: the trials that hold the score back are not shown."
    return f"{words}."


def _counted(count: int, split: str) -> str:
    return f"{count} {split} trial{'' if count == 1 else 's'}"
