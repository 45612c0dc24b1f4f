"""The report of a study: one HTML page, and its figures and tables as PNG and CSV files beside it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import write_atomically
from genopt_gym.study.analysis import tables
from genopt_gym.study.analysis.comparison import Comparison, Effect, compare, effects, pairs_to_compare
from genopt_gym.study.analysis.curves import AXES, Curve, axes_used, curve
from genopt_gym.study.analysis.findings import beyond_records, caveats, findings, headline
from genopt_gym.study.analysis.statistics import FinalScores, final_scores, task_name
from genopt_gym.study.folder import read_plan, storage
from genopt_gym.study.index import build_index
from genopt_gym.study.pages import run_pages
from genopt_gym.study.records import Plan, RunRecord
from genopt_gym.study.reporting import figures
from genopt_gym.study.reporting.figures import Panel, Style
from genopt_gym.study.reporting.page import Drawn, ReportPage, render
from genopt_gym.study.reporting.paper import PaperCurve, read_paper
from genopt_gym.study.reporting.provenance import best_artifacts, command, machines, versions
from genopt_gym.version import VERSION

Scale = Literal["reference", "record"]
"""What 1 is on the normalised scale."""
EVERY = 10
"""Seconds between two versions of a page that is watched."""


@dataclass(frozen=True)
class Summary:
    """Where the page is, how many of all runs it could take, and its main sentences."""

    page: Path
    done: int
    runs: int
    left: int
    sentences: Sequence[str]


def write_report(
    study: Path, paper: Path | None = None, refresh: int | None = None, normalise: Scale = "reference"
) -> Summary:
    """Read all runs as they stand, and write ``STUDY/report/``.

    Args:
        study: a study folder; it may be unfinished.
        paper: file with the learning curves that Nie et al. 2026 released, to be drawn behind ours.
        refresh: seconds after which a browser is to load the page anew.
        normalise: what 1 is on the normalised scale: the reference score of each task, or the best one known.

    Raises:
        UserError: there is no study, the folder cannot be written to, the paper's file cannot be read, or the extra
            ``study`` is missing.
    """
    try:
        import jinja2  # noqa: F401
        import rliable.metrics  # noqa: F401
    except ImportError:
        raise UserError("reports need the extra: pip install 'genopt-gym[study]'") from None
    plan = read_plan(study)
    released = {} if paper is None else read_paper(paper)
    records = build_index(study)
    if normalise == "record":
        records = [replace(record, metric=record.metric.against_record()) for record in records]
    return save_report(study, plan, records, released, refresh)


def watch_report(
    study: Path, paper: Path | None, on_page: Callable[[Summary], None], normalise: Scale = "reference"
) -> None:
    """Write the report again and again, until no run is left to be finished."""
    while True:
        summary = write_report(study, paper, EVERY, normalise)
        if not summary.left:
            on_page(write_report(study, paper, None, normalise))
            return
        on_page(summary)
        time.sleep(EVERY)


def save_report(
    study: Path,
    plan: Plan,
    records: Sequence[RunRecord],
    released: Mapping[str, Sequence[PaperCurve]],
    refresh: int | None = None,
) -> Summary:
    """Write the report of these records; ``study`` is where it goes, and where diffs and machines' facts are."""
    arms: dict[str, list[RunRecord]] = {}
    for record in records:
        arms.setdefault(record.run.arm, []).append(record)
    controls = [arm for arm, runs in arms.items() if runs[0].run.agent in plan.controls]
    looks = figures.styles(list(arms), controls)
    scores = final_scores(records)
    compared = [found for pair in pairs_to_compare(plan.runs, plan.controls) if (found := compare(scores, *pair))]
    changed = effects(plan.runs, scores, plan.controls)
    curves = _curves(arms, records, plan)
    all_tables = _tables(arms, records, scores, compared, changed) | {"curves": _curve_table(curves)}
    panels = {axis: _panels(axis, of_axis, records, released) for axis, of_axis in curves.items()}
    levels = _level_panels(plan, records)
    folder = study / "report"
    with storage(study):
        folder.mkdir(exist_ok=True)
        for table in all_tables.values():
            table.save(folder)
        page = ReportPage(
            plan=plan,
            study=study,
            states=Counter(record.state for record in records),
            arms=arms,
            controls=controls,
            looks=looks,
            splits=scores.splits,
            headline=headline(changed, compared),
            said=beyond_records(records) + findings(changed, compared, plan),
            caveats=caveats(compared, records),
            tables=all_tables,
            drawn=_save_figures(folder, all_tables, panels, levels, looks, tables.promises(arms)),
            axes=AXES,
            metrics={task_name(record.run): record.metric for record in records},
            best=best_artifacts(study, records),
            released={task: found for task, found in released.items() if task in curves.get("edits", {})},
            commands=[command(runs[0].run.config) for runs in arms.values()],
            versions=versions(records),
            machines=machines(study, records),
            source=_source(study),
            troubled=[record for record in records if record.problem],
            pages=run_pages(study, records),
            refresh=refresh,
            made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, genopt-gym {VERSION}",
        )
        write_atomically(folder / "index.html", render(page).encode())
    return _summary(folder / "index.html", page)


def _summary(path: Path, page: ReportPage) -> Summary:
    left = page.states.get("planned", 0) + page.states.get("unfinished", 0)
    return Summary(path, page.states.get("done", 0), len(page.plan.runs), left, [text for _, text in page.said])


