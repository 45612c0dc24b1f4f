"""The page of a run: one HTML file with all that its folder holds, up to a size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from genopt_gym.core.collecting import without_collections
from genopt_gym.core.errors import UserError
from genopt_gym.core.evidence import Trial
from genopt_gym.core.journal import read_journal, write_atomically
from genopt_gym.runs.run import Run
from genopt_gym.show.document import as_json, document, packed
from genopt_gym.show.evidence import EvidenceReader
from genopt_gym.show.exchanges import exchanges_by_step
from genopt_gym.show.facts import StepRows, run_facts
from genopt_gym.show.frames import frames

NAME = "run.html"
LONGEST_FILM = 3000
"""Actions of a trial whose screens are in the page: to play more again would take seconds at the end of a run."""
LARGEST = 9_500_000
"""Bytes of a page; steps whose evidence finds no room are shown without it."""
SCRIPTS = (
    "text.js",
    "chunks.js",
    "highlight.js",
    "diff.js",
    "curve.js",
    "steps.js",
    "edit.js",
    "table.js",
    "evidence.js",
    "exchange.js",
    "run.js",
    "live.js",
)
TEMPLATE = "run.html"


@dataclass
class Chunks:
    """The large parts of a page by name, and how much room is left for more.

    Attributes:
        room: bytes.
        left_out: steps whose evidence or exchanges found no room.
    """

    room: int
    parts: dict[str, str] = field(default_factory=dict)
    left_out: list[int] = field(default_factory=list)

    def add(self, name: str, value: bytes) -> bool:
        """Whether there was room for it."""
        text = packed(value)
        if len(text) + len(name) + 80 > self.room:
            return False
        self.parts[name] = text
        self.room -= len(text) + len(name) + 80
        return True


def write_run_page(folder: Path, largest: int = LARGEST) -> Path:
    """Write ``run.html`` into the folder of a run, ended or not.

    Returns:
        Its path.

    Raises:
        UserError: there is no run, it has no step yet, or its folder is damaged or of a newer version.
    """
    page = run_page(folder, largest)
    try:
        write_atomically(folder / NAME, page.encode())
    except OSError as error:
        raise UserError(f"cannot write {folder / NAME}: {error.strerror}") from None
    return folder / NAME


def run_page(folder: Path, largest: int = LARGEST) -> str:
    """The page as text; see ``write_run_page``."""
    run = Run(folder)
    if not run.steps:
        raise UserError(f"the run in {folder} has no finished step yet; genopt watch {folder} shows it as it goes on")
    with without_collections():
        return _page(run, largest)


def _page(run: Run, largest: int) -> str:
    steps = StepRows(run.folder)
    data = run_facts(run) | {"steps": steps.read(run.steps)}
    chunks = Chunks(largest - len(as_json(data)))
    chunks.add("artifacts", as_json(steps.artifacts.chunk()).encode())
    data["no_evidence"], data["evidence_steps"] = _add_evidence(run, chunks)
    data["left_out"] = sorted(set(chunks.left_out))
    return document(TEMPLATE, SCRIPTS, f"{run.config.id}, {run.config.agent}", data, chunks.parts.items())


def _add_evidence(run: Run, chunks: Chunks) -> tuple[str, int]:
    """What stands in the way of evidence from some step on, and up to which step there is some."""
    asked = exchanges_by_step(run.folder, run.steps)
    best, last = run.best.step, len(run.steps) - 1
    with closing(EvidenceReader(run.folder)) as reader:
        kept: dict[int, bytes] = {}
        for row in read_journal(run.folder / "steps.jsonl")[0][: len(run.steps)]:
            evidence = reader.next(row)
            if evidence is None:
                break
            kept[row["step"]] = evidence
        # What people look at first finds room first; then the latest.
        for step in dict.fromkeys([best, 0, last, *range(last, -1, -1)]):
            for name, value in (("evidence", kept.get(step)), ("exchange", _joined(asked.get(step)))):
                if value is not None and not chunks.add(f"{name}/{step}", value):
                    chunks.left_out.append(step)
        for step in dict.fromkeys([best, 0]):
            if step in kept and (sheet := first_frames(reader, kept[step], LONGEST_FILM)):
                chunks.add(f"frames/{step}", sheet)
        return reader.problem, reader.count


def first_frames(reader: EvidenceReader, evidence: bytes, longest: int | None = None) -> bytes | None:
    """The frames of the first trial of a step whose window can be played again, as JSON."""
    if reader.env is None:
        return None
    for place, trial in enumerate(msgspec.json.decode(evidence, type=_Trials).trials):
        sheet = frames(reader.env.task, trial, longest)
        if sheet is not None:
            return as_json(sheet | {"trial": place}).encode()
    return None


class _Trials(msgspec.Struct):
    trials: list[Trial]


def _joined(exchanges: Sequence[Mapping[str, Any]] | None) -> bytes | None:
    return as_json(list(exchanges)).encode() if exchanges else None
