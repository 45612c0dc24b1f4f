"""Hostile artifacts from within a workspace and through MCP: each is a scored step that gains nothing."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.journal import read_journal
from genopt_gym.sandbox.confine import available_tier
from genopt_gym.serve.sessions import Rules, Sessions
from tests.helpers.mcp_clients import Caller, mcp
from tests.helpers.workspaces import workspace
from tests.sandbox.attack import Attack
from tests.sandbox.attacks import ALL
from tests.sandbox.attacks_on_limits import ENDS
from tests.sandbox.attacks_on_protocol import PROTOCOL
from tests.sandbox.attacks_outside import KERNEL, NETWORK, OTHERS, PROCESSES, READING, WRITING
from tests.sandbox.scene import site_data

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL = {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 3}
NAME = secrets.token_hex(12)
TOKEN = f"PLANTED-{NAME}"
HONEST = "def policy(obs):\n    return int(obs['pole_velocity'] > 0)\n"

pytestmark = pytest.mark.skipif(available_tier() == "weak-only", reason="this system confines nothing")

OURS = [
    Attack(
        "read the run's folder",
        "return [open(os.path.join(scene['run'], n), 'rb').read(99) for n in ('config.json', 'evaluations.bin')]",
    ),
    Attack("write a reply into the record", "return open(scene['run'] + '/replies.jsonl', 'a').write('{}')"),
    Attack("write a result", "return open(scene['run'] + '/result.json', 'w').write('{}')"),
    Attack(
        "read its step's ledger by a link", "os.symlink(scene['run'] + '/ledger.jsonl', 'l')\nreturn open('l').read()"
    ),
    Attack(
        "call the workspace's socket",
        """
        line = socket.socket(socket.AF_UNIX)
        line.connect(scene['socket'])
        return line.send(b'{"tool": "finish", "arguments": {}}')
    """,
    ),
    Attack("call the server's port", "return socket.create_connection(('127.0.0.1', scene['tcp'])).send(b'POST /mcp')"),
]
"""What is to be had where runs are driven from outside."""

QUICK = [*OURS, *READING[:4], *WRITING[:2], *NETWORK[:2], *PROCESSES[:2]]
WHOLE = [*OURS, *READING, *WRITING, *NETWORK, *PROCESSES, *ENDS, *OTHERS, *KERNEL, *PROTOCOL]


class Victims:
    """What could be read, changed or called, and whether it was."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.folder = folder / "planted"
        self.folder.mkdir(mode=0o777)
        for name in ("secret", "victim"):
            (self.folder / name).write_text(TOKEN)
        self.process = subprocess.Popen(["sleep", "600"], start_new_session=True)
        opened.callback(self.process.wait)
        opened.callback(self.process.kill)
        self.listeners = [opened.enter_context(socket.create_server(("127.0.0.1", 0)))]
        for address in (str(folder / "listener"), "\0" + NAME):
            listening = opened.enter_context(socket.socket(socket.AF_UNIX))
            listening.bind(address)
            listening.listen()
            self.listeners.append(listening)
        self.udp = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.udp.bind(("127.0.0.1", 0))
        for each in (*self.listeners, self.udp):
            each.setblocking(False)

    def facts(self, run: Path, line: Path) -> dict[str, Any]:
        return {
            "secret": str(self.folder / "secret"),
            "victim_file": str(self.folder / "victim"),
            "folder": str(self.folder),
            "sibling": str(self.folder),
            "project": str(Path(__file__).parents[2]),
            "data": site_data(),
            "host": os.getpid(),
            "victim": self.process.pid,
            "address": id(TOKEN),
            "length": 99,
            "tcp": self.listeners[0].getsockname()[1],
            "udp": self.udp.getsockname()[1],
            "unix": str(self.listeners[1].getsockname()),
            "abstract": NAME,
            "key": 0x6E00_0000 + os.getpid(),
            "name": f"genopt-serve-{os.getpid()}",
            "run": str(run),
            "socket": str(line),
        }

    def harm(self) -> list[str]:
        found = [name for name in ("secret", "victim") if (self.folder / name).read_text() != TOKEN]
        found += ["files"] if len(list(self.folder.iterdir())) != 2 else []
        found += ["victim"] if self.process.poll() is not None else []
        for listening in (*self.listeners, self.udp):
            try:
                listening.recv(9) if listening is self.udp else listening.accept()
                found.append("network")
            except BlockingIOError:
                continue
        return found


