"""A witness that confinement holds: an artifact tries what must be denied, before any other artifact runs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from genopt_gym.core.artifact import Program
from genopt_gym.core.limits import Limits
from genopt_gym.sandbox.session import Session, SessionDied
from genopt_gym.sandbox.tier import TIERS, ConfinementError
from genopt_gym.sandbox.zygote import Zygote

PROBE = """\
import os
import socket


def probe(secret, folder, parent):
    def start_a_process():
        if os.fork() == 0:
            os._exit(0)

    attempts = {
        "read a planted secret": lambda: open(secret).read(),
        "write outside its scratch folder": lambda: open(folder + "/written", "w").close(),
        "open a network socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "signal its parent": lambda: os.kill(parent, 0),
        "start a process": start_a_process,
    }
    done = []
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError:
            continue
        done.append(name)
    return done
"""

PROBED = (
    "read a planted secret",
    "write outside its scratch folder",
    "open a network socket",
    "signal its parent",
    "start a process",
)
"""What the probe tries."""

WORKFLOW = "def workflow(secret, folder, parent):\n    return probe(secret, folder, parent)\n"


def breaches(zygote: Zygote) -> list[str]:
    """What an artifact could do that it must not.

    Raises:
        ConfinementError: the witness could not be heard.
    """
    with tempfile.TemporaryDirectory(prefix="genopt-witness-") as folder:
        secret = Path(folder) / "secret"
        secret.write_text("planted", encoding="utf-8")
        program = Program([("probe", "python", PROBE)], WORKFLOW)
        with Session(zygote, program, [0], Limits(), False) as session:
            try:
                (reply,) = session.call([0], [(str(secret), folder, os.getpid())])
            except SessionDied as death:
                raise ConfinementError(f"the confinement self-test died: {death.failure}") from None
        if reply.failure is not None or not isinstance(reply.result, list):
            raise ConfinementError(f"the confinement self-test failed: {reply.failure}")
        return [str(name) for name in reply.result]


def require_confinement(zygote: Zygote, tier: str) -> None:
    """Refuse to go on unless the denials of ``tier`` are witnessed; ``weak`` does not promise them.

    Raises:
        ConfinementError: something was possible that must not be.
    """
    if TIERS.find(tier).witnessed and (found := breaches(zygote)):
        raise ConfinementError(
            f"the confinement self-test of tier {tier} failed on this machine: an artifact could {', '.join(found)}"
        )
