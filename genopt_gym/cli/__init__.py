"""``genopt``, the command line. A command's module is imported when it is called: the help stays quick."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from genopt_gym.cli.arguments import (
    Confinement,
    ListArguments,
    PromptArguments,
    ReportArguments,
    RunArguments,
    takes,
)
from genopt_gym.cli.confinement import choose_confinement
from genopt_gym.cli.data_app import data_app
from genopt_gym.cli.openenv_app import openenv_app
from genopt_gym.cli.serving_commands import SERVING
from genopt_gym.cli.study_app import study_app
from genopt_gym.core.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Optimize programs by editing them: a step is one edit, and the evidence of its run comes back.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from genopt_gym.version import VERSION

        print(f"genopt-gym {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and leave.")
    ] = False,
) -> None:
    """Optimize programs by editing them: a step is one edit, and the evidence of its run comes back."""


@app.command("list")
@takes(ListArguments)
def list_command(arguments: ListArguments) -> None:
    """Show every environment: id, family, starting artifacts, metric, solved score. Or what else there is by name."""
    from genopt_gym.cli.catalogue import show

    show(arguments)


@app.command("show")
def show_command(
    what: Annotated[
        str, typer.Argument(metavar="ID|RUN|STUDY", help="An environment, as in `genopt list`; or a run's folder.")
    ],
    browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Show what an environment can be asked for; or make the page of a run (run.html), or those of a study's runs.

    Of an environment: every keyword of gym.make, its values, its default, what it means.
    """
    if Path(what).is_dir():
        from genopt_gym.cli.watching import show_folder

        return show_folder(Path(what), browser)
    from genopt_gym.cli.showing import show

    return show(what)


