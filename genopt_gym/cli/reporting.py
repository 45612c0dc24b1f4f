"""``genopt report``: what a study shows, or runs together, as a page."""

from __future__ import annotations

from pathlib import Path

from genopt_gym.cli.arguments import ReportArguments
from genopt_gym.cli.comparing import run_folders
from genopt_gym.core.errors import UserError
from genopt_gym.study.folder import PLAN
from genopt_gym.study.reporting.report import Summary, watch_report, write_report
from genopt_gym.study.reporting.together import report_runs


def report(arguments: ReportArguments) -> None:
    """Write the report once, or again and again while a study runs."""
    study = arguments.folders[0]
    if len(arguments.folders) > 1 or _is_run(study):
        _report_runs(arguments)
    elif arguments.out is not None:
        raise UserError(f"the report of a study goes into its folder, {study}: leave out --out")
    elif not arguments.watch:
        _show(write_report(study, arguments.paper, None, arguments.normalise))
    else:
        try:
            watch_report(study, arguments.paper, _show, arguments.normalise)
        except KeyboardInterrupt:
            print("\ngenopt: stopped watching; the report stays as it was last written")


def _report_runs(arguments: ReportArguments) -> None:
    """Runs that no study has planned: the seeds of an arm make one curve."""
    if arguments.watch:
        raise UserError("--watch is for the folder of a study")
    for folder in arguments.folders:
        if (folder / PLAN).exists():
            raise UserError(f"{folder} is a study: its report is written alone")
    runs = run_folders(arguments.folders)
    out = arguments.out
    if out is None and len(arguments.folders) > 1:
        raise UserError("say where the report of several folders goes, with --out DIR")
    out = out or arguments.folders[0] / "report"
    _show(report_runs(runs, out, arguments.paper, arguments.normalise))


def _is_run(folder: Path) -> bool:
    from genopt_gym.cli.running import PLAN as SEEDS

    return any((folder / name).exists() for name in ("config.json", SEEDS))


def _show(summary: Summary) -> None:
    print(f"{summary.done} of {summary.runs} runs are done")
    for sentence in summary.sentences:
        print(f"- {sentence}")
    print(f"report {summary.page}", flush=True)