def _tables(
    arms: Mapping[str, Sequence[RunRecord]],
    records: Sequence[RunRecord],
    scores: FinalScores,
    compared: Sequence[Comparison],
    changed: Sequence[Effect],
) -> dict[str, tables.Table]:
    """All tables but that of the curves, by name."""
    made = (
        tables.aggregates(scores),
        tables.comparisons(compared),
        tables.effects(changed),
        tables.task_scores(arms),
        tables.budgets(arms),
        tables.evidence(arms),
        tables.times_to_best(arms),
        tables.outcomes(arms),
        tables.all_runs(records),
    )
    return {table.name: table for table in made}


def _curves(
    arms: Mapping[str, Sequence[RunRecord]], records: Sequence[RunRecord], plan: Plan
) -> dict[str, dict[str, dict[str, Curve]]]:
    """Axis to task to arm to its curve."""
    tasks = dict.fromkeys(task_name(record.run) for record in records)
    found: dict[str, dict[str, dict[str, Curve]]] = {}
    for axis in axes_used(records, plan.match):
        for task in tasks:
            for arm, runs in arms.items():
                one = curve([run for run in runs if task_name(run.run) == task], axis)
                if one is not None:
                    found.setdefault(axis, {}).setdefault(task, {})[arm] = one
    return found


def _panels(
    axis: str,
    curves: Mapping[str, Mapping[str, Curve]],
    records: Sequence[RunRecord],
    released: Mapping[str, Sequence[PaperCurve]],
) -> list[Panel]:
    metrics = {task_name(record.run): record.metric for record in records}
    behind = released if axis == "edits" else {}
    return [
        Panel(f"{task}, {_seeds(of_arms)}", AXES[axis], of_arms, behind.get(task, ()), metrics[task])
        for task, of_arms in curves.items()
    ]


def _seeds(curves: Mapping[str, Curve]) -> str:
    """``3 seeds``, or ``2 to 5 seeds`` where arms differ."""
    counts = sorted({one.seeds for one in curves.values()})
    most = "1 seed" if counts[-1] == 1 else f"{counts[-1]} seeds"
    return most if len(counts) == 1 else f"{counts[0]} to {most}"


def _level_panels(plan: Plan, records: Sequence[RunRecord]) -> dict[str, Panel]:
    """For each factor, a curve for each of its levels, over all tasks and other factors; without controls."""
    found = {}
    for factor in plan.factors:
        groups: dict[str, list[RunRecord]] = {}
        for record in records:
            if record.run.agent not in plan.controls and factor in record.run.levels:
                groups.setdefault(str(record.run.levels[factor]), []).append(record)
        curves = {level: one for level, runs in groups.items() if (one := curve(runs, "edits"))}
        if len(curves) > 1:
            found[factor] = Panel(f"{factor}, {_seeds(curves)} a task", AXES["edits"], curves)
    return found


def _save_figures(
    folder: Path,
    all_tables: Mapping[str, tables.Table],
    panels: Mapping[str, Sequence[Panel]],
    levels: Mapping[str, Panel],
    looks: Mapping[str, Style],
    promises: Sequence[tuple[str, float, float]],
) -> Drawn:
    """PNG files, and the same as SVG for the page."""
    wide = {}
    scores, changes = all_tables["aggregates"].rows, all_tables["effects"].rows
    if scores:
        lines = [(row[0], row[1], looks[row[0]].colour) for row in scores]
        wide["scores"] = figures.forest(lines, "interquartile mean of normalised scores"), "Scores of all arms"
    if changes:
        unit = "difference of normalised scores"
        wide["effects"] = figures.forest([(row[0], row[2], "line0") for row in changes], unit, True), "Effects"
    outcomes = all_tables["outcomes"]
    if outcomes.columns[1:]:
        wide["outcomes"] = figures.outcome_bars(outcomes.rows, outcomes.columns[1:]), "Outcomes of edits by arm"
    if promises:
        wide["gaps"] = figures.gaps(promises, looks), "Test against validation by arm"
    drawn = {}
    for name, (figure, title) in wide.items():
        figures.save(folder / f"{name}.png", figure)
        drawn[name] = figures.svg(figure, title)
    curves: dict[str, list[str]] = {}
    for axis, of_axis in panels.items():
        figures.save_panels(folder / f"curves-{axis}.png", of_axis, looks)
        curves[axis] = [figures.panel_svg(panel, looks) for panel in of_axis]
    of_factors: dict[str, tuple[str, Mapping[str, Style]]] = {}
    for factor, panel in levels.items():
        of_levels = figures.styles(list(panel.curves))
        figures.save_panels(folder / f"curves-by-{factor}.png", [panel], of_levels)
        of_factors[factor] = figures.panel_svg(panel, of_levels), of_levels
    return Drawn(**drawn, curves=curves, levels=of_factors)


def _curve_table(curves: Mapping[str, Mapping[str, Mapping[str, Curve]]]) -> tables.Table:
    rows = []
    for axis, of_tasks in curves.items():
        for task, of_arms in of_tasks.items():
            for arm, one in of_arms.items():
                empty = [None] * len(one.x)
                low, high = (empty if end is None else end.tolist() for end in (one.low, one.high))
                points = zip(one.x.tolist(), one.mean.tolist(), low, high, strict=True)
                rows += [[axis, task, arm, *point, one.seeds] for point in points]
    columns = ["axis", "task", "arm", "spent", "best validation score, normalised", "low", "high", "seeds"]
    return tables.Table("curves", columns, rows)


def _source(study: Path) -> str:
    path = study / "plan.yaml"
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
