"""From values to HTML: one page that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genopt_gym.study.analysis.statistics import Estimate

TEMPLATES = Path(__file__).with_name("templates")


def render(values: Mapping[str, Any]) -> str:
    """The page of the values that its template names."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"number": number, "interval": interval, "diff_class": diff_class}
    environment.filters["rest"] = lambda row: row[1:]
    environment.tests |= {"estimate": lambda value: isinstance(value, Estimate)}
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html").render(**values, style=style)


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
    if value == int(value) or size >= 100:
        text = f"{value:,.0f}"
    elif size >= 10:
        text = f"{value:.1f}"
    else:
        text = f"{value:.2f}" if size >= 0.005 else f"{value:.1g}"
    return text.replace("-", "−")


def interval(estimate: Estimate) -> str:
    """``0.31 to 0.55``, or nothing.

    >>> interval(Estimate(0.4, 0.31, 0.55, 3)), interval(Estimate(0.4, None, None, 2))
    ('0.31 to 0.55', '')
    """
    if estimate.low is None:
        return ""
    return f"{number(estimate.low)} to {number(estimate.high)}"


def diff_class(line: str) -> str:
    """How a line of a diff is coloured."""
    if line.startswith(("+++", "---", "@@")):
        return "place"
    return {"+": "added", "-": "removed"}.get(line[:1], "same")
