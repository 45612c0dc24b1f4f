"""Whatever is sent, an error or a scored outcome comes back, and the server goes on."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("openenv")

import requests
from websockets.exceptions import ConnectionClosed

from genopt_gym.core.actions import MAX_TEXT_CHARS
from tests.helpers.openenv_server import BETTER, CARTPOLE, COMMAND, FALLING, Server, Session, serving

pytestmark = pytest.mark.timeout(900)

SLUG = "genopt_control_cartpole_v0"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("--sessions", "3") as server:
        yield server


@pytest.fixture
def session(server: Server) -> Iterator[Session]:
    """One that has begun an episode; when it has left, another finds the server as it was."""
    session = server.free_session()
    session.reset(seed=0)
    yield session
    session.leave()
    after = server.free_session()
    after.reset(seed=0)
    assert after.edit({"policy": BETTER})["observation"]["outcome"] == "ok"
    after.leave()
    assert server.process.poll() is None
    assert "Traceback" not in server.told


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"seed": -1}, "seed is a whole number from 0"),
        ({"seed": "1"}, "seed is a whole number from 0"),
        ({"seed": 1.5}, "seed is a whole number from 0"),
        ({"seed": True}, "seed is a whole number from 0"),
        ({"seed": 10**40}, "seed is a whole number from 0"),
        ({"sede": 1}, "reset takes seed, episode_id, split and index, not sede"),
        ({"artifact": {"policy": "x"}}, "not artifact"),
        ({"options": {"artifact": {}}}, "not options"),
        ({"split": "train"}, "split and index go together"),
        ({"index": 3}, "split and index go together"),
        ({"split": "validation", "index": 0}, "the splits are train and test"),
        ({"split": ["train"], "index": 0}, "the splits are train and test"),
        ({"split": "test", "index": 100}, "test has the tasks 0 to 99"),
        ({"split": "test", "index": -1}, "test has the tasks 0 to 99"),
        ({"split": "test", "index": "0"}, "test has the tasks 0 to 99"),
        ({"episode_id": 7}, "episode_id is a text"),
    ],
    ids=str,
)
def test_a_reset_that_cannot_be_made_is_an_error_and_ends_no_episode(
    session: Session, data: dict[str, Any], told: str
) -> None:
    answer = session.ask("reset", data)
    assert answer["type"] == "error"
    assert told in answer["data"]["message"]
    assert session.edit({})["observation"]["outcome"] == "unchanged"


@pytest.mark.parametrize(
    "message",
    [
        *(
            "",
            "{",
            "[1, 2]",
            "null",
            "3",
            '"reset"',
            '{"type": {}}',
            '{"type": "nope"}',
            '{"type": "step"}',
            "[" * 50_000,
        ),
        *('{"type": "step", "data": {"edit": NaN}}', '{"type": "step", "data": {"edit": {"policy": 3}}}'),
        *('{"type": "step", "data": {"edit": {"policy": {"a": [1]}}}}', '{"type": "step", "data": {"code": "x"}}'),
        *('{"type": "step", "data": []}', '{"type": "reset", "data": 3}', '{"type": "mcp", "data": {"method": 3}}'),
        '{"type": "step", "data": {"edit": {"policy": "x"}, "more": "\\ud800"}}',
        b"\x00\xff\xfe",
    ],
    ids=lambda message: repr(message[:40]),
)
def test_garbage_is_answered_with_an_error(session: Session, message: str | bytes) -> None:
    session.send(message)
    answer = session.answer()
    assert answer["type"] == "error" or answer["data"]["error"]


def test_a_message_too_long_to_be_an_edit_closes_its_session_alone(server: Server, session: Session) -> None:
    other = server.free_session()
    other.reset(seed=0)
    session.send("x" * (5 << 20))
    with pytest.raises(ConnectionClosed):
        session.answer()
    assert other.edit({})["observation"]["outcome"] == "unchanged"
    other.leave()


@pytest.mark.parametrize(
    ("edit", "outcome"),
    [
        ({"no_such_component": BETTER}, "unparsable"),
        ({"../../../etc/passwd": "x"}, "unparsable"),
        ({"/etc/passwd": "x", "policy": BETTER}, "unparsable"),
        ({"__class__": "x"}, "unparsable"),
        ({"": BETTER}, "unparsable"),
        ({"policy": "#" * (MAX_TEXT_CHARS + 1)}, "contract_broken"),
        ({"policy": "x" * 3_000_000}, "contract_broken"),
        ({"policy": "\ud800"}, "contract_broken"),
        ({"policy": "\0"}, "syntax_error"),
        ({"policy": "(" * 19_000}, "syntax_error"),
        ({f"c{number}": "x" for number in range(20_000)}, "unparsable"),
        ("x" * 3_000_000, "unparsable"),
        ("", "unparsable"),
        ({"policy": "def policy(obs):\n    while True: pass\n"}, "timeout"),
        ({"policy": "import os\ndef policy(obs):\n    os._exit(3)\n"}, "crashed"),
        ({"policy": "def policy(obs):\n    return open('/etc/passwd').read()\n"}, "forbidden"),
        ({"policy": "def policy(obs):\n    return [0] * 10**11\n"}, "out_of_memory"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_attacks_through_the_interface_are_scored_outcomes(session: Session, edit: Any, outcome: str) -> None:
    session.edit({"policy": FALLING})
    seen = session.edit(edit)
    assert seen["observation"]["outcome"] == outcome
    assert (seen["reward"], seen["done"]) == (0.0, False)
    assert session.ask("state")["data"]["step_count"] == 2


def test_an_artifact_does_not_reach_the_server_that_runs_it(server: Server, session: Session) -> None:
    code = "import socket\ndef policy(obs):\n    return len(socket.create_connection(('127.0.0.1', {})).recv(9))\n"
    seen = session.edit({"policy": code.format(server.port)})
    assert seen["observation"]["outcome"] in ("runtime_error", "forbidden", "crashed")
    assert seen["reward"] == 0.0


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("reset", {"seed": -1}, 422, "greater than or equal to 0"),
        ("reset", {"split": "nope", "index": 1}, 400, "the splits are train and test"),
        ("step", {"action": {"edit": {}}}, 400, "call reset first"),
        ("step", {"action": {"edit": 3}}, 422, "valid"),
        ("step", {}, 422, "action"),
        (f"{SLUG}/tasks", {"split": "nope"}, 400, "the splits are train and test"),
        (f"{SLUG}/task", {"split": "test", "index": 10**9}, 400, "task index"),
        ("../../etc/passwd/tasks", {"split": "test"}, 404, ""),
        ("nope/tasks", {"split": "test"}, 404, "unknown environment"),
    ],
)
def test_http_requests_that_ask_for_nothing_sensible_are_refused_in_words(
    server: Server, path: str, body: Any, status: int, told: str
) -> None:
    answer = requests.post(f"{server.url}/{path}", json=body, timeout=300)
    assert answer.status_code == status
    assert told in answer.text


@pytest.mark.parametrize("whole", [True, False])
def test_a_long_http_body_is_refused(server: Server, whole: bool) -> None:
    piece = b"x" * (1 << 20)
    answer = requests.post(f"{server.url}/step", data=piece * 8 if whole else iter([piece] * 8), timeout=300)
    assert answer.status_code == 413


def test_more_clients_than_sessions_are_told_so(server: Server) -> None:
    sessions = [server.free_session() for _ in range(3)]
    fourth = server.dial()
    assert fourth.answer()["data"]["code"] == "CAPACITY_REACHED"
    for session in sessions:
        session.leave()


def refused(*words: str, **environment: str) -> str:
    """The sentence with which a command ended."""
    command = [*COMMAND[:-1], *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, env={**os.environ, **environment})
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


def test_a_tier_that_confines_nothing_has_to_be_asked_for_on_the_command_line() -> None:
    told = refused(CARTPOLE, "--port", "0", GENOPT_CONFINEMENT="weak")
    assert "tier weak does not confine" in told
    assert "--confinement weak" in told
    with serving("--confinement", "weak") as server:
        assert "confined by tier weak" in server.told
        session = server.dial()
        session.reset(seed=0)
        assert session.ask("state")["data"]["confinement"] == "weak"
        session.leave()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["GenOpt/Control-CartPol-v0"], "CartPole"),
        ([CARTPOLE, "--set", "strat=x"], "start"),
        ([CARTPOLE, "--set", "split_seed=x"], "split_seed"),
        ([CARTPOLE, "--set", "split_seed=0.5"], "split_seed"),
        ([CARTPOLE, "--set", "start"], "--set takes KEY=VALUE"),
    ],
)
def test_what_cannot_be_served_is_one_sentence(words: list[str], told: str) -> None:
    assert told in refused(*words, "--port", "0")


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "take another port" in refused(CARTPOLE, "--port", str(taken.getsockname()[1]))


def test_clients_who_would_lose_patience_are_told_at_start() -> None:
    with serving("--sessions", "100000") as server:
        assert "sessions that edit at once may wait" in server.told
        assert "OpenEnv's client waits 60 s: give it message_timeout_s=" in server.told


def test_it_ends_when_told_to_with_sessions_open_and_leaves_no_process_behind() -> None:
    with serving() as server:
        session = server.dial()
        session.reset(seed=0)
        session.send({"type": "step", "data": {"edit": {"policy": "def policy(obs):\n    while True: pass\n"}}})
        others = server.seen.children(recursive=True)
        assert others
        server.end()
    assert not [other for other in others if other.is_running() and other.status() != "zombie"]
