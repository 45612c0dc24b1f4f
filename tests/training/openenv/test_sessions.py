"""Many clients at once, some of whom vanish: sessions are freed, and nothing is left behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest

pytest.importorskip("openenv")

from tests.helpers.openenv_server import BETTER, FALLING, SMALL_STORE, Server, Session, serving
from tests.helpers.waiting import wait_until

pytestmark = pytest.mark.timeout(900)

STUCK = "def policy(obs):\n    while True: pass\n"
FRAME = "{"
"""No message."""
CLIENT = """\
import sys
from websockets.sync.client import connect
with connect(sys.argv[1], proxy=None, open_timeout=300) as connection:
    connection.send('{"type": "state"}')
    print(connection.recv(), flush=True)
    input()
"""
"""A client that has a session, says so and waits."""


def test_sessions_are_apart_and_the_same_for_the_same_seed() -> None:
    """Each of four clients sees what it would see alone, however their edits interleave."""
    with serving() as server:
        alone = _episode(server.dial(), 1)
        seen: dict[int, list[str]] = {}
        threads = [
            threading.Thread(target=lambda number=number: seen.update({number: _episode(server.dial(), number % 2)}))
            for number in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen[1] == seen[3] == alone
        assert seen[0] == seen[2] != alone


@pytest.mark.parametrize("when", ["idle", "while an edit is evaluated", "while the start is evaluated"])
def test_a_client_that_vanishes_frees_its_session(when: str) -> None:
    with serving("--sessions", "1") as server:
        for _ in range(2):
            session = server.free_session()
            if when == "while the start is evaluated":
                session.send({"type": "reset", "data": {}})
            else:
                session.reset(seed=0)
            if when == "while an edit is evaluated":
                session.send({"type": "step", "data": {"edit": {"policy": STUCK}}})
            session.vanish()
        server.free_session().leave()


@pytest.mark.slow
def test_a_client_that_only_stops_answering_frees_its_session() -> None:
    """Its machine still acknowledges what arrives, but the process says nothing any more."""
    with serving("--sessions", "1") as server:
        words = [sys.executable, "-c", CLIENT, f"ws://127.0.0.1:{server.port}/ws"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            try:
                assert client.stdout is not None
                assert json.loads(client.stdout.readline())["type"] == "state"
                assert not _has_room(server)
                os.kill(client.pid, signal.SIGSTOP)
                server.free_session(600).leave()
            finally:
                client.kill()


@pytest.mark.parametrize(
    ("clients", "seconds"), [(4, 6.0), pytest.param(32, 240.0, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_nothing_leaks(clients: int, seconds: float) -> None:
    """Clients come, edit, send garbage and vanish; processes, descriptors and memory stay what they were."""
    with serving("--sessions", str(clients), "--edits", "6", command=SMALL_STORE) as server:
        _soak(server, clients, seconds / 2)
        before = _settled(server)
        visits = _soak(server, clients, seconds)
        after = _settled(server)
        print(f"{clients} clients, {visits} visits: {before} before, {after} after", file=sys.stderr)
        assert visits >= clients
        assert after.processes == before.processes
        assert after.threads <= before.threads + 4
        assert after.descriptors <= before.descriptors + 4
        assert after.megabytes <= before.megabytes * 1.25 + 30
        sessions = [server.free_session() for _ in range(clients)]
        for session in sessions:
            session.reset(seed=0)
            session.leave()
        assert "Traceback" not in server.told


class Held(NamedTuple):
    """What a server and its processes hold."""

    processes: int
    threads: int
    descriptors: int
    megabytes: int


def _held(server: Server) -> Held:
    everyone = [server.seen, *server.seen.children(recursive=True)]
    return Held(
        len(everyone),
        server.seen.num_threads(),
        sum(process.num_fds() for process in everyone),
        sum(process.memory_info().rss for process in everyone) >> 20,
    )


def _settled(server: Server) -> Held:
    """After the last evaluation of clients that have gone: nothing changes for two seconds."""
    seen: list[Held] = []

    def quiet() -> bool:
        time.sleep(0.5)
        seen.append(_held(server))
        return len(seen) > 4 and len({held[:3] for held in seen[-5:]}) == 1

    assert wait_until(quiet, 300)
    return seen[-1]


def _soak(server: Server, clients: int, seconds: float) -> int:
    """How many visits the clients made in that time."""
    visits: list[int] = []
    failures: list[BaseException] = []
    end = time.monotonic() + seconds

    def client(number: int) -> None:
        chance = random.Random(number)
        try:
            while time.monotonic() < end:
                _visit(server.free_session(600), chance)
                visits.append(number)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    return len(visits)


def _visit(session: Session, chance: random.Random) -> None:
    """An episode that may end in any way."""

    def edit(text: str) -> None:
        """Make an edit, of an episode that a lucky one may have ended."""
        if session.ask("step", {"edit": {"policy": text}})["type"] == "error":
            session.reset(seed=1)

    def edited() -> None:
        lean = f"obs['pole_angle'] + {chance.random():.3f} * obs['pole_velocity']"
        edit(f"def policy(obs):\n    return int({lean} > 0)\n")

    def nonsense() -> None:
        session.send(FRAME)
        assert session.answer()["type"] == "error"

    def broken() -> None:
        edit("def policy(obs):\n    return obs['nothing']\n")

    acts: list[Callable[[], None]] = [edited, edited, edited, nonsense, broken]
    session.reset(seed=chance.randrange(1000))
    for _ in range(chance.randrange(5)):
        chance.choice(acts)()
    how = chance.random()
    if how < 0.5:
        session.leave()
    elif how < 0.8:
        session.vanish()
    else:
        session.send({"type": "step", "data": {"edit": {"policy": FALLING}}})
        session.vanish()


def _episode(session: Session, seed: int) -> list[str]:
    """What an episode showed."""
    shown = [session.reset(seed=seed)]
    shown += [session.edit({"policy": text}) for text in (FALLING, BETTER)]
    session.leave()
    return [f"{data['reward']} {data['observation']['feedback']}{data['observation']['trace']}" for data in shown]


def _has_room(server: Server) -> bool:
    session = server.dial()
    is_open = session.is_open()
    session.leave()
    return is_open
