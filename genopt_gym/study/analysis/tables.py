"""The report's tables, as plain values: what the page shows and the CSV files hold."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np

from genopt_gym.core.edit import EditOutcome
from genopt_gym.study.analysis.comparison import Comparison, Effect
from genopt_gym.study.analysis.curves import time_to_best
from genopt_gym.study.analysis.statistics import (
    Estimate,
    FinalScores,
    aggregate,
    common_tasks,
    mean_estimate,
    task_name,
)
from genopt_gym.study.records import RunRecord

Arms = Mapping[str, Sequence[RunRecord]]
"""Arm to its runs."""


@dataclass(frozen=True)
class Table:
    """Rows of text, numbers, estimates and ``None``; ``name`` is the CSV file's."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def save(self, folder: Path) -> None:
        """As CSV; a column of estimates becomes value, low, high and seeds."""
        wide = [any(isinstance(row[i], Estimate) for row in self.rows) for i in range(len(self.columns))]
        with (folder / f"{self.name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            heads: list[str] = []
            for column, estimates in zip(self.columns, wide, strict=True):
                heads += [column, f"{column}: low", f"{column}: high", f"{column}: seeds"] if estimates else [column]
            writer.writerow(heads)
            for row in self.rows:
                cells: list[Any] = []
                for cell, estimates in zip(row, wide, strict=True):
                    cells += _parts(cell) if estimates else [cell]
                writer.writerow(map(_rounded, cells))


def aggregates(scores: FinalScores) -> Table:
    """``rliable``'s figures of each arm over the tasks that all arms have finished."""
    tasks = common_tasks(scores.arms)
    rows: list[list[Any]] = []
    measures: dict[str, Estimate] = {}
    for arm, of_tasks in scores.arms.items():
        try:
            measures = aggregate(of_tasks, tasks)
        except ValueError:
            continue
        rows.append([arm, *measures.values(), measures["mean"].seeds, len(tasks)])
    return Table("aggregates", ["arm", *measures, "seeds", "tasks"], rows)


def comparisons(found: Sequence[Comparison]) -> Table:
    columns = ["arm", "verdict", "against", "difference", "p", "probability of improvement", "pairs"]
    return Table(
        "comparisons",
        columns,
        [[c.arm, verdict(c), c.against, c.difference, c.p, c.probability, c.pairs] for c in found],
    )


def effects(found: Sequence[Effect]) -> Table:
    rows = [[describe(e), verdict(e), e.estimate, e.p, e.estimate.seeds, e.cells] for e in found]
    return Table("effects", ["effect", "verdict", "difference", "p", "seeds", "cells"], rows)


def describe(effect: Effect) -> str:
    """``credit_horizon: 1 → 400``; two of them joined by × are an interaction.

    >>> describe(Effect(("h",), ((1, 400),), Estimate(0.1, None, None, 2), 0.5, 1))
    'h: 1 → 400'
    """
    words = (f"{name}: {before} → {after}" for name, (before, after) in zip(effect.factors, effect.change, strict=True))
    return " × ".join(words)


def verdict(found: Comparison | Effect) -> str:
    estimate = found.difference if isinstance(found, Comparison) else found.estimate
    if estimate.low is None:
        return "too few seeds"
    if not found.shown:
        return "not shown"
    return "higher" if estimate.value > 0 else "lower"


def task_scores(arms: Arms) -> Table:
    """Scores in the task's own points; gaps on the normalised scale, where a positive one is meta-overfitting.

    ``gap`` is by how much the best artifact's validation promised more than test held, ``confirmed gap`` the same of
    its confirmation.
    """
    scores = ["start, validation", "best, validation", "best, confirmation", "start, test", "best, test"]
    scores += ["gap", "confirmed gap", "start's gap"]
    names = ("start_score", "validation_score", "confirmation_score", "start_test_score", "test_score")
    seen = (
        ("validation_score", "test_score"),
        ("confirmation_score", "test_score"),
        ("start_score", "start_test_score"),
    )
    rows = []
    for task, arm, runs in _by_task(arms):
        done = [run for run in runs if run.state == "done"]
        points = [_mean([getattr(run, name) for run in done]) for name in names]
        gaps = [_mean([_gap(run, *pair) for run in done]) for pair in seen]
        rows.append([task, arm, *points, *gaps, len(done)])
    return Table("scores", ["task", "arm", *scores, "seeds"], rows)


def promises(arms: Arms) -> list[tuple[str, float, float]]:
    """Arm, validation and test of its best artifacts in each task, normalised means over the runs that have both."""
    found = []
    for _, arm, runs in _by_task(arms):
        both = [
            (run.metric.normalise(run.validation_score), run.metric.normalise(run.test_score))
            for run in runs
            if run.state == "done" and run.validation_score is not None and run.test_score is not None
        ]
        if both:
            validation, test = (fmean(column) for column in zip(*both, strict=True))
            found.append((arm, validation, test))
    return found


def budgets(arms: Arms) -> Table:
    """What a run of each arm has spent, as means over its runs: the three budgets that can be matched, and others."""
    rows = []
    for arm, runs in arms.items():
        begun = [run.steps for run in runs if len(run.steps.outcome)]
        if begun:
            totals = [[s.trials[-1], s.inner_steps[-1], s.tokens[-1], s.money[-1], s.seconds[-1]] for s in begun]
            trials, inner, tokens, money, seconds = (float(mean) for mean in np.mean(totals, axis=0))
            updates = fmean(len(steps.outcome) - 1 for steps in begun)
            known = None if np.isnan(money) else money
            rows.append([arm, updates, trials, tokens, known, inner, seconds, len(begun)])
    columns = ["arm", "edits", "trials", "tokens", "US dollars", "inner steps", "seconds", "runs"]
    return Table("budgets", columns, rows)


def evidence(arms: Arms) -> Table:
    """How much of a trace the agent was shown and how long its prompts were, by task."""
    rows = []
    for task, arm, runs in _by_task(arms):
        begun = [run for run in runs if len(run.steps.outcome) > 1]
        if not begun:
            continue
        asked = {run.horizon_asked for run in begun}
        shown = np.concatenate([run.steps.horizon_shown for run in begun])
        edits = sum(len(run.steps.outcome) - 1 for run in begun)
        prompt = sum(int(run.steps.prompt_tokens[-1]) for run in begun) / edits
        cut = sum(is_cut(run) for run in begun)
        flag = f"short of it in {cut} of {len(begun)} runs" if cut else ""
        words = sorted("all" if one is None else str(one) for one in asked)
        rows.append([task, arm, ", ".join(words), float(np.median(shown)), int(shown.max()), prompt, flag])
    columns = ["task", "arm", "horizon asked", "shown (median)", "shown (most)", "prompt tokens an edit", "note"]
    return Table("evidence", columns, rows)


def is_cut(run: RunRecord) -> bool:
    """Whether no trace of the run ever showed as many inner steps as were asked for."""
    shown = run.steps.horizon_shown
    return run.horizon_asked is not None and len(shown) > 0 and int(shown.max()) < run.horizon_asked


def times_to_best(arms: Arms) -> Table:
    """When the best artifact was first there: medians over the finished runs that beat their start."""
    rows = []
    for task, arm, runs in _by_task(arms):
        times = [time for time in map(time_to_best, runs) if time is not None]
        better = [time for time in times if time.edits > 0]
        columns = zip(*[(t.edits, t.trials, t.tokens, t.seconds) for t in better], strict=True)
        medians: list[float | None] = [float(median(column)) for column in columns] or [None] * 4
        rows.append([task, arm, *medians, len(better), len(times)])
    heads = ["task", "arm", "edits", "trials", "tokens", "seconds", "improved runs", "runs"]
    return Table("time_to_best", heads, rows)


def outcomes(arms: Arms) -> Table:
    """How many edits of each arm went how; the reset is not counted.

    Outcomes that this version does not know (of an extension, or of a newer version) stand after the others.
    """
    counts = {arm: Counter(map(str, (o for run in runs for o in run.steps.outcome[1:]))) for arm, runs in arms.items()}
    stored = {outcome for count in counts.values() for outcome in count}
    known = [str(outcome) for outcome in EditOutcome if outcome in stored]
    heads = known + sorted(stored.difference(known))
    return Table("outcomes", ["arm", *heads], [[arm, *(count[o] for o in heads)] for arm, count in counts.items()])


def all_runs(records: Iterable[RunRecord]) -> Table:
    scores = ("start_score", "validation_score", "confirmation_score", "start_test_score", "test_score")
    names = (*scores, "ended_by", "best", "problem")
    spent = ("trials", "inner_steps", "tokens", "money", "seconds")
    rows = []
    for record in records:
        run, steps = record.run, record.steps
        totals = [getattr(steps, name)[-1] if len(steps.outcome) else None for name in spent]
        facts = [getattr(record, name) for name in names]
        edits = max(len(steps.outcome) - 1, 0)
        rows.append([run.key, run.config.id, run.arm, run.seed, record.state, edits, *totals, *facts])
    return Table("runs", ["run", "environment", "arm", "seed", "state", "edits", *spent, *names], rows)


def _by_task(arms: Arms) -> list[tuple[str, str, list[RunRecord]]]:
    tasks = dict.fromkeys(task_name(run.run) for runs in arms.values() for run in runs)
    groups = [(t, arm, [run for run in runs if task_name(run.run) == t]) for t in tasks for arm, runs in arms.items()]
    return [group for group in groups if group[2]]


def _mean(values: Sequence[float | None]) -> Estimate | None:
    """``None`` where a value is missing: the mean of the others would be another thing."""
    known = [value for value in values if value is not None]
    return mean_estimate([known]) if known and len(known) == len(values) else None


def _gap(run: RunRecord, validation: str, test: str) -> float | None:
    seen, hidden = getattr(run, validation), getattr(run, test)
    if seen is None or hidden is None:
        return None
    return run.metric.normalise(seen) - run.metric.normalise(hidden)


def _parts(cell: Any) -> list[Any]:
    if isinstance(cell, Estimate):
        return [cell.value, cell.low, cell.high, cell.seeds]
    return [cell, None, None, None]


def _rounded(cell: Any) -> Any:
    """Twelve digits: what a sum of floats has beyond them is noise.

    >>> _rounded(-395.49999999999994), _rounded(1e-17), _rounded("arm")
    (-395.5, 0.0, 'arm')
    """
    if not isinstance(cell, float) or cell - cell != 0:
        return cell
    return float(f"{cell:.12g}") if abs(cell) > 1e-12 else 0.0
