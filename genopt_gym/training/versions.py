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


def need_trainer(extra: str, what: str) -> None:
    """UserError with what to install, unless a trainer is here in the version that this package is tested with.

    Args:
        extra: one of ``TESTED``.
        what: needs it; begins the message where it is missing.
    """
    need(extra, what)
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
