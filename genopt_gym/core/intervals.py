"""How sure a mean over few runs is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MIN_VALUES = 3
"""With fewer values an interval would only pretend to say something."""


def bootstrap_interval(
    values: Sequence[float], confidence: float = 0.95, resamples: int = 10_000
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean (Efron and Tibshirani 1993, chapter 13).

    The same values always give the same interval.

    Raises:
        ValueError: fewer than three values.

    >>> bootstrap_interval([1.0, 1.0, 1.0])
    (1.0, 1.0)
    """
    if len(values) < MIN_VALUES:
        raise ValueError(f"an interval needs at least {MIN_VALUES} values, got {len(values)}")
    data = np.asarray(values, dtype=np.float64)
    means = np.random.default_rng(0).choice(data, (resamples, len(data))).mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)
