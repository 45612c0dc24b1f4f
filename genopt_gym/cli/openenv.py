"""``genopt openenv serve`` and ``genopt openenv package``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from genopt_gym.cli.running import pairs
from genopt_gym.core.extras import need
from genopt_gym.evaluation.worker_process import default_workers

if TYPE_CHECKING:
    from genopt_gym.cli.openenv_app import PackageArguments, ServeArguments


def serve(arguments: ServeArguments) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    need("openenv", "genopt openenv serve")
    from genopt_gym.training.openenv.app import create_app, listen, run

    default_workers()
    listening = listen(arguments.host, arguments.port)
    app = create_app(
        arguments.id,
        parameters=pairs("--set", arguments.parameters or []),
        edits=arguments.edits,
        sessions=arguments.sessions,
        confinement=arguments.confinement,
    )
    print("genopt: Ctrl-C ends it", file=sys.stderr, flush=True)
    run(app, listening)


def package(arguments: PackageArguments) -> None:
    """Evaluate the starting artifact once, and write the package."""
    from genopt_gym.training.openenv.package import write_package
    from genopt_gym.training.openenv.served import look_at

    parameters = pairs("--set", arguments.parameters or [])
    served = look_at(
        arguments.id,
        parameters,
        edits=arguments.edits,
        sessions=arguments.sessions,
        tier=arguments.confinement,
    )
    write_package(served, arguments.folder, arguments.confinement, arguments.wheel)
    print(arguments.folder)
