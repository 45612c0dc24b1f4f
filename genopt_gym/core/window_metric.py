"""What a score means that was earned in the shown steps of a trial alone: a scale of its own for windows.

Against the scale of a whole game the best window of 30 steps counts for next to nothing: a learner would see no reward.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import msgspec

from genopt_gym.core.evidence import View
from genopt_gym.core.metric import Metric

_MEAN = re.compile(r",? mean over \w+$")
NEGATIVE = ", counted negatively"
_TRIAL = re.compile(r" (?:in|of) an? (game|episode)\b")


class WindowScores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What two policies earn in the first steps of a trial, on average.

    Attributes:
        steps: numbers of inner steps, rising; the last is the most that a trial can have.
        floor: of the policy that knows nothing, by number of steps.
        reference: of a strong one.
        rates: of the two, per step of whole trials: for windows that begin anywhere.
        event: mean size of the rewards that are not 0; no difference between floor and reference is less.
    """

    steps: list[int]
    floor: list[float]
    reference: list[float]
    rates: tuple[float, float]
    event: float


def window_name(metric: Metric, horizon: int | None) -> str:
    """What is counted in a window; ``None`` names no number of steps.

    >>> window_name(Metric("points in a game, mean over games", 0, 9, 0, 1, None), 100)
    'points in the shown 100 steps of a game, mean over the shown games'
    """
    name = _MEAN.sub("", metric.name)
    noun = found[1] if (found := _TRIAL.search(name)) else "trial"
    steps = "steps" if horizon is None else "step" if horizon == 1 else f"{horizon:,} steps"
    one = f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
    less = NEGATIVE if name.endswith(NEGATIVE) else ""
    what = _TRIAL.sub("", name.removesuffix(NEGATIVE))
    return f"{what} in the shown {steps} of {one}{less}, mean over the shown {noun}s"


def window_metric(metric: Metric, view: View, scores: WindowScores | None) -> Metric:
    """The metric of windows.

    Args:
        metric: of whole trials.
        view: which steps are shown, fewer than a trial can have.
        scores: as measured; where nobody has, floor and reference stay those of whole trials.
    """
    assert view.horizon is not None
    named = replace(metric, name=window_name(metric, view.horizon), solved=None, record=None, published={})
    if scores is None:
        return named
    if view.window == "first" and not view.keep_actions:
        floor, reference = (interpolated(scores.steps, each, view.horizon) for each in (scores.floor, scores.reference))
        what = "in the first steps"
    else:
        floor, reference = (rate * view.horizon for rate in scores.rates)
        what = "per step of whole trials"
    if metric.sign * (reference - floor) < scores.event:
        reference = floor + metric.sign * scores.event
    sources = {
        "floor": f"uniform random policy, measured {what}",
        "reference": f"a strong program, measured {what}; at least a usual reward above the floor",
    }
    return replace(named, floor=floor, reference=reference, sources=sources)


def interpolated(places: Sequence[int], values: Sequence[float], at: float) -> float:
    """The value of a broken line through (0, 0) and these points; beyond the last it stays.

    >>> interpolated([1, 10], [1.0, 4.0], 4), interpolated([2, 10], [1.0, 4.0], 1), interpolated([1], [3.0], 9)
    (2.0, 0.5, 3.0)
    """
    for (x, y), (to, next_y) in pairwise([(0, 0.0), *zip(places, values, strict=True)]):
        if at <= to:
            return y + (next_y - y) * (at - x) / (to - x)
    return values[-1]
