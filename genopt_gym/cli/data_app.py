"""``genopt data``: tables of others, fetched with the user's own account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

data_app = typer.Typer(no_args_is_help=True, help="Get tables that do not come with genopt_gym.")


@data_app.callback()
def data_commands() -> None:
    """Get tables that do not come with genopt_gym."""


@data_app.command("fetch")
def fetch_command(
    name: Annotated[str, typer.Argument(metavar="TABLE", help="house-price or spaceship-titanic.")],
    source: Annotated[str | None, typer.Option(help="kaggle or openml; Kaggle if left out.")] = None,
    folder: Annotated[Path | None, typer.Option(metavar="DIR", help="Where it goes; the cache if left out.")] = None,
) -> None:
    """Fetch a competition's table with your own account, and keep it with its checksum."""
    from genopt_gym.cli.data import fetch

    fetch(name, source, folder)
