"""This process's connection to a Ray cluster."""

from __future__ import annotations

import logging
import os
from typing import Any

from genopt_gym.core.errors import UserError


def connect(address: str | None = None) -> tuple[Any, bool]:
    """Ray, connected to a cluster; the connection that is there, if there is one.

    Args:
        address: of the cluster; ``None`` takes that of ``RAY_ADDRESS``, or the one that is set up here, or starts Ray
            on this machine.

    Returns:
        The module, and whether the connection was made by this call.

    Raises:
        UserError: Ray is not installed, or the cluster cannot be reached.
    """
    try:
        import ray
    except ImportError:
        raise UserError("running on Ray needs the extra ray: pip install 'genopt-gym[ray]'") from None
    if ray.is_initialized():
        return ray, False
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # Ray raises just that where a node is slow to start
        named = address or os.environ.get("RAY_ADDRESS")
        where = f"the Ray cluster at {named} cannot be reached" if named else "Ray cannot be started here"
        raise UserError(f"{where}: {error}") from None
    return ray, True
