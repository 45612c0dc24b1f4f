"""``genopt openenv``: an environment for whoever trains over OpenEnv."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from genopt_gym.cli.arguments import Confinement, Id, Parameters, takes
from genopt_gym.cli.confinement import choose_confinement

openenv_app = typer.Typer(no_args_is_help=True, help="Environments for trainers that speak OpenEnv.")

Edits = Annotated[int | None, typer.Option(min=1, metavar="N", help="Steps of an episode; the id has a default.")]
MostSessions = Annotated[int, typer.Option(min=1, metavar="N", help="Most clients at once.")]


@openenv_app.callback()
def openenv_commands() -> None:
    """Environments for trainers that speak OpenEnv."""


@dataclass(frozen=True, kw_only=True)
class ServeArguments:
    """Of ``genopt openenv serve``."""

    id: Annotated[str, Id]
    parameters: Parameters = None
    edits: Edits = None
    sessions: MostSessions = 32
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="0.0.0.0 lets other machines in.")] = "127.0.0.1"
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0 takes a free one.")] = 8000
    confinement: Confinement = None


@openenv_app.command("serve")
@takes(ServeArguments)
def serve_command(arguments: ServeArguments) -> None:
    """Serve an environment to many clients at once, each with episodes of its own.

    Example: genopt openenv serve GenOpt/Control-CartPole-v0 --edits 8
    """
    from genopt_gym.cli.openenv import serve

    choose_confinement(arguments.confinement)
    serve(arguments)


@dataclass(frozen=True, kw_only=True)
class PackageArguments:
    """Of ``genopt openenv package``."""

    id: Annotated[str, Id]
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")]
    parameters: Parameters = None
    edits: Edits = None
    sessions: MostSessions = 32
    wheel: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Install genopt_gym in the container from this wheel, not from the index."),
    ] = None
    confinement: Confinement = None


@openenv_app.command("package")
@takes(PackageArguments)
def package_command(arguments: PackageArguments) -> None:
    """Write what OpenEnv's tools validate, build and publish: openenv.yaml, Dockerfile, README.md, the server.

    Example: genopt openenv package GenOpt/Control-CartPole-v0 cartpole --edits 8
    """
    from genopt_gym.cli.openenv import package

    choose_confinement(arguments.confinement)
    package(arguments)
