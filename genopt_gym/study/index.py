"""The index of a study: all its runs and steps as one SQLite file, derived from the run folders."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from genopt_gym.core.errors import UserError
from genopt_gym.core.task import Metric
from genopt_gym.study.folder import StorageError, read_plan, storage
from genopt_gym.study.loader import COLUMNS, as_steps, read_record
from genopt_gym.study.records import PlannedRun, RunRecord

VERSION = 2
NAME = "index.sqlite"
SCHEMA = """
CREATE TABLE meta (version INTEGER NOT NULL);
CREATE TABLE runs (
    run INTEGER PRIMARY KEY, key TEXT NOT NULL, task TEXT NOT NULL, agent TEXT NOT NULL, arm TEXT NOT NULL,
    seed INTEGER NOT NULL, state TEXT NOT NULL, problem TEXT NOT NULL, horizon_asked INTEGER,
    start_score REAL, validation_score REAL, confirmation_score REAL, start_test_score REAL, test_score REAL,
    ended_by TEXT, best TEXT, metric TEXT NOT NULL, versions TEXT NOT NULL, planned TEXT NOT NULL
);
CREATE TABLE steps (
    run INTEGER NOT NULL REFERENCES runs, step INTEGER NOT NULL, outcome TEXT NOT NULL, score REAL,
    validation_score REAL, best_validation REAL, horizon_shown INTEGER NOT NULL, trials INTEGER NOT NULL,
    inner_steps INTEGER NOT NULL, seconds REAL NOT NULL, prompt_tokens INTEGER NOT NULL, tokens INTEGER NOT NULL,
    money REAL, PRIMARY KEY (run, step)
) WITHOUT ROWID;
"""
OF_RUN = (
    *("state", "problem", "horizon_asked", "start_score", "validation_score", "confirmation_score"),
    *("start_test_score", "test_score", "ended_by", "best"),
)
"""Of ``RunRecord``, as they are."""


def build_index(study: Path) -> list[RunRecord]:
    """Read all run folders, write the index anew, and give what it holds. The old one stays until then.

    Raises:
        UserError: there is no study.
        StorageError: it cannot be written to.
    """
    records = [read_record(study, run) for run in read_plan(study).runs]
    with storage(study):
        temporary = study / f"{NAME}.{os.getpid()}.tmp"
        temporary.unlink(missing_ok=True)
        try:
            _write(temporary, records)
            os.replace(temporary, study / NAME)
        except sqlite3.OperationalError as error:
            raise StorageError(f"cannot write to {study} ({error}); nothing that was stored is lost") from None
        finally:
            temporary.unlink(missing_ok=True)
    return records


def read_index(study: Path) -> list[RunRecord]:
    """What the index of a study tells, in the order of the plan; one that is missing is built.

    Raises:
        UserError: the index is of another version or damaged, or there is no study.
    """
    read_plan(study)
    path = study / NAME
    if not path.exists():
        return build_index(study)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            [[version]] = database.execute("SELECT version FROM meta")
            if version != VERSION:
                raise UserError(
                    f"{path} was made by another version ({version}, this is {VERSION}); "
                    f"make it anew with: genopt study index {study}"
                )
            return list(_read(database))
    except (sqlite3.DatabaseError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}); make it anew with: genopt study index {study}") from None


def _write(path: Path, records: list[RunRecord]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        # It is a copy: if the machine fails while it is written, the old one is still there.
        database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;" + SCHEMA)
        database.execute("INSERT INTO meta VALUES (?)", (VERSION,))
        for number, record in enumerate(records):
            row = {"run": number, "key": record.run.key, "task": record.run.config.id, "agent": record.run.agent}
            row |= {"arm": record.run.arm, "seed": record.run.seed} | {name: getattr(record, name) for name in OF_RUN}
            parts = {"metric": record.metric, "versions": record.versions, "planned": record.run}
            row |= {name: msgspec.json.encode(part).decode() for name, part in parts.items()}
            names = ", ".join(row)
            database.execute(f"INSERT INTO runs ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
            steps = record.steps
            columns = [steps.outcome, *(getattr(steps, name).tolist() for name in COLUMNS)]
            rows = zip([number] * len(steps.outcome), range(len(steps.outcome)), *columns, strict=True)
            database.executemany(f"INSERT INTO steps VALUES ({', '.join('?' * (len(COLUMNS) + 3))})", rows)
        database.execute("COMMIT")


def _read(database: sqlite3.Connection) -> Iterator[RunRecord]:
    cursor = database.execute(f"SELECT run, planned, metric, versions, {', '.join(OF_RUN)} FROM runs ORDER BY run")
    for number, planned, metric, versions, *facts in cursor.fetchall():
        names = ("outcome", *COLUMNS)
        steps = database.execute(f"SELECT {', '.join(names)} FROM steps WHERE run = ? ORDER BY step", (number,))
        columns: list[Any] = [*map(list, zip(*steps.fetchall(), strict=True))] or [[]] * len(names)
        yield RunRecord(
            run=msgspec.json.decode(planned, type=PlannedRun),
            metric=msgspec.json.decode(metric, type=Metric),
            versions=msgspec.json.decode(versions),
            steps=as_steps(columns[0], dict(zip(names[1:], columns[1:], strict=True))),
            **dict(zip(OF_RUN, facts, strict=True)),
        )
