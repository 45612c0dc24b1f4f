"""What scores an environment is held against: as a table and as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from statistics import fmean
from typing import NamedTuple

from genopt_docs.facts import Facts
from genopt_docs.markdown import plain, table
from genopt_gym.baselines.measured import measured
from genopt_gym.baselines.references import references
from genopt_gym.core.metric import RECORD, Metric

WIDTH, ROW, LEFT, BAR = 460, 26, 150, 210
COLOURS = {
    "floor": "#9aa4ae",
    "reference": "#2f6fde",
    "record": "#1f9d61",
    "measured": "#c4761b",
    "published": "#8b5bb5",
}


class Score(NamedTuple):
    """One score with where it comes from."""

    kind: str
    value: float
    source: str


def scores_of(facts: Facts) -> Iterator[Score]:
    """Floor, reference and record, what was published, and what was measured here."""
    metric = facts.metric
    if metric is None:
        return
    yield Score("floor", metric.floor, metric.sources.get("floor", ""))
    yield Score("reference", metric.reference, metric.sources.get("reference", ""))
    known = references()
    if facts.id in known:
        yield Score("record", known[facts.id].score, RECORD)
    elif metric.record is not None:
        yield Score("record", metric.record, metric.sources.get("record", ""))
    for source, value in metric.published.items():
        yield Score("published", value, source)
    for series in measured():
        if values := series.scores.get(facts.id):
            spread = ", ".join(metric.format(each) for each in values)
            words = f"{series.optimizer}, {series.budget}: mean of {spread} on test ({series.results})"
            yield Score("measured", fmean(values), words)


def score_table(facts: Facts, metric: Metric) -> str:
    """Every score, its place on the scale from floor to reference, and its source."""
    rows = [
        [each.kind, metric.format(each.value), f"{metric.normalise(each.value):.3g}", plain(each.source)]
        for each in scores_of(facts)
    ]
    return table(["", "score", "0 floor, 1 reference", "source"], rows)


def score_picture(facts: Facts) -> str:
    """The scores as bars on the scale from floor to reference, as an SVG image."""
    metric = facts.metric
    if metric is None:
        return _svg(48, [_text(12, 30, "the scale is what your own function says", 13)])
    shown = sorted(scores_of(facts), key=lambda score: metric.normalise(score.value))
    places = [max(0.0, metric.normalise(score.value)) for score in shown]
    longest = max(*places, 1.0)
    parts = [_text(12, 22, metric.name[:70], 12)]
    for index, (score, place) in enumerate(zip(shown, places, strict=True)):
        y = 34 + index * ROW
        length = max(2.0, BAR * place / longest)
        label = score.source.split(",")[0][:20] if score.kind in ("measured", "published") else score.kind
        parts += [
            _text(12, y + 15, label, 12),
            f'<rect x="{LEFT}" y="{y + 3}" width="{length:.1f}" height="15" rx="2" fill="{COLOURS[score.kind]}"/>',
            _text(LEFT + length + 6, y + 15, metric.format(score.value), 12),
        ]
    return _svg(42 + len(shown) * ROW, parts)


def _svg(height: int, parts: list[str]) -> str:
    frame = f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#ffffff" stroke="#d5dae0"/>'
    inside = "".join([frame, *parts])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif">{inside}</svg>\n'
    )


def _text(x: float, y: float, words: str, size: int) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="#22272e">{escape(words)}</text>'
