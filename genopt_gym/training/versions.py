"""Trainers are young and change: each adapter is for one version, and says so where another is found."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from genopt_gym.core.errors import UserError
from genopt_gym.core.extras import need

TESTED: Final = {
    "openenv": ("openenv", "0.10"),
    "skyrl": ("skyrl-gym", "0.4"),
    "trl": ("trl", "1.16"),
    "verifiers": ("verifiers", "0.4"),
}
"""Extra to its package, and the version that this package is tested with."""


class TrainerMissing(UserError, ImportError):
    """A trainer is not installed; also an ``ImportError``, since modules that cannot be imported raise it."""


def need_trainer(extra: str, what: str) -> None:
    """Make sure that a trainer is here in the version that this package is tested with.

    Args:
        extra: one of ``TESTED``.
        what: needs it; begins the message where it is missing.

    Raises:
        TrainerMissing: it is not installed; the message says what to install.
        UserError: it is here in another version.
    """
    try:
        need(extra, what)
    except UserError as error:
        raise TrainerMissing(str(error)) from None
    check_version(*TESTED[extra])


def check_version(package: str, tested: str) -> None:
    """UserError unless the installed version of a package begins as the tested one.

    >>> check_version("gymnasium", "0.1")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    genopt_gym.core.errors.UserError: gymnasium ... is installed, and this is for 0.1: pip install 'gymnasium==0.1.*'
    """
    found = version(package)
    if found.split(".")[: tested.count(".") + 1] != tested.split("."):
        words = f"{package} {found} is installed, and this is for {tested}: pip install '{package}=={tested}.*'"
        raise UserError(words)
