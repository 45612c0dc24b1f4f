"""What helper processes do in the tests of ``core.processes``; each says ``ready`` first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from genopt_gym.core.processes import HelperProcess, calling, end_with_owner


def say(words: str) -> None:
    os.write(1, f"{words}\n".encode())


def obedient() -> None:
    """Ends when its owner is gone or lets go."""
    end_with_owner(lambda: os._exit(7))
    say("ready")
    time.sleep(600)


def deaf() -> None:
    """Does not look at its lifeline, minds no request to end, and has started another."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    say(f"ready {other.pid}")
    time.sleep(600)


def fails() -> None:
    say("ready")
    sys.exit(3)


def start(function: str) -> tuple[HelperProcess, list[str]]:
    """A helper, and the words that it has said first."""
    read, write = os.pipe()
    helper = HelperProcess(calling(f"{__name__}:{function}"), environment=os.environ, stdout=write)
    os.close(write)
    with open(read) as said:
        return helper, said.readline().split()


def owner() -> None:
    """Owns a helper, and a fork of itself that does nothing; tells the helper's number."""
    helper, _ = start("obedient")
    fork = os.fork()
    if fork == 0:
        time.sleep(600)
    say(f"{helper.pid} {fork}")
    time.sleep(600)
