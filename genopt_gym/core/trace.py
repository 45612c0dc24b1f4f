"""Rendering of traced trials as text: what a proposer reads of them, within a size budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from genopt_gym.core.evidence import Event, Trial, View
from genopt_gym.core.summary import is_summary
from genopt_gym.core.trace_cells import CELL_CHARS, number, visible
from genopt_gym.core.trace_cells import shortened as shortened
from genopt_gym.core.trace_heading import heading
from genopt_gym.core.trace_sections import sections
from genopt_gym.core.trace_table import table
from genopt_gym.core.windows import WINDOWS, checked

TITLE_CHARS = 200
"""More than a trial's heading takes."""
LEAST_CELL = 400
"""Before a value is cut further, inner steps give way."""
SHRINK = 0.8


class Trace(NamedTuple):
    """A rendered trace and what it really holds."""

    text: str
    horizon_shown: int
    """The largest number of inner steps that any trial's part shows."""


def render(trials: Sequence[Trial], view: View, max_chars: int, most_steps: int | None = None) -> Trace:
    """Render the windows of ``trials`` in ``max_chars``, which they share by need.

    Where a window does not fit its share, long values are cut to their two ends, and inner steps give way; the window
    says which: ``first`` gives up its latest, ``last`` its earliest, ``around_reward`` its outermost, ``highlights``
    shortens its segments.
    """
    room = max_chars - 2 * len(trials)
    parts = [_render_trial(trial, view, room, most_steps) for trial in trials]
    if sum(len(part.text) for part in parts) > room:
        shares = share_by_need([len(part.text) for part in parts], room)
        parts = [
            part if len(part.text) <= share else _render_trial(trial, view, share, most_steps)
            for trial, part, share in zip(trials, parts, shares, strict=True)
        ]
    shown = max((part.horizon_shown for part in parts), default=0)
    return Trace("\n\n".join(part.text for part in parts)[:max_chars], shown)


def share_by_need(needs: Sequence[int], room: int) -> list[int]:
    """How much each gets of ``room``: what it needs, or an equal share of what the more modest ones leave.

    >>> share_by_need([10, 100, 90], 100)
    [10, 45, 45]
    """
    shares = [0] * len(needs)
    for left, (need, position) in zip(
        range(len(needs), 0, -1), sorted((n, p) for p, n in enumerate(needs)), strict=True
    ):
        shares[position] = min(need, max(room, 0) // left)
        room -= shares[position]
    return shares


def _render_trial(trial: Trial, view: View, budget: int, most_steps: int | None) -> Trace:
    failure = f"\nFailed: {visible(str(trial.failure))}"[: budget // 2] if trial.failure else ""
    events, prelude, rows = _fitting(trial, view, budget - len(failure) - TITLE_CHARS)
    title = heading(trial, events, view, most_steps)
    body = "\n".join(filter(None, rows))
    return Trace(f"{title}\n{prelude}{body}{failure}"[:budget], len(rows))


def _fitting(trial: Trial, view: View, room: int) -> tuple[Sequence[Event], str, list[str]]:
    """The events that the window keeps within ``room`` characters, written out."""
    events: Sequence[Event] = trial.events
    limit = max(room, LEAST_CELL) if len(events) == 1 else CELL_CHARS
    while True:
        prelude, rows = _written(trial, events, view, limit)
        if len(prelude) + sum(map(len, rows)) > room and limit > LEAST_CELL:
            limit = max(LEAST_CELL, int(SHRINK * min(limit, max(map(len, rows), default=0))))
            continue
        kept = rows_that_fit(rows, view, room - len(prelude), [event.step for event in events])
        events = [events[position] for position in kept]
        if not kept or kept[-1] == len(kept) - 1 == len(rows) - 1:
            return events, prelude, [rows[position] for position in kept]
        # A row leaves blank what is as in the row above, so where one has gone the next becomes longer.


def _written(trial: Trial, events: Sequence[Event], view: View, limit: int) -> tuple[str, list[str]]:
    """What stands above all rows, and a row for each event, below what was left out before it and what went wrong."""
    if _is_tabular(events):
        prelude, rows = table(events, limit)
    else:
        prelude, rows = "", sections(events, limit, trial.failure is not None and len(events) == len(trial.events))
    mishaps = dict(trial.mishaps)
    heads = [f"(step {e.step}: {mishaps[e.step]})\n" if e.step in mishaps else "" for e in events]
    if view.tells_skipped and events:
        first = min([trial.events[0].step, *(gap.first for gap in trial.skipped)])
        steps = [first - 1, *(event.step for event in events)]
        heads = [_gap(trial, *gap) + head for gap, head in zip(pairwise(steps), heads, strict=True)]
    return prelude, [head + row for head, row in zip(heads, rows, strict=True)]


def _gap(trial: Trial, before: int, after: int) -> str:
    """A line on the steps between two shown ones; empty if there are none."""
    if after == before + 1:
        return ""
    gaps = [gap for gap in trial.skipped if before < gap.first and gap.last < after]
    reward = sum(gap.reward for gap in gaps)
    reward += sum(event.reward for event in trial.events if before < event.step < after)
    mishaps = Counter(mishap for gap in gaps for mishap in gap.mishaps)
    mishaps.update(mishap for step, mishap in trial.mishaps if before < step < after)
    told = "".join(f", {mishap} {count} times" if count > 1 else f", {mishap}" for mishap, count in mishaps.items())
    return f"(steps {before + 1} to {after - 1} are not shown: reward {number(reward)} in all{told})\n"


def rows_that_fit(rows: Sequence[str], view: View, room: int, steps: Sequence[int] = ()) -> Sequence[int]:
    """Positions of the rows that the view's window keeps within ``room`` characters, in rising order."""
    sizes = [len(row) + bool(row) for row in rows]
    if sum(sizes) <= max(room, 0):
        return range(len(rows))
    return checked(view.window, WINDOWS.make(view.window).fit(sizes, room, steps), len(rows), len(rows) - 1)


def _is_tabular(events: Sequence[Event]) -> bool:
    return bool(events) and all(isinstance(e.observation, dict) and not is_summary(e.observation) for e in events)
