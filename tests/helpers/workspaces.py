"""``genopt workspace`` as a process of its own, and what an assistant does in its folder."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import Ended

GENOPT = str(Path(sys.executable).with_name("genopt"))


class Workspace(NamedTuple):
    """A folder, the process that serves it, and the run's folder."""

    folder: Path
    process: subprocess.Popen[str]
    run: Path

    def evaluate(self, *words: str) -> Ended:
        done = subprocess.run([str(self.folder / "evaluate"), *words], capture_output=True, text=True, timeout=120)
        return Ended(done.returncode, done.stdout, done.stderr)

    def write(self, text: str, name: str = "policy.py") -> None:
        (self.folder / "artifact" / name).write_text(text)

    def ask(self, line: bytes) -> dict[str, Any]:
        """What is answered to these very bytes."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(120)
            asking.connect(str(self.folder / ".genopt/socket"))
            asking.sendall(line)
            asking.shutdown(socket.SHUT_WR)
            answer: dict[str, Any] = json.loads(asking.makefile("rb").read())
            return answer


@contextmanager
def workspace(place: Path, id: str, *words: str, name: str = "work") -> Iterator[Workspace]:
    """In ``place``: the workspace, and ``runs`` beside it; Ctrl-C at the end."""
    folder, log = place / name, place / f"{name}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [GENOPT, "workspace", id, str(folder), *words], cwd=place, stdout=out, stderr=out, text=True
        )
        try:
            while not (folder / ".genopt/socket").exists():
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            [run] = (place / "runs").iterdir()
            yield Workspace(folder, process, run)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
