"""``genopt report``: what a study shows, as a page."""

from __future__ import annotations

from pathlib import Path

from genopt_gym.study.reporting.report import Summary, watch_report, write_report


def report(study: Path, paper: Path | None, watch: bool) -> None:
    """Write the report once, or again and again while the study runs."""
    if not watch:
        _show(write_report(study, paper))
        return
    try:
        watch_report(study, paper, _show)
    except KeyboardInterrupt:
        print("\ngenopt: stopped watching; the report stays as it was last written")


def _show(summary: Summary) -> None:
    print(f"{summary.done} of {summary.runs} runs are done")
    for sentence in summary.sentences:
        print(f"- {sentence}")
    print(f"report {summary.page}", flush=True)
