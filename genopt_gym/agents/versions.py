"""The versions of the texts that a run has had: which of them is the best so far, and the way back to each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from genopt_gym.agents.memory import Attempt, Texts, as_diff
from genopt_gym.core.metric import Metric
from genopt_gym.core.standing import edit_name


class ScoredVersion(NamedTuple):
    """The texts after an edit (0 is the start), and the score that was observed."""

    number: int
    texts: Texts
    score: float


class VersionHistory:
    """The start, and the texts of every edit that left some. Of versions with the best score the latest is the best.

    Args:
        start: the editable components at the beginning.
        score: theirs.
        metric: what scores mean.
    """

    def __init__(self, start: Texts, score: float, metric: Metric) -> None:
        self._metric = metric
        self._versions = [ScoredVersion(0, dict(start), score)]
        self._texts: dict[int | None, Texts] = {0: dict(start)}
        self._best = self._versions[0]

    def add(self, attempt: Attempt) -> None:
        """An edit was made; one that left no texts, or none that could be run, is no version."""
        if attempt.texts is None or not attempt.evaluated:
            return
        version = ScoredVersion(attempt.number, attempt.texts, attempt.score)
        self._texts[attempt.number] = attempt.texts
        if attempt.outcome == "unchanged":
            return
        self._versions.append(version)
        if self._metric.better(version.score, self._best.score) or (attempt.ran and version.score == self._best.score):
            self._best = version

    @property
    def by_number(self) -> Mapping[int | None, Texts]:
        """Their texts by the number of the edit; ``None`` is the best so far."""
        return {**self._texts, None: self._best.texts}

    def comparison(self, present: Texts, most_chars: int) -> str:
        """How the texts as they stand differ from the best so far; empty where nothing better is known.

        Args:
            present: the texts as they stand.
            most_chars: most characters of the difference; a longer one is only counted.
        """
        best = self._best
        if best.texts == present:
            return ""
        known = [each for each in self._versions if each.texts == present]
        if known and not self._metric.better(best.score, known[-1].score):
            return ""
        scored = f", of {edit_name(known[-1].number)}, scored {self._metric.format(known[-1].score)}" if known else ""
        words = f"The best so far are those of {edit_name(best.number)}: score {self._metric.format(best.score)}. "
        words += f"These{scored}. "
        changed = as_diff(best.texts, present)
        if len(changed) <= most_chars:
            return f"{words}What differs, from the best (-) to these (+):\n{changed}"
        counts = [_counts(best.texts[name], text, name) for name, text in present.items() if text != best.texts[name]]
        return f"{words}They differ in {', '.join(counts)}: too much to show."


def _counts(best: str, present: str, name: str) -> str:
    lines = as_diff({name: best}, {name: present}).split("\n")[1:]
    less, more = (sum(line.startswith(sign) for line in lines) for sign in "-+")
    return f"{name} ({less} lines of the best, {more} of these)"
