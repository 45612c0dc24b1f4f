"""Where a score stands between what is known of its metric: floor, reference, record."""

from __future__ import annotations

from genopt_gym.core.metric import Metric


def on_scale(metric: Metric, score: float) -> str:
    """How far a score is from floor to reference, and what these are; empty where nobody has said what they are.

    >>> metric = Metric("points", 0, None, 210, 8503, None, sources={"floor": "random, measured", "reference": "human"})
    >>> on_scale(metric, 146250), on_scale(metric, 100)
    ('That is 17.6 of the way from the floor (210: random) to the reference (8503: human).', 'That is no better than the
    floor (210: random); the reference is 8503 (human).')
    """
    if metric.record is not None or not {"floor", "reference"} <= metric.sources.keys():
        return ""
    floor = f"{metric.format(metric.floor)}: {_in_short(metric.sources['floor'])}"
    reference, source = metric.format(metric.reference), _in_short(metric.sources["reference"])
    way = metric.normalise(score)
    if way <= 0:
        return f"That is no better than the floor ({floor}); the reference is {reference} ({source})."
    return f"That is {way:.3g} of the way from the floor ({floor}) to the reference ({reference}: {source})."


def _in_short(source: str) -> str:
    """The first clause."""
    return source.partition(",")[0].partition(";")[0].strip()
