"""What somebody who drives a run is told when something cannot be done."""

from __future__ import annotations

from genopt_gym.core.errors import UserError


class SessionError(UserError):
    """A call that changed nothing; one sentence says why, and what to do instead."""


class RunLeft(UserError):
    """The server ends: the run stops here, and can be resumed."""
