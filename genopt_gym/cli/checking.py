"""``genopt study check``: what a plan comes to, before anything is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from rich.console import Console

from genopt_gym.cli.planning import limits, show_calls, show_uncounted
from genopt_gym.cli.tables import print_table
from genopt_gym.study.planning.estimate import CostEstimate, added, estimate_run
from genopt_gym.study.planning.plan import load_plan
from genopt_gym.study.planning.preflight import study_problems
from genopt_gym.study.records import Plan, PlannedRun

HEADS = ("task", "arm", "runs", "edits", "train", "validation", "confirmation", "test", "model calls")
MATCHED = {
    "updates": "every run makes the same number of edits in a task",
    "trials": "every run has the same train and validation trials in a task, up to one step",
    "tokens": "every run has the same tokens; edits is a cap",
}


def check(source: str, overrides: Mapping[str, Any]) -> None:
    plan = load_plan(source, **overrides)
    # A task's arm costs the same whatever the seed.
    arms: dict[tuple[str, str], list[PlannedRun]] = {}
    for run in plan.runs:
        arms.setdefault((run.config.id, run.arm), []).append(run)
    found = [(runs, estimate_run(runs[0].config)) for runs in arms.values()]
    print(f"study     {plan.name}")
    if plan.question:
        print(fill(plan.question, 110, initial_indent="question  ", subsequent_indent=" " * 10))
    print(f"match     {plan.match}: {MATCHED[plan.match]}\n")
    print_table(Console(), HEADS, [_row(runs, estimate) for runs, estimate in found], numbers_from=2)
    print("Trials and calls are those of one run at most; what is cached is free.\n")
    for problem in study_problems(plan.runs):
        print(f"needed    {problem}")
    _show_totals(plan, found)


def _row(runs: Sequence[PlannedRun], found: CostEstimate) -> list[str]:
    trials, steps = found.trials, found.edits + 1
    numbers = [len(runs), found.edits, steps * trials.train, steps * trials.validation]
    numbers += [trials.confirmation, 2 * trials.test]
    calls = "?" if found.uncounted else f"{sum(calls.most for calls in found.calls):,}"
    return [runs[0].config.id, runs[0].arm, *(f"{number:,}" for number in numbers), calls]


def _show_totals(plan: Plan, found: Sequence[tuple[Sequence[PlannedRun], CostEstimate]]) -> None:
    train = sum(len(runs) * (e.edits + 1) * e.trials.train for runs, e in found)
    validation = sum(len(runs) * (e.edits + 1) * e.trials.validation for runs, e in found)
    confirmation = sum(len(runs) * e.trials.confirmation for runs, e in found)
    test = sum(len(runs) * 2 * e.trials.test for runs, e in found)
    total = train + validation + confirmation + test
    again = f" + {confirmation:,} confirmation" if confirmation else ""
    print(f"runs      {len(plan.runs):,}")
    print(f"trials    {train:,} train + {validation:,} validation{again} + {test:,} test = {total:,} at most")
    for calls in added(calls.times(len(runs)) for runs, e in found for calls in e.calls):
        show_calls(calls)
    if uncounted := sorted({runs[0].agent for runs, estimate in found if estimate.uncounted}):
        show_uncounted(uncounted)
    if budgets := {limits(run.config.parameters.get("budget", {})) for run in plan.runs} - {""}:
        print(f"budget    {'; '.join(sorted(budgets))} a run")
    if plan.budget:
        print(f"budget    {limits(plan.budget)} for the study")
    if not plan.controls:
        print("control   none: add controls: [random], or [best-of-n] with a model, to tell learning from trying often")
    if len({run.seed for run in plan.runs}) < 3:
        print("seeds     too few for any conclusion; take at least 3")
