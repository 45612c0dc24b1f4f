"""Physics that differ from episode to episode: masses, lengths, gravity and forces, drawn from stated ranges."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

from genopt_gym.core.errors import ParameterError

Physics = Literal["standard", "varied", "shifted"]
MODES: tuple[str, ...] = get_args(Physics)


class Spread(NamedTuple):
    """A physical constant: its standard value, and where other values are drawn from.

    Attributes:
        standard: as in Gymnasium.
        inside: lowest and highest value of ``varied``, and of train and validation of ``shifted``.
        outside: two ranges, below and above, from which the test of ``shifted`` draws.
    """

    standard: float
    inside: tuple[float, float]
    outside: tuple[tuple[float, float], tuple[float, float]]


def spread(
    standard: float, inside: tuple[float, float] = (0.75, 1.35), far: tuple[float, float] = (0.55, 1.7)
) -> Spread:
    """A spread by factors of the standard value.

    >>> spread(10.0).inside
    (7.5, 13.5)
    """
    low, high = (standard * factor for factor in inside)
    return Spread(standard, (low, high), ((standard * far[0], low), (high, standard * far[1])))


def draw(constants: Mapping[str, Spread], seed: int, outside: bool) -> dict[str, float]:
    """Values of one episode. Outside, at least one of them, drawn by lot, lies beyond the inner ranges.

    >>> values = draw({"mass": spread(1.0), "length": spread(0.5)}, seed=3, outside=True)
    >>> any(not 0.75 <= value / standard <= 1.35 for value, standard in zip(values.values(), (1.0, 0.5)))
    True
    """
    rng = random.Random(f"physics {seed}")
    surely = rng.choice(sorted(constants))
    values = {}
    for name, each in constants.items():
        beyond = outside and (name == surely or rng.random() < 0.5)
        values[name] = rng.uniform(*(rng.choice(each.outside) if beyond else each.inside))
    return values


def check_mode(physics: Any, constants: Mapping[str, Spread], inner: str) -> None:
    """ValueError if there is no such mode, or nothing to vary."""
    if physics not in MODES:
        raise ParameterError(f"physics={physics!r} is not one of {', '.join(map(repr, MODES))}", "physics")
    if physics != "standard" and not constants:
        raise ParameterError(f"physics={physics!r}: nobody has said which constants of {inner} may vary", "physics")
