"""The bootstrap interval agrees with theory where theory knows the answer."""

from __future__ import annotations

import numpy as np
import pytest

from genopt_gym.core.intervals import bootstrap_interval


def test_interval_of_many_values_is_that_of_the_normal_approximation() -> None:
    values = np.random.default_rng(1).normal(5.0, 2.0, 400)
    low, high = bootstrap_interval(values.tolist())
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_the_same_values_give_the_same_interval() -> None:
    assert bootstrap_interval([1.0, 5.0, 2.5]) == bootstrap_interval([1.0, 5.0, 2.5])


def test_two_values_are_too_few() -> None:
    with pytest.raises(ValueError, match="at least 3 values, got 2"):
        bootstrap_interval([1.0, 2.0])
