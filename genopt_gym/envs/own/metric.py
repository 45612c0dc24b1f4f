"""The metric of a function's scores."""

from __future__ import annotations

from collections.abc import Mapping

from genopt_gym.core.checks import number
from genopt_gym.core.errors import ParameterError
from genopt_gym.core.task import Metric

UNNAMED = "the mean over trials"
"""What a score is called of which nothing but the goal says what it is."""


def metric_of(name: str | None, scores: Mapping[str, float | None]) -> Metric:
    """The metric of what was said of a function's scores; ValueError for what cannot be."""
    if name is not None and not (isinstance(name, str) and name.strip()):
        raise ParameterError(f"name says what the score is, such as 'gap in m', got {name!r}", "name")
    for what, value in scores.items():
        if value is not None:
            number(what, value)
    low, high, solved, record = scores["low"], scores["high"], scores["solved"], scores["record"]
    floor = low if scores["floor"] is None else scores["floor"]
    reference = high if scores["reference"] is None else scores["reference"]
    if floor is None or reference is None:
        raise ValueError("where low or high is None, say floor (a poor score) and reference (a strong one)")
    if low is None and scores["failed_score"] is None:
        raise ValueError("where low is None, say failed_score, which a failed trial gets")
    metric = Metric(
        name=UNNAMED if name is None else f"{name.strip()}, mean over trials",
        low=low,
        high=high,
        floor=floor,
        reference=reference,
        solved=solved,
        direction="maximize" if floor < reference else "minimize",
        sources={
            "floor": "the worst score there is" if scores["floor"] is None else "as given",
            "reference": "the best score there is" if scores["reference"] is None else "as given",
        },
        record=record,
        failed_score=scores["failed_score"],
    )
    smallest, largest = metric.bounds
    within = [value for value in (floor, reference, solved, record) if value is not None]
    if floor == reference or smallest == largest or not smallest <= min(within) <= max(within) <= largest:
        told = ", ".join(f"{name}={value}" for name, value in scores.items() if value is not None)
        raise ValueError(
            f"{told}: scores lie between two numbers, solved among them, and so do floor, reference and record"
        )
    if low is not None and high is not None and (low < high) != (floor < reference):
        raise ValueError(f"low={low}, high={high} and floor={floor}, reference={reference} go in opposite directions")
    return metric
