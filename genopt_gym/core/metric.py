"""Metric: what a score means, and the scores it is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import floor, isfinite, log10
from typing import Literal, Self

FINEST = 4
"""Scores are written to one part in ten to this power of what lies between floor and reference,"""
FINEST_OF_RECORDS = 9
"""and those of open problems, where every digit counts, to one in ten to this."""
RECORD = "the reference program, on test: genopt play --reference ID"
"""Source of a record that a program of this library has; see ``genopt_gym.baselines.references``."""
LARGEST = 8e307
"""Stands for no bound: finite, for the sake of Gymnasium's boxes, and half of what a double can hold."""


@dataclass(frozen=True)
class Metric:
    """What a score means, and the scores it is held against.

    Attributes:
        name: what is counted, with its unit.
        low: the worst score there is, and what a failed trial gets; ``None`` if there is no worst one.
        high: the best score there is; ``None`` if nobody knows a bound.
        floor: the score of an agent that knows nothing (0 on the normalised scale).
        reference: a strong score, often human (1 on the normalised scale).
        solved: the validation score at which a run ends; ``None`` if there is none.
        direction: whether more or less is better.
        sources: where floor and reference come from.
        published: what others report, by a text that says who, where and of what.
        record: the best score known: of an open problem what is published (a score beyond it is told, and ends no
            run), elsewhere the test score of the reference program; ``sources["record"]`` says which.
        failed_score: what a failed trial gets where ``low`` is ``None``.
    """

    name: str
    low: float | None
    high: float | None
    floor: float
    reference: float
    solved: float | None
    direction: Literal["maximize", "minimize"] = "maximize"
    sources: Mapping[str, str] = field(default_factory=dict)
    published: Mapping[str, float] = field(default_factory=dict)
    record: float | None = None
    failed_score: float | None = None

    def __post_init__(self) -> None:
        if self.low is None and self.failed_score is None:
            raise ValueError("without low, the worst score there is, say what a failed trial gets: failed_score=")

    @property
    def worst(self) -> float:
        """What a failed trial gets, and an artifact that cannot be run."""
        if self.low is not None:
            return self.low
        assert self.failed_score is not None
        return self.failed_score

    @property
    def best(self) -> float:
        """The best score there is, or a number beyond all scores where nobody knows a bound."""
        return self.sign * LARGEST if self.high is None else self.high

    @property
    def sign(self) -> int:
        return 1 if self.direction == "maximize" else -1

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest score, whichever is better; ``LARGEST`` either way where there is no bound."""
        low = -self.sign * LARGEST if self.low is None else self.low
        return min(low, self.best), max(low, self.best)

    @property
    def range(self) -> str:
        """The scores there are, in words.

        >>> Metric("points", 0, 1, 0, 1, None).range
        'from 0 to 1'
        """
        low, high = self.bounds
        parts = [f"from {_spaced(low)}"] * (low > -LARGEST) + [f"to {_spaced(high)}"] * (high < LARGEST)
        return " ".join(parts) or "of any finite size"

    def format(self, score: float) -> str:
        """A score in as many digits as tell apart what the metric's scale tells apart, and no power of ten.

        >>> share, points = Metric("share", 0, 1, 0.5, 1, None), Metric("points", 0, None, 210, 8503, None)
        >>> share.format(0.575), share.format(2 / 3), points.format(146250), points.format(2737.4375)
        ('0.575', '0.66667', '146250', '2737.4')
        """
        if not isfinite(score) or abs(score) >= 1e15:
            return f"{score:.5g}"
        span = abs(self.reference - self.floor)
        published = self.record is not None and self.sources.get("record") != RECORD
        finest = FINEST_OF_RECORDS if published else FINEST
        return plain(score, max(finest - floor(log10(span)), 0) if span > 0 else finest)

    def better(self, a: float, b: float) -> bool:
        """Whether score ``a`` beats score ``b``."""
        return self.sign * a > self.sign * b

    def normalise(self, score: float) -> float:
        """0 at the floor, 1 at the reference, whatever the direction."""
        return (score - self.floor) / (self.reference - self.floor)

    def against_record(self) -> Self:
        """The same with the record as the reference, where there is one: 1 on the normalised scale is the record then.

        >>> Metric("points", 0, 50, 0, 10, None, record=40).against_record().normalise(20)
        0.5
        """
        return self if self.record is None else replace(self, reference=self.record)

    def is_solved(self, score: float) -> bool:
        return self.solved is not None and not self.better(self.solved, score)

    def is_beyond_record(self, score: float) -> bool:
        """Whether a score is better than all that was published."""
        return self.record is not None and self.better(score, self.record)


def plain(number: float, decimals: int = 6) -> str:
    """A number without a power of ten or needless zeros.

    >>> plain(10_000_000), plain(-0.0), plain(0.25), plain(3.14159265, 2)
    ('10000000', '0', '0.25', '3.14')
    """
    text = f"{number:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _spaced(number: float) -> str:
    """With a comma between thousands, from 10,000 on."""
    return f"{number:,.0f}" if abs(number) >= 10_000 and number == int(number) else plain(number)
