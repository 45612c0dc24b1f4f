"""What the programs of this room and of `benchmarks/` measured, as `genopt list --scores` shows it.

``measured.json`` is a list of ``Series``. What it holds stands in `benchmarks/results/` too, with intervals.
"""

from __future__ import annotations

from importlib.resources import files

import msgspec


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One optimizer with one budget on several environments."""

    optimizer: str
    """Its name, with what it began from."""
    budget: str
    """What each seed could use, such as ``40 edits``."""
    protocol: str
    command: str
    """What printed the scores."""
    results: str
    """The file with the whole table."""
    scores: dict[str, list[float]]
    """Id to test scores of what each seed chose by validation; in the order of the seeds, from 0."""


def measured() -> list[Series]:
    """Every recorded series.

    >>> [series] = [series for series in measured() if "GenOpt/Atari-Pong-v0" in series.scores][:1]
    >>> series.optimizer, series.scores["GenOpt/Atari-Pong-v0"]
    ('cma-es from modular/parametric', [1.3, 3.2, -10.35])
    """
    data = files("genopt_gym.baselines").joinpath("measured.json").read_bytes()
    return msgspec.json.decode(data, type=list[Series])
