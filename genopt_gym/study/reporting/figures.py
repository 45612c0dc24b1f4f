"""The report's figures: SVG for the page, whose colours are the page's own, and PNG files beside it.

matplotlib is imported on first use.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from genopt_gym.core.task import Metric
from genopt_gym.study.analysis.curves import Curve
from genopt_gym.study.analysis.statistics import Estimate
from genopt_gym.study.reporting.paper import PaperCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {
    # Okabe and Ito's, told apart by colour-blind people too; report.css has another shade of each for dark pages.
    "line0": "#0072b2",
    "line1": "#d55e00",
    "line2": "#009e73",
    "line3": "#b8619b",
    "line4": "#c68a00",
    "line5": "#4d9fd1",
    "control": "#7d8590",
    "ink": "#1f2631",
    "muted": "#646d79",
    "grid": "#dde1e6",
    "paper": "#fefefe",
}
LINES = 6
Line = Literal["solid", "dashed", "dotted", "dashdot", "dashdotdot", "sparse"]
DASHES: Mapping[Line, str] = {
    "solid": "",
    "dashed": "6 3",
    "dotted": "2 2",
    "dashdot": "6 2 2 2",
    "dashdotdot": "6 2 1 2 1 2",
    "sparse": "1.5 5",
}
CONTROL_LINES: Sequence[Line] = ("sparse", "dashdotdot")
"""Of controls alone, so that without colours, too, they are told from all others."""
SHARES = ("line0", "grid", "line4", "line1", "line3", "line2", "line5", "muted", "ink", "control")
"""Colours of a bar's parts, in this order; what comes after them begins again, with the next of ``HATCHES``."""
HATCHES = ("", "//////", "......", "xxxxxx")
PANEL = (4.6, 3.1)
WIDE = 9.2
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
RESOLUTION = 130


@dataclass(frozen=True)
class Style:
    """How an arm is drawn: a name of ``COLOURS`` and one of ``DASHES``."""

    colour: str
    line: Line

    @property
    def dashes(self) -> str:
        return DASHES[self.line]

    @property
    def pattern(self) -> Any:
        """The line as Matplotlib takes it."""
        return (0, tuple(map(float, self.dashes.split()))) if self.line in CONTROL_LINES else self.line


@dataclass(frozen=True)
class Panel:
    """Learning curves in one pair of axes.

    Attributes:
        title: the task, and what is not told elsewhere.
        unit: what the horizontal axis counts.
        curves: by the label of the arm or level.
        paper: the paper's curves, drawn behind; they need ``metric``.
    """

    title: str
    unit: str
    curves: Mapping[str, Curve]
    paper: Sequence[PaperCurve] = ()
    metric: Metric | None = None


def styles(labels: Sequence[str], controls: Sequence[str] = ()) -> dict[str, Style]:
    """A style for each label, told apart without colours too; controls are grey and never solid."""
    kinds = [line for line in DASHES if line not in CONTROL_LINES]
    others = [label for label in labels if label not in controls]
    # By another dash for each next one, and another round of them for each round of colours.
    drawn = {label: Style(f"line{i % LINES}", kinds[(i + i // LINES) % len(kinds)]) for i, label in enumerate(others)}
    grey = [label for label in labels if label in controls]
    return drawn | {label: Style("control", CONTROL_LINES[i % len(CONTROL_LINES)]) for i, label in enumerate(grey)}


def panel_svg(panel: Panel, looks: Mapping[str, Style]) -> str:
    figure = _figure(PANEL)
    axes = figure.add_axes((0.15, 0.17, 0.82, 0.72))
    draw_panel(axes, panel, looks)
    return svg(figure, f"Learning curves of {panel.title} over {panel.unit}")


def save_panels(path: Path, panels: Sequence[Panel], looks: Mapping[str, Style]) -> None:
    """All panels in one PNG file, with a legend below."""
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    labels = [label for label in looks if any(label in panel.curves for panel in panels)]
    below = 0.25 + 0.2 * len(labels)
    height = PANEL[1] * rows + below
    figure = _figure((PANEL[0] * columns, height))
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        bottom = (below + PANEL[1] * (rows - 1 - row + 0.17)) / height
        place = ((column + 0.15) / columns, bottom, 0.82 / columns, 0.72 * PANEL[1] / height)
        draw_panel(figure.add_axes(place), panel, looks)
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=COLOURS[looks[label].colour], linestyle=looks[label].pattern) for label in labels]
    figure.legend(
        handles, [*map(_literal, labels)], loc="lower left", fontsize=8, frameon=False, labelcolor=COLOURS["ink"]
    )
    save(path, figure)


def save(path: Path, figure: Figure) -> None:
    """As a PNG file, and as SVG beside it."""
    import matplotlib

    figure.savefig(path, dpi=RESOLUTION)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": path.stem}):
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})


