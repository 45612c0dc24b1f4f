"""From values to HTML: one page that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genopt_gym.core.task import Metric
from genopt_gym.study.analysis.statistics import Estimate
from genopt_gym.study.analysis.tables import Table
from genopt_gym.study.records import Plan, RunRecord
from genopt_gym.study.reporting.figures import Style
from genopt_gym.study.reporting.paper import PaperCurve
from genopt_gym.study.reporting.provenance import Best

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
LONGEST_WORD = 20
"""Characters of a word that finds room in the narrowest column."""


@dataclass(frozen=True)
class Drawn:
    """The page's figures as SVG elements; empty where there is nothing to be drawn.

    Attributes:
        scores, effects, outcomes, gaps: one figure each.
        curves: axis to a figure for each task.
        levels: factor to its figure and how its levels are drawn.
    """

    scores: str = ""
    effects: str = ""
    outcomes: str = ""
    gaps: str = ""
    curves: Mapping[str, Sequence[str]] = field(default_factory=dict)
    levels: Mapping[str, tuple[str, Mapping[str, Style]]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ReportPage:
    """All that ``report.html`` tells, under the names that it knows.

    Attributes:
        plan: of the study.
        study: its folder.
        states: how many runs are in each state.
        arms: label of each arm to its runs.
        controls: labels of the arms that others are held against.
        looks: how each arm is drawn.
        splits: task to the split that it was scored on.
        headline: a sentence before them, where no difference is shown.
        said: the main findings, and whether each is shown by the data.
        caveats: what keeps a reader from concluding more.
        tables: by name.
        drawn: the figures.
        axes: what the learning curves' axes count.
        metrics: of each task.
        best: task to its best artifact.
        released: task to the paper's curves that are drawn behind ours.
        commands: a command line for each arm.
        versions: package to the versions that runs were made with.
        machines: that they were made on.
        source: text of the plan, or empty.
        troubled: runs that failed or whose folder is damaged.
        pages: key of a run to the address of its page, of those that have one.
        refresh: seconds after which a browser is to load the page anew.
        made: when, and with which version.
    """

    plan: Plan
    study: Path
    states: Mapping[str, int]
    arms: Mapping[str, Sequence[RunRecord]]
    controls: Sequence[str]
    looks: Mapping[str, Style]
    splits: Mapping[str, str]
    headline: str
    said: Sequence[tuple[bool, str]]
    caveats: Sequence[str]
    tables: Mapping[str, Table]
    drawn: Drawn
    axes: Mapping[str, str]
    metrics: Mapping[str, Metric]
    best: Mapping[str, Best]
    released: Mapping[str, Sequence[PaperCurve]]
    commands: Sequence[str]
    versions: Mapping[str, Sequence[str]]
    machines: Sequence[str]
    source: str
    troubled: Sequence[RunRecord]
    pages: Mapping[str, str]
    refresh: int | None
    made: str


def render(page: ReportPage) -> str:
    """The page as HTML."""
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return environment().get_template("report.html").render(vars(page), style=style)


def environment() -> Environment:
    """Where the template is found, with the filters that it uses."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    found.filters |= {"number": number, "interval": interval, "diff_class": diff_class, "whole": whole}
    found.filters["rest"] = lambda row: row[1:]
    found.tests |= {"estimate": lambda value: isinstance(value, Estimate)}
    return found


def number(value: Any) -> str:
    """A number as a person reads it, and text as it is.

    >>> number(None), number(3.0), number(12345.6), number(0.5), number(-0.25), number(0.0004), number("arm")
    ('–', '3', '12,346', '0.50', '−0.25', '0.0004', 'arm')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if not isinstance(value, int | float):
        return str(value)
    size = abs(value)
    if size < 1e-9:
        return "0"
    if value == int(value) or size >= 100:
        text = f"{value:,.0f}"
    elif size >= 10:
        text = f"{value:.1f}"
    else:
        text = f"{value:.2f}" if size >= 0.005 else f"{value:.1g}" if size >= 0.0001 else f"{value:.0e}"
    return text.replace("-", "−")


def interval(estimate: Estimate) -> str:
    """``0.31 to 0.55``, or nothing.

    >>> interval(Estimate(0.4, 0.31, 0.55, 3)), interval(Estimate(0.4, None, None, 2))
    ('0.31 to 0.55', '')
    """
    if estimate.low is None:
        return ""
    return f"{number(estimate.low)} to {number(estimate.high)}"


def whole(text: str) -> Any:
    """A label whose short words are not broken at their hyphens, as HTML.

    >>> print(whole("agent: cma-es < all"))
    agent: <span class="word">cma-es</span> &lt; all
    """
    from markupsafe import Markup, escape

    pieces = [
        Markup('<span class="word">{}</span>').format(word)
        if "-" in word and len(word) <= LONGEST_WORD
        else escape(word)
        for word in text.split(" ")
    ]
    return Markup(" ").join(pieces)


def diff_class(line: str) -> str:
    """How a line of a diff is coloured."""
    if line.startswith(("+++", "---", "@@")):
        return "place"
    return {"+": "added", "-": "removed"}.get(line[:1], "same")
