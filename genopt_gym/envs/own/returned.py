"""What a scoring function has given back, read and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real
from typing import Any

from genopt_gym.core.errors import UserError
from genopt_gym.core.metric import Metric
from genopt_gym.core.scored import Scored

ROUNDING = 1e-9
"""By how much of the bounds' width a score may lie beyond them: what sums of rounded numbers do."""
MAX_WORDS = 4000
"""Characters of what a function says of one trial."""


@dataclass(frozen=True)
class Returned:
    """A trial's score and what came with it."""

    score: float
    metrics: dict[str, float] = field(default_factory=dict)
    words: str = ""
    trace: Sequence[Any] = ()


def read_returned(returned: Any, metric: Metric, where: str) -> Returned:
    """What a function returned, as ``Returned``.

    Args:
        returned: a score, ``(score, metrics)``, ``(score, words)`` or ``Scored``.
        metric: what scores there are.
        where: who returned it and for which trial, as in ``score ... for train/3``.

    Raises:
        UserError: it is none of these; one sentence says what it is.
    """
    told = f"{where.partition(' for ')[0]} returned {returned!r:.200} for {where.partition(' for ')[2]}"
    scored = _as_scored(returned)
    low, high = metric.bounds
    slack = 0.0 if None in (metric.low, metric.high) else ROUNDING * (high - low)
    number = number_of(scored.score)
    if number is None or not low - slack <= number <= high + slack:
        raise UserError(f"{told}, but a score is a number {metric.range}")
    metrics = scored.metrics
    numbers = {name: number_of(value) for name, value in metrics.items()} if isinstance(metrics, Mapping) else None
    read = {name: value for name, value in (numbers or {}).items() if isinstance(name, str) and value is not None}
    if numbers is None or len(read) < len(numbers):
        raise UserError(f"{told}, but what comes with a score is a dict of finite numbers, a text, or both in Scored")
    if not isinstance(scored.feedback, str) or isinstance(scored.trace, str):
        raise UserError(f"{told}, but the feedback of a score is a text, and its trace a list of notes")
    # + 0.0 makes 0.0 of -0.0.
    return Returned(min(max(number, low), high) + 0.0, read, scored.feedback[:MAX_WORDS], list(scored.trace))


def _as_scored(returned: Any) -> Scored:
    if isinstance(returned, Scored):
        return returned
    if isinstance(returned, tuple) and len(returned) == 2:
        score, more = returned
        return Scored(score, feedback=more) if isinstance(more, str) else Scored(score, more)
    return Scored(returned)


def number_of(value: Any) -> float | None:
    """A Python or NumPy number, or an array that holds just one, as a float; None if it is none, or not finite."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, Real | Decimal):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None
