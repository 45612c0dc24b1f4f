"""Trainers are young and change: each adapter is for one version, and says so where another is found."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from genopt_gym.core.errors import UserError
from genopt_gym.core.extras import need

TRL: Final = "1.16"


def need_trl() -> None:
    """UserError with what to install, unless TRL is here in the version that this package is tested with."""
    need("trl", "training by TRL")
    check_version("trl", TRL)


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
