"""Numbers that people pass: what is one, and the sentence that refuses anything else."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from genopt_gym.core.checks import number, whole_number


@pytest.mark.parametrize(("value", "bounds"), [(0, ()), (-3, ()), (1, (1,)), (5, (1, 5)), (10**30, (1,))])
def test_whole_number_within_its_bounds_is_given_back(value: int, bounds: tuple[int, ...]) -> None:
    assert whole_number("n", value, *bounds) == value


@pytest.mark.parametrize(
    ("value", "bounds", "sentence"),
    [
        (True, (), "n must be a whole number, got True"),
        (False, (0,), "n must be a whole number from 0, got False"),
        (0, (1,), "n must be a whole number from 1, got 0"),
        (6, (1, 5), "n must be a whole number from 1 to 5, got 6"),
        (2.0, (1,), "n must be a whole number from 1, got 2.0"),
        (math.nan, (1,), "n must be a whole number from 1, got nan"),
        ("3", (1,), "n must be a whole number from 1, got '3'"),
        (None, (None, 5), "n must be a whole number to 5, got None"),
    ],
)
def test_anything_else_is_no_whole_number(value: Any, bounds: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        whole_number("n", value, *bounds)


@pytest.mark.parametrize(
    ("value", "bounds"), [(0, {"minimum": 0}), (0.5, {"above": 0, "below": 1}), (-1e9, {}), (1, {})]
)
def test_number_within_its_bounds_is_given_back(value: float, bounds: dict[str, Any]) -> None:
    assert number("x", value, **bounds) == value


@pytest.mark.parametrize(
    ("value", "bounds", "sentence"),
    [
        (True, {}, "x must be a finite number, got True"),
        (math.nan, {"minimum": 0}, "x must be a number from 0, got nan"),
        (math.inf, {"above": 0}, "x must be a number above 0, got inf"),
        (0, {"above": 0}, "x must be a number above 0, got 0"),
        (1, {"minimum": 0, "below": 1}, "x must be a number from 0 and below 1, got 1"),
        (2, {"minimum": 0, "maximum": 1}, "x must be a number from 0 to 1, got 2"),
        (2, {"below": 1}, "x must be a number below 1, got 2"),
        ("1", {}, "x must be a finite number, got '1'"),
        pytest.param(10**400, {}, f"x must be a finite number, got {10**400!r}", id="no float is so large"),
    ],
)
def test_anything_else_is_no_number(value: Any, bounds: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        number("x", value, **bounds)