@pytest.fixture
def victims(tmp_path: Path) -> Iterator[Victims]:
    with ExitStack() as opened:
        yield Victims(tmp_path, opened)


def hostile(attack: Attack, facts: dict[str, Any]) -> str:
    """A policy that attacks once and then plays honestly; loot ends the trial, and would be told in its evidence."""
    return f"""{attack.source}
scene, done = {facts!r}, []

def policy(obs):
    if not done:
        done.append(1)
        loot = attack(scene)
        if loot is not None and {attack.loots}:
            raise RuntimeError("LOOT " + repr(loot)[:500])
    return int(obs['pole_velocity'] > 0)
"""


async def attacked(
    attacks: Sequence[Attack], facts: dict[str, Any], edit: Callable[[str], Awaitable[str]]
) -> dict[str, str]:
    """What was said of each attack, after an honest step."""
    await edit(HONEST)
    return {attack.name: await edit(hostile(attack, facts)) for attack in attacks}


def check(said: dict[str, str], attacks: Sequence[Attack], run: Path, victims: Victims) -> None:
    steps = read_journal(run / "steps.jsonl")[0]
    honest = steps[1]["score"]
    assert len(steps) == 2 + len(attacks)
    for step, attack in zip(steps[2:], attacks, strict=True):
        assert step["score"] <= honest, attack.name
        assert "LOOT" not in said[attack.name], said[attack.name]
        assert TOKEN not in said[attack.name], attack.name
        assert "Test" not in said[attack.name], attack.name
    assert victims.harm() == []
    assert not (run / "result.json").exists()


def through_mcp(attacks: Sequence[Attack], victims: Victims, folder: Path) -> None:
    from genopt_gym.serve.mcp_server import ToolServer

    sessions = Sessions(Rules(out=folder / "runs"))

    async def run() -> None:
        async with mcp.Client(ToolServer(sessions)._server) as client:
            tools = Caller(client)
            begun = await tools("start", id=CARTPOLE, parameters=SMALL, edits=len(attacks) + 2)
            stored = folder / "runs" / begun.facts["run"]

            async def edit(text: str) -> str:
                told = await tools("edit", components={"policy": text})
                seen = [await tools("observe", part=part) for part in ("trace", "feedback")]
                return "\n".join([told.words, str(told.facts), *(each.words for each in seen)])

            said = await attacked(attacks, victims.facts(stored, folder / "none"), edit)
            check(said, attacks, stored, victims)

    try:
        asyncio.run(run())
    finally:
        sessions.close()


def from_a_workspace(attacks: Sequence[Attack], victims: Victims, folder: Path) -> None:
    words = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]
    with workspace(folder, CARTPOLE, "--edits", str(len(attacks) + 2), *words) as work:

        async def edit(text: str) -> str:
            work.write(text)
            ended = work.evaluate()
            return ended.out + ended.err + (work.folder / "evidence/trace.txt").read_text()

        facts = victims.facts(work.run, work.folder / ".genopt/socket")
        said = asyncio.run(attacked(attacks, facts | {"host": work.process.pid}, edit))
        check(said, attacks, work.run, victims)


def test_there_are_enough_kinds() -> None:
    assert len([attack for attack in WHOLE if attack in ALL]) >= 31


def test_attacks_through_mcp_gain_nothing(victims: Victims, tmp_path: Path) -> None:
    through_mcp(QUICK, victims, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_all_attacks_through_mcp_gain_nothing(victims: Victims, tmp_path: Path) -> None:
    through_mcp(WHOLE, victims, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_all_attacks_from_a_workspace_gain_nothing(victims: Victims, tmp_path: Path) -> None:
    from_a_workspace(WHOLE, victims, tmp_path)
