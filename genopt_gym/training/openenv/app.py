"""The server: OpenEnv's application around sessions, and how it is run."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import gymnasium as gym

from genopt_gym.core.errors import UserError
from genopt_gym.evaluation import EvaluationError
from genopt_gym.training.openenv.guard import Guard
from genopt_gym.training.openenv.served import Served, announcement, look_at
from genopt_gym.training.versions import need_trainer

WHAT = "a server for OpenEnv"

try:
    import uvicorn
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse
    from openenv.core.env_server import http_server
    from openenv.core.env_server.types import ConcurrencyConfig

    from genopt_gym.training.openenv.environment import EditEnvironment
    from genopt_gym.training.openenv.messages import EditAction, EditObservation, EditState
except ImportError:
    need_trainer("openenv", WHAT)
    raise

MAX_MESSAGE_BYTES = 4 << 20
"""Of one message of a client: ample room for the longest edit that there can be."""
GRACE_SECONDS = 5
"""Seconds that a connection has to end when the server does."""
IDLE_SECONDS = 3600.0
"""After which a session is freed that nobody used: also one that was opened over HTTP and never closed."""


def create_app(
    id: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    edits: int | None = None,
    sessions: int = 32,
    confinement: str | None = None,
) -> FastAPI:
    """OpenEnv's application for one environment; its starting artifact is evaluated before this returns.

    Args:
        id: the environment, as in ``genopt list``.
        parameters: keywords of ``gym.make``; no client can change them.
        edits: steps of an episode; the id's own number if left out.
        sessions: most clients at once.
        confinement: a tier by name. Tiers that do not confine are taken from here alone, never from the surroundings.

    Raises:
        ConfinementError: artifact code would not be confined, and that was not asked for.
        UserError: the id, a keyword or a value is wrong, or OpenEnv is here in another version.
    """
    need_trainer("openenv", WHAT)
    served = look_at(id, parameters or {}, edits=edits, sessions=sessions, tier=confinement)
    for line in announcement(served):
        print(f"genopt: {line}", file=sys.stderr, flush=True)
    return app_of(served)


def app_of(served: Served) -> FastAPI:
    """The application around what was looked at."""
    app = http_server.create_app(
        partial(EditEnvironment, served),
        EditAction,
        EditObservation,
        env_name=served.name,
        concurrency_config=ConcurrencyConfig(max_concurrent_envs=served.sessions, session_timeout=IDLE_SECONDS),
        state_cls=EditState,
    )
    app.add_middleware(Guard, limit=MAX_MESSAGE_BYTES)
    app.add_exception_handler(UserError, partial(_refused, 400))
    app.add_exception_handler(gym.error.Error, partial(_refused, 400))
    app.add_exception_handler(EvaluationError, partial(_refused, 500))
    return app


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; UserError if the address cannot be had."""
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        raise UserError(f"cannot serve on {host}:{port} ({error}): take another port, or 0 for any") from None


def run(app: FastAPI, listening: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM; sessions that are open then are ended."""
    host, port = listening.getsockname()[:2]
    print(f"http://{host}:{port}", flush=True)
    config = uvicorn.Config(
        app, ws_max_size=MAX_MESSAGE_BYTES, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS
    )
    uvicorn.Server(config).run(sockets=[listening])


async def _refused(status: int, request: Request, error: Exception) -> JSONResponse:
    """One sentence in place of a traceback."""
    return JSONResponse({"detail": str(error)}, status_code=status)
