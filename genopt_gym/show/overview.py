"""The page of many runs: a row for each, with its curve and a link to its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from genopt_gym.core.metric import Metric
from genopt_gym.runs.run import Run
from genopt_gym.show.document import document
from genopt_gym.version import VERSION

TEMPLATE = "overview.html"
SCRIPTS = ("text.js", "chunks.js", "overview.js")
POINTS = 60
"""Of a small curve."""


@dataclass(frozen=True, kw_only=True)
class RunEntry:
    """A run among many.

    Attributes:
        key: names it among them.
        folder: of the run.
        task, arm, seed: what it is.
        state: planned, unfinished, failed, damaged or done.
        edits: made so far.
        start, best: validation scores.
        test: of the best.
        curve: best validation score by edit, thinned.
        low, high: of the task's scale, for the curve.
        page: address of the run's page from this one; empty where there is none.
        problem: why it failed, if so.
    """

    key: str
    folder: Path
    task: str
    arm: str
    seed: int
    state: str
    edits: int = 0
    start: float | None = None
    best: float | None = None
    test: float | None = None
    curve: Sequence[float] = ()
    low: float = 0.0
    high: float = 1.0
    page: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Overview:
    """Many runs that belong together.

    Attributes:
        title: what they are called.
        question: what they were made for.
        entries: looks them up as they stand now.
        report: address of a report beside the page; empty where there is none.
    """

    title: str
    question: str
    entries: Callable[[], Sequence[RunEntry]]
    report: str = ""


def overview_page(overview: Overview, live: bool = False) -> str:
    """The page as HTML."""
    data = {
        "version": VERSION,
        "title": overview.title,
        "question": overview.question,
        "report": overview.report,
        "live": live,
        "entries": plain(overview.entries()),
    }
    return document(TEMPLATE, SCRIPTS, overview.title, data, live=live)


def plain(entries: Sequence[RunEntry]) -> list[dict[str, object]]:
    """As the page wants them: without folders, whose places are nobody's business."""
    return [{name: value for name, value in asdict(entry).items() if name != "folder"} for entry in entries]


def thinned(values: Sequence[float]) -> list[float]:
    """At most ``POINTS`` of them, the last among them.

    >>> thinned([1, 2, 3]), len(thinned(range(1000))), thinned(range(1000))[-1]
    ([1, 2, 3], 60, 999)
    """
    if len(values) <= POINTS:
        return list(values)
    return [values[round(place * (len(values) - 1) / (POINTS - 1))] for place in range(POINTS)]


def scale(metric: Metric, values: Sequence[float]) -> tuple[float, float]:
    """From the worst to the best that a small curve shows: floor and reference, and whatever lies beyond."""
    shown = [metric.floor, metric.reference, *values]
    return min(shown), max(shown)


def seeds_overview(folder: Path) -> Overview:
    """The runs of ``genopt run --seeds``, a folder each."""
    return Overview(folder.absolute().name, "", lambda: [_seed_entry(path) for path in _seed_folders(folder)])


def _seed_folders(folder: Path) -> list[Path]:
    found = [path.parent for path in folder.glob("seed*/config.json")]
    return sorted(found, key=lambda path: (len(path.name), path.name))


def _seed_entry(folder: Path) -> RunEntry:
    run = Run(folder)
    best: list[float] = []
    for step in run.steps:
        score = run.metric.worst if step.validation_score is None else step.validation_score
        best.append(score if not best or run.metric.better(score, best[-1]) else best[-1])
    low, high = scale(run.metric, best)
    return RunEntry(
        key=folder.name,
        folder=folder,
        task=run.config.id,
        arm=run.config.agent,
        seed=run.config.seed,
        state="done" if run.done else "unfinished",
        edits=max(len(run.steps) - 1, 0),
        start=best[0] if best else None,
        best=best[-1] if best else None,
        test=run.best.test if best else None,
        curve=thinned(best),
        low=low,
        high=high,
        page=f"{folder.name}/run.html" if best else "",
    )
