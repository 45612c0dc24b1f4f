"""Other libraries' optimizers as agents: one file each.

A library that lets itself be asked for one edit is an ordinary agent. One that owns its loop runs in a process of its
own (``ExternalOptimizerAgent``, in ``external_optimizer.py``) and asks for scores over a channel (``Bridge``, in
``bridge.py``).
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

from genopt_gym.core.errors import UserError

TESTED = {
    "dspy": ("dspy", "3.4", "3.5"),
    "gepa": ("gepa", "0.1.4", "0.2"),
    "openevolve": ("openevolve", "0.4", "0.5"),
    "textgrad": ("textgrad", "0.1.8", "0.2"),
    "trace": ("trace-opt", "0.1.3.8", "0.2"),
}
"""Extra to package, and the versions that were tested: from the first, below the second."""


def need(extra: str, agent: str) -> None:
    """See to it that the package behind an extra is there, for the agent of that name; it is not imported.

    Raises:
        UserError: it is missing, or of a version that was not tested.
    """
    package, least, below = TESTED[extra]
    install = f"pip install 'genopt-gym[{extra}]'"
    try:
        found = version(package)
    except PackageNotFoundError:
        raise UserError(f"the agent {agent} needs the package {package}: {install}") from None
    if not _numbers(least) <= _numbers(found) < _numbers(below):
        raise UserError(
            f"the agent {agent} works with {package} from {least} to before {below}, not with the {found} that is "
            f"installed: {install}"
        )


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
