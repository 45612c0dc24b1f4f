"""``genopt trace RUN STEP``: the evidence of a step on a terminal, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genopt_gym.core.drawing import number
from genopt_gym.core.errors import UserError
from genopt_gym.core.evidence import Trial
from genopt_gym.core.journal import read_journal
from genopt_gym.runs.run import Run
from genopt_gym.show.evidence import EvidenceReader
from genopt_gym.show.rows import TrialRows, trial_rows
from genopt_gym.show.visible import visible

MOST_CELL = 60
"""Characters of a cell on a terminal."""
STEP = 8
"""Columns of the screen that a step's number takes."""
GAIN, LOSS = "green", "red"


class StepEvidence(msgspec.Struct):
    """What ``EvidenceReader`` tells of a step."""

    feedback: str
    message: str
    trials: list[Trial]


def show_trace(folder: Path, step: int, text: bool) -> None:
    """Print a step's evidence. UserError if there is no such step, or its evidence is not stored."""
    run = Run(folder)
    if not 0 <= step < len(run.steps):
        last = f"steps 0 to {len(run.steps) - 1}" if run.steps else "no finished step yet"
        raise UserError(
            f"the run in {folder} has {last}, not {step}" if run.steps else f"the run in {folder} has {last}"
        )
    if text:
        print(visible(run.trace(step)))
        return
    evidence = _evidence(folder, step)
    console = Console()
    with console.pager(styles=True) if console.is_terminal else nullcontext():
        made = run.steps[step]
        console.print(Text(f"Step {step}: {made.outcome}, score {number(made.score)}, best {number(made.best_score)}"))
        if evidence.message:
            console.print(Text(visible(evidence.message), style=LOSS))
        for trial in evidence.trials:
            _print_trial(console, trial)
        if evidence.feedback:
            console.print(Text(f"\nFeedback\n{visible(evidence.feedback)}"))


def _evidence(folder: Path, step: int) -> StepEvidence:
    with closing(EvidenceReader(folder)) as reader:
        for row in read_journal(folder / "steps.jsonl")[0][: step + 1]:
            found = reader.next(row)
            if found is None:
                raise UserError(f"there is no evidence of step {step}: {reader.problem}")
    assert found is not None
    return msgspec.json.decode(found, type=StepEvidence)


def _print_trial(console: Console, trial: Trial) -> None:
    steps = f"{len(trial.events)} of {trial.steps} inner steps"
    console.print(Text(f"\nTrial {trial.instance}: score {number(trial.score)}, {steps}", style="bold"))
    if trial.failure is not None:
        console.print(Text(visible(str(trial.failure)), style=LOSS))
    rows = trial_rows(trial)
    if rows is None:
        _print_sections(console, trial)
        return
    if rows.constants:
        words = ", ".join(f"{name}={_cell(value)}" for name, value in rows.constants.items())
        console.print(Text(f"Constant: {words}", style="dim"))
    if console.is_terminal:
        for columns in _bands(rows, console.width):
            console.print(_table(rows, columns))
    else:
        _print_plain(rows)


def _bands(rows: TrialRows, width: int) -> Iterator[Sequence[str]]:
    """The columns in groups that fit beside the step's number: what does not fit comes below."""
    sizes = {
        name: max(len(visible(name)), *(len(_cell(row.get(name))) for row in rows.cells)) + 2 for name in rows.columns
    }
    band: list[str] = []
    left = width - STEP
    for name, size in sizes.items():
        if band and size > left:
            yield band
            band, left = [], width - STEP
        band.append(name)
        left -= size
    yield band


def _table(rows: TrialRows, columns: Sequence[str]) -> Table:
    """Changed cells are bright; rows with a reward are coloured by it."""
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for name in ("step", *columns):
        table.add_column(Text(visible(name)), justify="right", no_wrap=True, overflow="ellipsis")
    above: Mapping[str, Any] = {}
    for step, cells in zip(rows.steps, rows.cells, strict=True):
        reward = cells.get("reward") or 0.0
        style = GAIN if reward > 0 else LOSS if reward < 0 else ""
        shown = [Text(str(step))]
        for name in columns:
            same = name != "reward" and name in above and above[name] == cells.get(name)
            shown.append(Text(_cell(cells.get(name)), style="dim" if same and not style else ""))
        table.add_row(*shown, style=style)
        above = cells
    return table


def _print_plain(rows: TrialRows) -> None:
    """Separated by tabs, for whatever reads it."""
    print("\t".join(["step", *map(visible, rows.columns)]))
    for step, cells in zip(rows.steps, rows.cells, strict=True):
        print("\t".join([str(step), *(_cell(cells.get(name)) for name in rows.columns)]))


def _print_sections(console: Console, trial: Trial) -> None:
    for event in trial.events:
        console.print(Text(f"Inner step {event.step}, reward {number(event.reward)}", style="dim"))
        console.print(Text(visible(_told(event.observation))))
        for call in event.calls:
            console.print(Text(f"{call.component} returned {visible(_told(call.result))}"))
        console.print(Text(f"Answer: {visible(_told(event.action))}"))


def _cell(value: Any) -> str:
    text = visible(_told(value)).replace("\n", "\\n").replace("\t", "\\t")
    return text if len(text) <= MOST_CELL else f"{text[: MOST_CELL - 1]}…"


def _told(value: Any) -> str:
    from genopt_gym.core.summary import KEY, is_summary, summary_text

    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.5g}"
    return summary_text(value[KEY]) if is_summary(value) else str(value)