@app.command("watch")
def watch_command(
    folder: Annotated[Path, typer.Argument(metavar="RUN|STUDY", help="A run's folder, or a study's.")],
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="On 127.0.0.1; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Serve the page of a run or a study while it goes on, in whichever process: for this machine alone, to be read.

    Example: genopt watch runs/atari-pong-proposer-seed0 --open
    """
    from genopt_gym.cli.watching import watch

    watch(folder, port, browser)


@app.command("trace")
def trace_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    step: Annotated[int, typer.Argument(min=0, metavar="STEP", help="Its number; 0 is the start.")],
    text: Annotated[bool, typer.Option("--text", help="As the agent saw it, letter by letter.")] = False,
) -> None:
    """Show the evidence of a step: what its trials saw, did and got, and where they failed."""
    from genopt_gym.cli.tracing import show_trace

    show_trace(run, step, text)


@app.command("run")
@takes(RunArguments)
def run_command(arguments: RunArguments) -> None:
    """Run an optimizer on an environment, or what a task file says, and keep everything it did in a folder.

    Example: genopt run GenOpt/Control-CartPole-v0 --agent hill-climbing --set start=modular/parametric
    """
    from genopt_gym.cli.task_file import with_task_file
    from genopt_gym.cli.workers import choose_workers

    choose_confinement(arguments.confinement)
    choose_workers(arguments.workers, arguments.address)
    arguments = with_task_file(arguments)
    if arguments.dry_run:
        from genopt_gym.cli.planning import show_plan

        show_plan(arguments)
    else:
        from genopt_gym.cli.running import run

        run(arguments)


@app.command("init")
def init_command(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="function, prompt or policy.")] = "function",
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go.")] = Path("."),
) -> None:
    """Write a task file from a template, with what it names, and say how to run it.

    Example: genopt init prompt my-task
    """
    from genopt_gym.cli.initialising import init

    init(kind, folder)


@app.command("prompt")
@takes(PromptArguments)
def prompt_command(arguments: PromptArguments) -> None:
    """Show the first prompt of a run: what the model would be asked. No model is called."""
    from genopt_gym.cli.prompting import show_prompt

    choose_confinement(arguments.confinement)
    show_prompt(arguments)


@app.command("compare")
def compare_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, or folders of a run per seed.")],
) -> None:
    """Show runs side by side: in what they differ, what they came to, and what they cost."""
    from genopt_gym.cli.comparing import compare

    compare(runs)


@app.command("play")
def play_command(
    run: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="A run folder, of an ended or an interrupted run.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(metavar="ID", help="In place of a run: the best program known for an id.")
    ] = None,
    film: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Where the film goes, .gif or .mp4; else RUN/best.gif.")
    ] = None,
    boxes: Annotated[
        bool, typer.Option("--boxes", help="Draw the observation's objects into the film (RUN/boxes.gif).")
    ] = False,
    episodes: Annotated[
        int, typer.Option(min=1, metavar="N", help="Test episodes to play; the film shows the first.")
    ] = 1,
    confinement: Confinement = None,
) -> None:
    """Play a run's best artifact on test episodes: print its scores, film it where the task has a screen.

    Or an id's reference program: genopt play --reference GenOpt/Atari-Pong-v0 --film pong.gif
    """
    choose_confinement(confinement)
    from genopt_gym.cli.playing import play

    play(run, reference, film, boxes, episodes)


for name, command in SERVING.items():
    app.command(name)(command)
app.add_typer(study_app, name="study")

app.add_typer(data_app, name="data")

app.add_typer(openenv_app, name="openenv")


@app.command("report")
@takes(ReportArguments)
def report_command(arguments: ReportArguments) -> None:
    """Write what a study shows, or runs together: a page (report/index.html), its figures (PNG) and tables (CSV)."""
    from genopt_gym.cli.reporting import report

    report(arguments)


@app.command("verify")
def verify_command(
    path: Annotated[
        str | None, typer.Argument(metavar="STUDY", help="A study's folder, or a run's; or an id, for what follows.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="The artifact of every step; else the first and the best of each run.")
    ] = False,
    solution: Annotated[Path | None, typer.Option(metavar="FILE", help="A problem's solution, .json or .py.")] = None,
    references: Annotated[
        bool, typer.Option("--references", help="The reference programs; with an id, its own.")
    ] = False,
    confinement: Confinement = None,
) -> None:
    """Run stored artifacts again and compare their scores with the stored ones; exit code 1 if one has changed.

    Or verify a solution of an open problem, exactly: genopt verify --solution FILE GenOpt/Discovery-CapSet8-v0
    """
    choose_confinement(confinement)
    if references:
        from genopt_gym.cli.verifying import verify_references

        verify_references(path)
    elif path is None:
        raise UserError("genopt verify takes a study's folder or a run's, or --references")
    elif solution is not None:
        from genopt_gym.cli.submitting import verify_solution

        verify_solution(solution, path)
    else:
        from genopt_gym.cli.verifying import verify

        verify(Path(path), every)


@app.command("doctor")
def doctor_command(confinement: Confinement = None) -> None:
    """Show how artifact code is confined on this machine, see that it holds, and say what it leaves open."""
    from genopt_gym.cli.doctor import doctor

    choose_confinement(confinement)
    doctor()


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE)
"""Errors that are the machine's: a full or read-only disk, a limit on files."""


def main() -> None:
    """Entry point: bad input ends with one sentence and exit code 2, a task's own failure with 1."""
    # Agents and tasks of one's own (module:Class) may lie in the folder one stands in.
    sys.path.append(os.getcwd())
    warnings.showwarning = _show_warning  # type: ignore[assignment]
    try:
        app()
    except UserError as error:
        _fail(str(error), 2)
    except Exception as error:
        from genopt_gym.core.extras import words_of
        from genopt_gym.evaluation import EvaluationError

        if isinstance(error, OSError) and error.errno in NO_ROOM:
            where = f" ({error.filename})" if error.filename else ""
            _fail(f"a file could not be written or opened{where}: {error.strerror}; make room, then go on", 1)
        if isinstance(error, ImportError) and (words := words_of(error, "this")):
            _fail(words, 2)
        if not isinstance(error, EvaluationError):
            raise
        _fail(str(error), 1)


def _fail(message: str, code: int) -> None:
    print(f"genopt: {message}", file=sys.stderr)
    sys.exit(code)


def _show_warning(message: Warning | str, *_: object) -> None:
    """Warnings in the same form as errors; Gymnasium colours its own and puts a word before."""
    text = str(message).replace("\x1b[33m", "").replace("\x1b[0m", "").removeprefix("WARN: ")
    print(f"genopt: note: {text}", file=sys.stderr)
