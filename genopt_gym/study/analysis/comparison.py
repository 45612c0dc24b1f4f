"""Which arms are better, and what a factor does: paired by task and seed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np

from genopt_gym.core.intervals import generator
from genopt_gym.study.analysis.statistics import Estimate, FinalScores, mean_estimate, probability_of_improvement
from genopt_gym.study.records import PlannedRun

EXACT_PAIRS = 12
"""Up to so many pairs, all assignments of signs are tried."""
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Comparison:
    """Two arms on the same tasks.

    Attributes:
        difference: mean over tasks of ``arm`` minus ``against`` at the same seed.
        probability: that a run of ``arm`` beats one of ``against``, ties counting half.
        p: of the exact sign-flip test of the differences (two-sided).
        pairs: number of runs of both arms with the same task and seed.
    """

    arm: str
    against: str
    difference: Estimate
    probability: Estimate
    p: float
    pairs: int

    @property
    def shown(self) -> bool:
        """Whether the data show a difference: neither the interval nor chance signs allow none."""
        return self.difference.excludes_zero and self.p <= SIGNIFICANT


@dataclass(frozen=True)
class Effect:
    """What a change of one level does, or (two factors) by how much the one change alters what the other does.

    Attributes:
        factors: one name or two.
        change: of each factor: its level before and after.
        estimate: difference of the mean scores, or difference of the differences, over the same tasks, seeds and
            levels of all other factors.
        p: as in ``Comparison``.
        cells: number of such combinations in one task and seed.
    """

    factors: tuple[str, ...]
    change: tuple[tuple[Any, Any], ...]
    estimate: Estimate
    p: float
    cells: int

    @property
    def shown(self) -> bool:
        return self.estimate.excludes_zero and self.p <= SIGNIFICANT


def compare(scores: FinalScores, arm: str, against: str) -> Comparison | None:
    """``arm`` minus ``against`` wherever both have a score at the same task and seed; ``None`` if nowhere."""
    ours, theirs = scores.arms.get(arm, {}), scores.arms.get(against, {})
    differences = {
        task: [score - theirs[task][seed] for seed, score in seeds.items() if seed in theirs[task]]
        for task, seeds in ours.items()
        if task in theirs
    }
    strata = [values for values in differences.values() if values]
    if not strata:
        return None
    probability = probability_of_improvement(ours, theirs, [task for task, values in differences.items() if values])
    return Comparison(arm, against, mean_estimate(strata), probability, sign_flip_p(strata), sum(map(len, strata)))


def sign_flip_p(strata: Sequence[Sequence[float]]) -> float:
    """Two-sided p-value of the mean of the strata's means, if each value's sign were a toss of a coin.

    Exact up to 12 values, by 10,000 tosses beyond. With n values it cannot fall below 2 ** (1 - n): under six no
    difference can be shown at 5 %, however large it is.

    >>> sign_flip_p([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3]])
    0.03125
    """
    values = np.concatenate([np.asarray(stratum, dtype=np.float64) / len(stratum) for stratum in strata])
    if len(values) <= EXACT_PAIRS:
        signs = np.array(list(product((1.0, -1.0), repeat=len(values))))
    else:
        signs = np.vstack([np.ones(len(values)), generator().choice((1.0, -1.0), size=(10_000, len(values)))])
    sums = np.abs(signs @ values)
    return float(np.mean(sums >= sums[0] * (1 - 1e-9)))


def pairs_to_compare(runs: Iterable[PlannedRun], controls: Sequence[str]) -> list[tuple[str, str]]:
    """Arms that differ in their agent or in one factor alone, the later planned first; every arm and its controls."""
    arms = {run.arm: run for run in runs}
    pairs = []
    for one, other in combinations(arms.values(), 2):
        if one.agent in controls or other.agent not in controls:
            one, other = other, one
        if other.agent in controls and one.agent not in controls:
            # A control may have been run at one level only, and then stands for all.
            alike = [arm.arm for arm in arms.values() if arm.agent == other.agent and arm.levels == one.levels]
            wanted = other.arm in alike or not alike
        else:
            here, there = _coordinates(one), _coordinates(other)
            wanted = sum(here.get(name) != there.get(name) for name in {**here, **there}) == 1
        if wanted:
            pairs.append((one.arm, other.arm))
    return pairs


def _coordinates(run: PlannedRun) -> dict[str, str]:
    """Where an arm stands: its agent, and its level of each factor as JSON."""
    return {"agent": run.agent, **{name: json.dumps(level, sort_keys=True) for name, level in run.levels.items()}}


def effects(runs: Iterable[PlannedRun], scores: FinalScores, controls: Sequence[str]) -> list[Effect]:
    """Main effects of all factors and interactions of any two, the agent being a factor too; controls left out.

    Levels are held against a factor's first. Every difference is formed within one task, seed and combination of all
    other levels; a seed of a task that lacks a run for it does not count.
    """
    arms = {run.arm: _coordinates(run) for run in runs if run.agent not in controls}
    levels: dict[str, list[str]] = {}
    for place in arms.values():
        for name, level in place.items():
            if level not in levels.setdefault(name, []):
                levels[name].append(level)
    names = [name for name in levels if len(levels[name]) > 1]
    found = []
    for count in (1, 2):
        for factors in combinations(names, count):
            for after in product(*(levels[name][1:] for name in factors)):
                change = tuple((levels[name][0], level) for name, level in zip(factors, after, strict=True))
                effect = _effect(factors, change, arms, scores)
                if effect is not None:
                    found.append(effect)
    return found


def _effect(
    factors: tuple[str, ...],
    change: tuple[tuple[str, str], ...],
    arms: Mapping[str, Mapping[str, str]],
    scores: FinalScores,
) -> Effect | None:
    """Each corner of the change has a sign: the product of -1 for every factor that is still before it."""
    by_place = {frozenset(place.items()): arm for arm, place in arms.items()}
    rests = (frozenset((n, v) for n, v in place.items() if n not in factors) for place in arms.values())
    corners = [
        ((-1) ** (len(factors) - sum(corner)), [(f, c[i]) for f, c, i in zip(factors, change, corner, strict=True)])
        for corner in product((0, 1), repeat=len(factors))
    ]
    cells = []
    for rest in dict.fromkeys(rests):
        cell = [(sign, by_place.get(rest | frozenset(place))) for sign, place in corners]
        if all(arm is not None for _, arm in cell):
            cells.append([(sign, scores.arms.get(arm or "", {})) for sign, arm in cell])
    if not cells:
        return None
    terms = [term for cell in cells for term in cell]
    strata = []
    for task in scores.splits:
        tables = [(sign, arm.get(task, {})) for sign, arm in terms]
        seeds = [seed for seed in tables[0][1] if all(seed in table for _, table in tables)]
        if seeds:
            strata.append([sum(sign * table[seed] for sign, table in tables) / len(cells) for seed in seeds])
    if not strata:
        return None
    readable = tuple((_level(name, a), _level(name, b)) for name, (a, b) in zip(factors, change, strict=True))
    return Effect(factors, readable, mean_estimate(strata), sign_flip_p(strata), len(cells))


def _level(name: str, text: str) -> Any:
    return text if name == "agent" else json.loads(text)
