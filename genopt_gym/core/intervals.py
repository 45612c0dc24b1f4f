"""How sure a mean over few runs is: the package's one bootstrap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MIN_VALUES = 3
"""With fewer values an interval would only pretend to say something."""
RESAMPLES = 10_000
CONFIDENCE = 0.95

Array = NDArray[np.float64]


def bootstrap_interval(values: Sequence[float]) -> tuple[float, float]:
    """Percentile bootstrap interval (95 %) of the mean (Efron and Tibshirani 1993, chapter 13).

    The same values always give the same interval.

    Raises:
        ValueError: fewer than three values.

    >>> bootstrap_interval([1.0, 1.0, 1.0])
    (1.0, 1.0)
    """
    _, low, high = mean_bands([np.asarray(values, dtype=np.float64)[:, None]])
    if low is None or high is None:
        raise ValueError(f"an interval needs at least {MIN_VALUES} values, got {len(values)}")
    return float(low[0]), float(high[0])


def mean_bands(strata: Sequence[Array], resamples: int = RESAMPLES) -> tuple[Array, Array | None, Array | None]:
    """Means over strata of their means, for many figures at once; values are drawn again within each stratum.

    Args:
        strata: an array of shape (values, figures) for each stratum.
        resamples: how often values are drawn again.

    Returns:
        Means, and the lower and upper ends of their intervals, each of shape (figures,); no intervals where a stratum
        has fewer than three values.
    """
    mean = np.mean([stratum.mean(axis=0) for stratum in strata], axis=0)
    if min(map(len, strata)) < MIN_VALUES:
        return mean, None, None
    random = generator()
    drawn = np.zeros((resamples, mean.size))
    for stratum in strata:
        drawn += draw_shares(random, len(stratum), resamples) @ stratum
    low, high = percentiles(drawn / len(strata))
    return mean, low, high


def draw_shares(random: np.random.Generator, count: int, resamples: int = RESAMPLES) -> Array:
    """Which share of a resample each of ``count`` values makes up, (resamples, count).

    It is all that a resample's mean depends on.
    """
    shares: Array = random.multinomial(count, np.full(count, 1 / count), size=resamples) / count
    return shares


def percentiles(drawn: Array) -> tuple[Array, Array]:
    """Lower and upper end of the interval of figures that were computed from resamples, (resamples, ...)."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return low, high


def generator() -> np.random.Generator:
    """The same figures from the same scores, whatever else was computed before."""
    return np.random.default_rng(0)
