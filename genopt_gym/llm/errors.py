"""What can go wrong with a model call."""

from __future__ import annotations

from genopt_gym.core.errors import UserError


class ModelError(UserError):
    """The model cannot be asked, or did not answer after all tries; one sentence says why and what to do."""


class ModelRefused(ModelError):
    """The request was refused for what it says: it would be refused again, so an option has to change."""


class ReplayMiss(ModelError):
    """Replay was asked for something that was never recorded."""


class Transient(Exception):
    """An attempt failed in a way that another may not.

    Attributes:
        retry_after: seconds that the provider asks to wait, if it does.
        may_have_cost: whether the provider may have answered, and counted tokens, all the same.
        tries: how many attempts are worth while, where that is fewer than usual.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, may_have_cost: bool = False, tries: int | None = None
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.may_have_cost = may_have_cost
        self.tries = tries
