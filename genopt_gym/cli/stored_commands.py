"""``genopt play`` and ``genopt verify``: stored artifacts run again, to be looked at and to be checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genopt_gym.cli.arguments import Confinement, choose_confinement
from genopt_gym.core.errors import UserError


def add_commands(app: typer.Typer) -> None:
    """Give the command line these two."""
    app.command("play")(play_command)
    app.command("verify")(verify_command)


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
