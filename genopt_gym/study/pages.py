"""The pages of a study's runs, and the one that lists them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import write_atomically
from genopt_gym.show.overview import Overview, RunEntry, overview_page, scale, thinned
from genopt_gym.show.run_page import NAME, write_run_page
from genopt_gym.study.analysis.statistics import task_name
from genopt_gym.study.folder import read_plan, run_path
from genopt_gym.study.loader import read_record
from genopt_gym.study.records import RunRecord

OVERVIEW = "study.html"


def study_overview(study: Path) -> Overview:
    """What the page of a study lists; its runs are looked up whenever they are asked for.

    Raises:
        UserError: there is no study, or its plan cannot be read.
    """
    plan = read_plan(study)
    report = "report/index.html" if (study / "report" / "index.html").exists() else ""
    return Overview(
        plan.name, plan.question, lambda: [_entry(study, read_record(study, run)) for run in plan.runs], report
    )


def write_study_pages(study: Path) -> Path:
    """Write the page of each run that has none, or that has gone on since, and ``study.html``, which lists them.

    Returns:
        The path of ``study.html``.

    Raises:
        UserError: there is no study, or it cannot be written to.
    """
    write_missing_pages([run_path(study, run.key) for run in read_plan(study).runs])
    page = overview_page(study_overview(study))
    try:
        write_atomically(study / OVERVIEW, page.encode())
    except OSError as error:
        raise UserError(f"cannot write {study / OVERVIEW}: {error.strerror}") from None
    return study / OVERVIEW


def write_missing_pages(folders: Sequence[Path]) -> None:
    """The page of each run that can be read and has none, or an older one than its last step."""
    for folder in folders:
        try:
            if is_older(folder / NAME, folder / "steps.jsonl") or is_older(folder / NAME, folder / "result.json"):
                write_run_page(folder)
        except UserError:
            continue  # not begun, or damaged: the study's own page says so


def is_older(page: Path, than: Path) -> bool:
    """Whether a page has to be made because of a file, which has to exist."""
    if not than.exists():
        return False
    return not page.exists() or page.stat().st_mtime_ns < than.stat().st_mtime_ns


def _entry(study: Path, record: RunRecord) -> RunEntry:
    run, folder = record.run, run_path(study, record.run.key)
    best = [float(value) for value in record.steps.best_validation]
    low, high = scale(record.metric, best)
    return RunEntry(
        key=run.key,
        folder=folder,
        task=task_name(run),
        arm=run.arm,
        seed=run.seed,
        state=record.state,
        edits=max(len(best) - 1, 0),
        start=best[0] if best else None,
        best=best[-1] if best else None,
        test=record.test_score,
        curve=thinned(best),
        low=low,
        high=high,
        page=f"runs/{run.key}/{NAME}" if (folder / NAME).exists() else "",
        problem=record.problem,
    )


def run_pages(study: Path, records: Sequence[RunRecord]) -> dict[str, str]:
    """Key to the address of a run's page as the report's page sees it; runs without a page are left out."""
    keys = [record.run.key for record in records]
    return {key: f"../runs/{quote(key)}/{NAME}" for key in keys if (run_path(study, key) / NAME).exists()}
