"""``genopt openenv serve`` as a process of its own, and what its clients say."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psutil
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.helpers.waiting import wait_until

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL = ("start=one_function/naive", "validation_size=2", "credit_horizon=3")
FALLING = "def policy(obs):\n    return int(obs['pole_velocity'] > 0)\n"
"""Better than the start, and not solved."""
BETTER = "def policy(obs):\n    return int(obs['pole_angle'] + obs['pole_velocity'] > 0)\n"
COMMAND = (sys.executable, "-c", "from genopt_gym.cli import main; main()", "openenv", "serve", CARTPOLE)

SMALL_STORE = (sys.executable, "-m", "tests.helpers.openenv_server")


class Server:
    """The command, once it serves."""

    def __init__(self, command: Sequence[str]) -> None:
        self._log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)\n", line)
        assert found, (line, self.told)
        self.url, self.port = line.strip(), int(found[1])
        self.seen = psutil.Process(self.process.pid)

    @property
    def told(self) -> str:
        """What it has written on standard error."""
        self._log.seek(0)
        return self._log.read()

    def dial(self) -> Session:
        return Session(connect(f"ws://127.0.0.1:{self.port}/ws", proxy=None, open_timeout=300).__enter__())

    def free_session(self, seconds: float = 300.0) -> Session:
        """A session, as soon as the server has one to give."""
        found: list[Session] = []

        def taken() -> bool:
            session = self.dial()
            if not session.is_open():
                session.leave()
                return False
            found.append(session)
            return True

        assert wait_until(taken, seconds), "no session was freed"
        return found[0]

    def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        self.process.communicate(timeout=300)
        self._log.close()
        return self.process.returncode


class Session:
    """One client's connection, message by message."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def send(self, message: Any) -> None:
        self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.connection.recv(timeout=600))
        return answer

    def ask(self, type: str, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
        self.send({"type": type} if data is None else {"type": type, "data": data})
        return self.answer()

    def is_open(self) -> bool:
        """Whether the server has room for it."""
        try:
            return bool(self.ask("state")["type"] == "state")
        except WebSocketException:
            return False

    def reset(self, **arguments: Any) -> dict[str, Any]:
        return self._observed(self.ask("reset", arguments))

    def edit(self, edit: Mapping[str, str] | str) -> dict[str, Any]:
        return self._observed(self.ask("step", {"edit": edit}))

    def leave(self) -> None:
        self.connection.close()

    def vanish(self) -> None:
        """Be gone from one moment to the next, as a client whose process was killed."""
        self.connection.socket.shutdown(socket.SHUT_RDWR)
        self.connection.close()

    def _observed(self, answer: dict[str, Any]) -> dict[str, Any]:
        assert answer["type"] == "observation", answer
        data: dict[str, Any] = answer["data"]
        return data


@contextmanager
def serving(*options: str, command: Sequence[str] = COMMAND, small: bool = True) -> Iterator[Server]:
    """A server of a small CartPole, on a free port."""
    settings = [word for setting in SMALL for word in ("--set", setting)] if small else []
    server = Server([*command, "--port", "0", *settings, *options])
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.end()


def main() -> None:
    """The command with a store so small that it is full at once: what grows then is a leak."""
    from genopt_gym.cli import main
    from genopt_gym.training.openenv import served

    served.STORED_BYTES = 1 << 20
    sys.argv = ["genopt", "openenv", "serve", CARTPOLE, *sys.argv[1:]]
    main()


if __name__ == "__main__":
    main()
