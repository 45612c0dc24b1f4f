"""``genopt list``: the tables of what can be named; no environment is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from statistics import fmean
from typing import TYPE_CHECKING

from rich.console import Console

from genopt_gym.cli.arguments import ListArguments
from genopt_gym.cli.environments import facts, show_environments
from genopt_gym.cli.tables import print_table
from genopt_gym.core.errors import UserError
from genopt_gym.core.metric import RECORD, Metric
from genopt_gym.core.registry import load
from genopt_gym.registration import TABLE

if TYPE_CHECKING:
    from genopt_gym.baselines.references import Reference


REGISTRIES = {
    "agents": "genopt_gym.agents:REGISTRY",
    "callbacks": "genopt_gym.runs.callbacks:CALLBACKS",
    "graders": "genopt_gym.envs.own.graders:GRADERS",
    "accept": "genopt_gym.core.acceptance:RULES",
    "windows": "genopt_gym.core.windows:WINDOWS",
    "feedback": "genopt_gym.core.feedback_kinds:FEEDBACK",
    "tiers": "genopt_gym.sandbox.tier:TIERS",
    "backends": "genopt_gym.llm.backend:BACKENDS",
}
"""Flag of ``genopt list`` to the registry that it prints."""
FILTERS = ("family", "suite")
"""Flags that choose among the environments."""


def show(arguments: ListArguments) -> None:
    """Print what was asked for; the environments if nothing was."""
    asked = [field.name for field in fields(arguments) if field.name not in FILTERS and getattr(arguments, field.name)]
    filters = [name for name in FILTERS if getattr(arguments, name) is not None]
    if asked and filters:
        raise UserError(
            f"--{filters[0]} is about environments, and --{asked[0]} shows something else: give one of the two"
        )
    if len(asked) > 1:
        raise UserError(f"genopt list shows one table: --{asked[0]} or --{asked[1]}")
    if not asked:
        show_environments(arguments.family, arguments.suite)
    elif asked == ["scores"]:
        show_scores()
    else:
        show_registry(REGISTRIES[asked[0]])


def show_registry(reference: str) -> None:
    """Each name of a registry, and what it is in a line."""
    registry = load(reference)
    rows = [[name, line] for name, line in registry.describe().items()]
    print_table(Console(), [registry.what, "what it is"], rows, numbers_from=2)
    print("\nor module:Class of your own")


def show_scores() -> None:
    """What to hold results against, each with the number of a source; the sources come below."""
    from genopt_gym.baselines.measured import measured
    from genopt_gym.baselines.references import references

    series, known = measured(), references()
    sources: dict[str, int] = {}

    def cited(score: str, source: str) -> str:
        return f"{score} [{sources.setdefault(source, len(sources) + 1)}]"

    rows = []
    for row in TABLE:
        metric = facts(row).metric
        better = "more" if metric.direction == "maximize" else "less"
        rows.append(
            [
                row.id,
                f"{metric.name}\n{better} is better",
                cited(_figure(metric.floor), metric.sources["floor"]),
                cited(_figure(metric.reference), metric.sources["reference"]),
                _record(row.id, metric, known, cited),
                "\n".join(cited(_figure(score), source) for source, score in metric.published.items()) or "-",
                "\n".join(
                    cited(
                        _spread(one.scores[row.id]),
                        f"{one.optimizer}, {one.budget}, protocol {one.protocol}; {one.results}",
                    )
                    for one in series
                    if row.id in one.scores
                )
                or "-",
            ]
        )
    console = Console()
    columns = ["id", "metric", "floor", "reference", "record", "published", "measured"]
    print_table(console, columns, rows, numbers_from=2)
    print("\nmeasured: mean test score over seeds (the least .. the most; how many)")
    for source, key in sources.items():
        console.print(f"[{key}] {source}", markup=False, highlight=False, soft_wrap=not console.is_terminal)


def _record(id: str, metric: Metric, known: Mapping[str, Reference], cited: Callable[[str, str], str]) -> str:
    """The best score known: of an open problem the published one, else what the reference program has on test."""
    if id in known:
        return cited(_figure(known[id].score), RECORD)
    return "-" if metric.record is None else cited(_figure(metric.record), metric.sources["record"])


def _spread(scores: list[float]) -> str:
    return f"{_figure(fmean(scores))} ({_figure(min(scores))} .. {_figure(max(scores))}; {len(scores)})"


def _figure(score: float) -> str:
    """Four digits, or a larger number down to its tenths.

    >>> _figure(0.98333), _figure(14880.0), _figure(4532.54)
    ('0.9833', '14,880', '4,532.5')
    """
    return f"{score:.4g}" if abs(score) < 1000 else f"{score:,.1f}".removesuffix(".0")