def forest(rows: Sequence[tuple[str, Estimate, str]], unit: str, zero: bool = False) -> Figure:
    """A line for each label: its estimate and interval, in a colour of ``COLOURS``; ``zero`` marks no difference."""
    figure, axes = _lines(0.5 * len(rows), below=0.45)
    for index, (label, estimate, colour) in enumerate(rows):
        y = -index
        if estimate.low is not None and estimate.high is not None:
            axes.plot([estimate.low, estimate.high], [y, y], color=COLOURS[colour], linewidth=2, solid_capstyle="round")
        axes.plot(estimate.value, y, "o", color=COLOURS[colour], markersize=5.5)
        words = f"{_literal(label)}  (n = {estimate.seeds})"
        axes.annotate(words, (0, y + 0.26), xycoords=("axes fraction", "data"), fontsize=8, color=COLOURS["ink"])
    axes.set_ylim(-len(rows) + 0.6, 0.75)
    axes.margins(x=0.04)
    if zero:
        axes.axvline(0, color=COLOURS["grid"], linewidth=1.2, zorder=0)
    axes.set_xlabel(unit, fontsize=8, color=COLOURS["muted"])
    return figure


def outcome_bars(rows: Sequence[Sequence[Any]], outcomes: Sequence[str]) -> Figure:
    """Shares of edit outcomes: a bar for each arm; ``rows`` hold its label and a count for each of ``outcomes``."""
    from matplotlib.patches import Patch

    figure, axes = _lines(0.52 * len(rows), below=0.4 + 0.2 * -(-len(outcomes) // 3))
    looks = [_share(index) for index in range(len(outcomes))]
    for index, (label, *counts) in enumerate(rows):
        total, left = max(sum(counts), 1), 0.0
        for count, look in zip(counts, looks, strict=True):
            axes.barh(-index, count / total, 0.3, left, linewidth=1, **look)
            left += count / total
        axes.annotate(f"{_literal(label)}  ({sum(counts)} edits)", (0, 0.27 - index), fontsize=8, color=COLOURS["ink"])
    axes.set_xlim(0, 1)
    axes.set_ylim(-len(rows) + 0.7, 0.7)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    patches = [Patch(**look) for look in looks]
    figure.legend(patches, outcomes, loc="lower left", fontsize=8, frameon=False, ncols=3, labelcolor=COLOURS["ink"])
    return figure


def gaps(points: Sequence[tuple[str, float, float]], looks: Mapping[str, Style]) -> Figure:
    """Test against validation of each arm's best artifacts; what lies below the diagonal held less than it promised.

    Args:
        points: arm, validation and test, normalised: one for each task.
        looks: how each arm is drawn.
    """
    from matplotlib.lines import Line2D

    arms = list(dict.fromkeys(arm for arm, _, _ in points))
    below = 0.62 + 0.2 * -(-len(arms) // 2)
    height = 3.6 + below
    figure = _figure((WIDE, height))
    axes = figure.add_axes((0.08, below / height, 0.88, 3.45 / height))
    _plain(axes)
    values = [value for _, *pair in points for value in pair]
    low, high = min(values), max(values)
    room = (high - low or 1.0) * 0.08
    axes.plot([low - room, high + room], [low - room, high + room], color=COLOURS["grid"], linewidth=1.2, zorder=0)
    handles = []
    for index, arm in enumerate(arms):
        colour, marker = COLOURS[looks[arm].colour], MARKERS[index % len(MARKERS)]
        style: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": "none", "markersize": 6}
        axes.plot(*zip(*[pair for name, *pair in points if name == arm], strict=True), **style)
        handles.append(Line2D([], [], label=_literal(arm), **style))
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(low - room, high + room)
    axes.set_xlabel("validation of the best artifact, normalised", fontsize=8, color=COLOURS["muted"])
    axes.set_ylabel("its test, normalised", fontsize=8, color=COLOURS["muted"])
    figure.legend(handles=handles, loc="lower left", ncols=2, fontsize=8, frameon=False, labelcolor=COLOURS["ink"])
    return figure


def _share(index: int) -> dict[str, Any]:
    """How a bar's part of that number is filled: no two of the first forty look alike."""
    rounds, place = divmod(index, len(SHARES))
    hatch = HATCHES[rounds % len(HATCHES)]
    return {"facecolor": COLOURS[SHARES[place]], "edgecolor": COLOURS["paper"], "hatch": hatch}


def draw_panel(axes: Axes, panel: Panel, looks: Mapping[str, Style]) -> None:
    """A panel's curves, each with the band of its interval, in the style of its label."""
    _plain(axes, integer=panel.unit in ("edits", "trials"))
    axes.grid(axis="y", color=COLOURS["grid"], linewidth=0.7)
    for released in panel.paper:
        assert panel.metric is not None
        mean, low, high = released.normalised(panel.metric)
        axes.fill_between(released.edits, low, high, color=COLOURS["muted"], alpha=0.1, linewidth=0)
        axes.plot(released.edits, mean, color=COLOURS["muted"], linewidth=0.9, alpha=0.75)
        axes.annotate(released.name, (released.edits[-1], mean[-1]), fontsize=6.5, color=COLOURS["muted"], ha="right")
    for label, curve in panel.curves.items():
        style = looks[label]
        colour = COLOURS[style.colour]
        if curve.low is not None and curve.high is not None:
            axes.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(curve.x, curve.mean, color=colour, linestyle=style.pattern, linewidth=1.7)
    axes.set_title(panel.title, fontsize=9, loc="left", color=COLOURS["ink"])
    axes.set_xlabel(panel.unit, fontsize=8, color=COLOURS["muted"], labelpad=2)
    axes.set_ylabel("best validation, normalised", fontsize=8, color=COLOURS["muted"], labelpad=2)


def _lines(inches: float, below: float) -> tuple[Figure, Axes]:
    """Axes for a line per arm, whose label stands above it."""
    height = inches + below + 0.1
    figure = _figure((WIDE, height))
    axes = figure.add_axes((0.03, below / height, 0.92, inches / height))
    _plain(axes)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    return figure, axes


def _plain(axes: Axes, integer: bool = False) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, color=COLOURS["grid"], labelcolor=COLOURS["muted"], length=3)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(COLOURS["grid"])
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=integer))


def _figure(size: tuple[float, float]) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=size, facecolor=COLOURS["paper"])


def svg(figure: Figure, title: str) -> str:
    """An element for an HTML page, whose fonts, width and colours are the page's."""
    import matplotlib

    figure.patch.set_alpha(0)
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    for name, colour in COLOURS.items():
        text = text.replace(colour, f"var(--{name})")
    # Names of groups would be there once for every figure, and the style is for all elements of a page.
    text = re.sub(r'<g id="[\w.]+"', "<g", re.sub(r"<style.*?</style>", "", text, flags=re.S))
    head = re.search(r'<svg[^>]*(viewBox="[^"]+")[^>]*>', text)
    assert head
    return f'<svg {head[1]} role="img" aria-label="{escape(title)}">{text[head.end() :]}'


def _literal(text: str) -> str:
    """matplotlib takes what stands between two dollar signs for a formula."""
    return text.replace("$", r"\$")
