"""A study as Python sees it: its runs, their scores in a table, their curves and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from genopt_gym.core.drawing import new_figure, number
from genopt_gym.core.errors import UserError
from genopt_gym.runs.run import Run
from genopt_gym.runs.steps import data_frame
from genopt_gym.study.analysis.curves import AXES, curve
from genopt_gym.study.analysis.statistics import task_name
from genopt_gym.study.folder import is_begun, read_plan, run_path
from genopt_gym.study.loader import read_record
from genopt_gym.study.records import Plan, RunRecord

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS = 3
"""Panels beside each other in a plot."""


class Study:
    """Many runs that were planned together; made by ``genopt_gym.compare`` and ``load_study``.

    It shows what was stored when it was made: ``load_study`` again to see how an unfinished study has gone on.

    Args:
        folder: the study's.
        keep: whatever has to live as long as the study or one of its runs is looked at.

    Raises:
        UserError: there is no study in it, or it cannot be read.
    """

    def __init__(self, folder: str | Path, keep: object = None) -> None:
        self.folder = Path(folder)
        self._keep = keep
        self._plan: Plan = read_plan(self.folder)
        self._records: Sequence[RunRecord] = [read_record(self.folder, run) for run in self._plan.runs]

    @property
    def done(self) -> bool:
        """Whether every run has come to its end."""
        return all(record.state == "done" for record in self._records)

    @cached_property
    def runs(self) -> Sequence[Run]:
        """The runs that have begun and can be read, in the order of the plan."""
        paths = [run_path(self.folder, record.run.key) for record in self._records if record.state != "damaged"]
        return [Run(path, self._keep) for path in paths if is_begun(path)]

    def to_pandas(self) -> pd.DataFrame:
        """A row for each run that was planned, in the order of the plan; UserError if pandas is not installed.

        Columns: ``task``, ``agent``, each factor of the plan, ``seed``; ``state`` (planned, unfinished, failed,
        damaged, done); ``start`` and ``best``, scores on validation, ``start_test`` and ``test`` in the metric's unit;
        ``normalised``, the test score with 0 at the metric's floor and 1 at its reference; ``ended_by``; ``edits``,
        ``trials``, ``tokens``, ``money`` and ``seconds`` so far; ``problem``, why a run failed; ``run``, its folder.
        """
        return data_frame([self._row(record) for record in self._records])

    def plot(self, over: str = "edits") -> Figure:
        """Learning curves of all arms, a panel for each task, as a figure of matplotlib.

        Args:
            over: what the horizontal axis counts: ``edits``, ``trials``, ``tokens`` or ``money``.

        Returns:
            The figure: a notebook shows it, ``savefig(path)`` writes it. A curve is the mean over seeds of the best
            validation score so far, normalised, with its 95 % interval from three seeds on.

        Raises:
            UserError: there is no such axis, or no run has made an edit.
        """
        from genopt_gym.study.reporting.figures import Panel, draw_panel, styles

        if over not in AXES:
            raise UserError(f"a study is drawn over {', '.join(AXES)}, not over {over!r}")
        curves = self._curves(over)
        if not curves:
            raise UserError(f"there is no curve over {over} yet: no run of the study in {self.folder} has made an edit")
        arms = list(dict.fromkeys(arm for of_arms in curves.values() for arm in of_arms))
        controls = [record.run.arm for record in self._records if record.run.agent in self._plan.controls]
        looks = styles(arms, controls)
        columns = min(COLUMNS, len(curves))
        rows = -(-len(curves) // columns)
        figure = new_figure(3.8 * columns, 2.8 * rows + 0.22 * len(arms) + 0.2)
        panels = figure.subplots(rows, columns, squeeze=False).flat
        for axes, (task, of_arms) in zip(panels, curves.items(), strict=False):
            draw_panel(axes, Panel(task, AXES[over], of_arms), looks)
        for axes in figure.axes[::columns]:
            axes.set_ylabel("best validation score, normalised", fontsize=8)
        for axes in list(panels)[len(curves) :]:
            axes.set_visible(False)
        self._draw_legend(figure, looks)
        return figure

    def report(self, paper: str | Path | None = None) -> Path:
        """Write the report as it stands: a page with tables, curves, statistics and the best artifacts.

        Args:
            paper: file with the learning curves that Nie et al. 2026 released, to be drawn behind.

        Returns:
            The page, ``report/index.html`` in the study's folder; figures and tables lie beside it.

        Raises:
            UserError: the extra ``study`` is missing, or a file cannot be read or written.
        """
        from genopt_gym.study.reporting.report import write_report

        return write_report(self.folder, None if paper is None else Path(paper)).page

    def _curves(self, over: str) -> dict[str, dict[str, Any]]:
        """Task to arm to its curve."""
        found: dict[str, dict[str, Any]] = {}
        groups: dict[tuple[str, str], list[RunRecord]] = {}
        for record in self._records:
            groups.setdefault((task_name(record.run), record.run.arm), []).append(record)
        for (task, arm), records in groups.items():
            one = curve(records, over)
            if one is not None:
                found.setdefault(task, {})[arm] = one
        return found

    @staticmethod
    def _draw_legend(figure: Figure, looks: Mapping[str, Any]) -> None:
        from matplotlib.lines import Line2D

        from genopt_gym.study.reporting.figures import COLOURS

        handles = [Line2D([], [], color=COLOURS[style.colour], linestyle=style.line) for style in looks.values()]
        labels = [label.replace("$", r"\$") for label in looks]
        figure.legend(handles, labels, loc="outside lower left", fontsize=8, frameon=False)

    def _row(self, record: RunRecord) -> dict[str, Any]:
        steps, test = record.steps, record.test_score
        made = len(steps.outcome)
        best = float(steps.best_validation[-1]) if made else None
        start = float(steps.best_validation[0]) if made else None
        return {
            "task": task_name(record.run),
            "agent": record.run.agent,
            **record.run.levels,
            "seed": record.run.seed,
            "state": record.state,
            "start": start,
            "best": best,
            "confirmation": record.confirmation_score,
            "start_test": record.start_test_score,
            "test": test,
            "normalised": None if test is None else record.metric.normalise(test),
            "ended_by": record.ended_by,
            "edits": max(made - 1, 0),
            "trials": int(steps.trials[-1]) if made else 0,
            "tokens": int(steps.tokens[-1]) if made else 0,
            "money": float(steps.money[-1]) if made else 0.0,
            "seconds": float(steps.seconds[-1]) if made else 0.0,
            "problem": record.problem.strip().rpartition("\n")[2],
            "run": str(run_path(self.folder, record.run.key)),
        }

    def _means(self) -> dict[str, dict[str, float | None]]:
        """Arm to task to the mean of its test scores; ``None`` where a run has none yet."""
        groups: dict[str, dict[str, list[float | None]]] = {}
        for record in self._records:
            of_arm = groups.setdefault(record.run.arm, {})
            of_arm.setdefault(task_name(record.run), []).append(record.test_score)
        return {arm: {task: _mean(scores) for task, scores in of_arm.items()} for arm, of_arm in groups.items()}

    def __repr__(self) -> str:
        done = sum(record.state == "done" for record in self._records)
        return f"<Study {self._plan.name}: {done} of {len(self._records)} runs done, in {self.folder}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the mean test score of each arm in each task."""
        means = self._means()
        tasks = list(dict.fromkeys(task for of_arm in means.values() for task in of_arm))
        head = "".join(f"<th>{escape(task)}</th>" for task in tasks)
        rows = "".join(
            f"<tr><th>{escape(arm)}</th>" + "".join(f"<td>{number(of_arm.get(task))}</td>" for task in tasks) + "</tr>"
            for arm, of_arm in means.items()
        )
        caption = f"<b>{escape(repr(self)[1:-1])}</b><br>mean test score"
        return f"<div>{caption}<table><tr><th></th>{head}</tr>{rows}</table></div>"


def load_study(folder: str | Path) -> Study:
    """The study in a folder, finished or not.

    Raises:
        UserError: there is none, or it cannot be read.

    >>> load_study("no/such/folder")
    Traceback (most recent call last):
    genopt_gym.core.errors.UserError: no/such/folder is not a study: it has no plan.json
    """
    return Study(folder)


def _mean(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return fmean(known) if len(known) == len(scores) else None
