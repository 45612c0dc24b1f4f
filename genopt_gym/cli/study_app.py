"""``genopt study``: many runs at once. As elsewhere, a command's module is imported when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genopt_gym.cli.arguments import Callbacks

study_app = typer.Typer(no_args_is_help=True, help="Many runs: a plan, its execution, its statistics.")

PlanArgument = Annotated[
    str, typer.Argument(metavar="PLAN", help="A YAML file, or a preset such as quick/credit-horizon.")
]
Model = Annotated[
    str | None, typer.Option(metavar="NAME", help="What agents and artifacts ask that ask a model: provider/name.")
]
Tasks = Annotated[
    list[str] | None,
    typer.Option(metavar="ID", help="Only these tasks, or others than the plan's. May be repeated."),
]
Seeds = Annotated[int | None, typer.Option(min=1, metavar="N", help="Replicates 0 to N-1 of every arm.")]


def overrides(model: str | None, tasks: list[str] | None, seeds: int | None) -> dict[str, object]:
    """Keys of the plan that the command line replaces."""
    given = {"model": model, "tasks": tasks or None, "seeds": seeds}
    return {key: value for key, value in given.items() if value is not None}


@study_app.callback()
def study_commands() -> None:
    """Many runs: a plan, its execution, its statistics."""


@study_app.command("check")
def check_command(plan: PlanArgument, model: Model = None, tasks: Tasks = None, seeds: Seeds = None) -> None:
    """Check a plan, and say how many runs, trials and model calls it makes; nothing is run.

    Example: genopt study check quick/credit-horizon
    """
    from genopt_gym.cli.checking import check

    check(plan, overrides(model, tasks, seeds))


@study_app.command("run")
def run_command(
    plan: Annotated[
        str, typer.Argument(metavar="PLAN", help="A YAML file, a preset, or the folder of a study to go on with.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The study's folder; studies/NAME if left out.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Runs at once; one per core if left out.")
    ] = None,
    executor: Annotated[str, typer.Option(metavar="WHERE", help="local, or ray: on a Ray cluster.")] = "local",
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Of the Ray cluster; the one set up here, or a new one, if left out."),
    ] = None,
    model: Model = None,
    tasks: Tasks = None,
    seeds: Seeds = None,
    callbacks: Callbacks = None,
    accept_changes: Annotated[
        bool,
        typer.Option("--accept-changes", help="Runs that were begun go on although your own code or data has changed."),
    ] = False,
) -> None:
    """Run all runs of a plan. Interrupted, the same command goes on where it was.

    Example: genopt study run quick/credit-horizon
    """
    from genopt_gym.cli.studying import StudyArguments, run

    changed = overrides(model, tasks, seeds)
    run(StudyArguments(plan, out, executor, address, workers, changed, callbacks or [], accept_changes))


@study_app.command("index")
def index_command(study: Annotated[Path, typer.Argument(metavar="STUDY", help="A study's folder.")]) -> None:
    """Make a study's index anew, from its run folders."""
    from genopt_gym.cli.studying import index

    index(study)
