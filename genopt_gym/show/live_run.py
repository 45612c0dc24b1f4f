"""A run as its page sees it while it goes on: what its folder holds by now, read again when it has grown."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import Any

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.runs.run import Run
from genopt_gym.show.document import as_json, document
from genopt_gym.show.evidence import EvidenceReader
from genopt_gym.show.exchanges import exchanges_by_step
from genopt_gym.show.facts import StepRows, progress_facts, run_facts
from genopt_gym.show.run_page import SCRIPTS, TEMPLATE, first_frames

WATCHED = ("steps.jsonl", "ledger.jsonl", "result.json", "config.json")
SHEETS = 24
"""Films that are kept."""

Stamp = tuple[tuple[int, int], ...]


class LiveRun:
    """One run that people look at; any number of threads may ask.

    Args:
        folder: of the run, which may be on its way or have ended; another process may be writing it.
        home: where the page links back to; empty for nowhere.

    Raises:
        UserError: there is no run, or it cannot be read.
    """

    def __init__(self, folder: Path, home: str = "") -> None:
        self.folder = folder
        self._home = home
        self._lock = threading.RLock()
        self._evidence_lock = threading.Lock()
        """Held while steps are replayed, which may take seconds: news of the run do not wait for it."""
        self._stamp: Stamp = ()
        self._steps = StepRows(folder)
        self._evidence: list[bytes] = []
        self._reader: EvidenceReader | None = None
        self._films: OrderedDict[int, bytes | None] = OrderedDict()
        self.version = 0
        """Rises whenever there is something new."""
        self.refresh()

    def refresh(self) -> bool:
        """Look whether the folder has changed; whether it had."""
        with self._lock:
            stamp = _stamp(self.folder)
            if stamp == self._stamp:
                return False
            self._run = Run(self.folder)
            self._steps.read(self._run.steps)
            self._stamp = stamp
            self.version += 1
            return True

    def page(self) -> str:
        """The page as it stands; it asks for the rest."""
        with self._lock:
            data = run_facts(self._run) | {"steps": self._steps.rows, "live": True, "home": self._home}
        return document(TEMPLATE, SCRIPTS, f"{self._run.config.id}, {self._run.config.agent}", data, live=True)

    def news(self, since: int) -> dict[str, Any]:
        """What has changed for somebody who has so many steps: the last of these again, and all later ones."""
        with self._lock:
            return {"steps": self._steps.rows[max(since - 1, 0) :], "facts": progress_facts(self._run)}

    def chunk(self, kind: str, step: int) -> bytes | None:
        """A large part of the page as JSON: ``artifacts``, or a step's ``evidence``, ``exchange`` or ``frames``."""
        with self._lock:
            if kind == "artifacts":
                return as_json(self._steps.artifacts.chunk()).encode()
            steps = self._run.steps
        if not 0 <= step < len(steps):
            return None
        if kind == "exchange":
            asked = exchanges_by_step(self.folder, steps).get(step)
            return as_json(asked).encode() if asked else None
        with self._evidence_lock:
            evidence = self._evidence_of(step)
            if kind == "evidence" or evidence is None:
                return evidence
            return self._frames_of(step, evidence) if kind == "frames" else None

    def close(self) -> None:
        """Nobody looks any more."""
        with self._evidence_lock:
            if self._reader is not None:
                self._reader.close()

    def _evidence_of(self, step: int) -> bytes | None:
        """Steps come one after the other; what was read once is kept, packed."""
        if self._reader is None:
            self._reader = EvidenceReader(self.folder)
        if step >= len(self._evidence):
            rows = read_journal(self.folder / "steps.jsonl")[0]
            for row in rows[len(self._evidence) : step + 1]:
                found = self._reader.next(row)
                if found is None:
                    return None
                self._evidence.append(zlib.compress(found, 1))
        return zlib.decompress(self._evidence[step])

    def _frames_of(self, step: int, evidence: bytes) -> bytes | None:
        assert self._reader is not None
        if step not in self._films:
            self._films[step] = first_frames(self._reader, evidence)
            if len(self._films) > SHEETS:
                self._films.popitem(last=False)
        return self._films[step]


def _stamp(folder: Path) -> Stamp:
    """Size and time of the files that grow; UserError if there is no folder any more."""
    found = []
    for name in WATCHED:
        try:
            facts = (folder / name).stat()
            found.append((facts.st_size, facts.st_mtime_ns))
        except OSError:
            found.append((-1, 0))
    if found[-1] == (-1, 0):
        raise UserError(f"{folder} is not a run folder: it has no config.json")
    return tuple(found)
