"""The server of the Model Context Protocol: what it refuses, what it tells meanwhile, and what its end leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.serve.sessions import Rules, Sessions
from tests.conftest import Genopt
from tests.helpers.mcp_clients import Caller, Told, http_server, mcp, over_stdio

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL = {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 3}
POLICY = "def policy(obs):\n    return int(obs['pole_velocity'] > {})\n"


@pytest.fixture
def sessions(tmp_path: Path) -> Any:
    made = Sessions(Rules(out=tmp_path / "runs"))
    yield made
    made.close()


def within(sessions: Sessions, use: Any, **options: Any) -> Any:
    """What ``use`` comes to with a client that is connected in this process."""
    from genopt_gym.serve.mcp_server import ToolServer

    async def connected() -> Any:
        async with mcp.Client(ToolServer(sessions)._server, **options) as client:
            return await use(Caller(client))

    return asyncio.run(connected())


async def begun(tools: Caller, edits: int = 3, **parameters: Any) -> str:
    told = await tools("start", id=CARTPOLE, parameters=SMALL | parameters, edits=edits)
    assert not told.is_error, told.words
    return str(told.facts["run"])


async def edit(tools: Caller, number: float, run: str | None = None) -> Told:
    return await tools("edit", components={"policy": POLICY.format(number)}, **({} if run is None else {"run": run}))


def test_long_evaluations_tell_that_they_go_on(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genopt_gym.serve.mcp_server.PULSE", 0.01)
    notes: list[str] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        notes.append(str(message))

    async def use(tools: Caller) -> None:
        await begun(tools)
        slow = "import time\ndef policy(obs):\n    time.sleep(0.01)\n    return 1\n"
        await tools.client.call_tool("edit", {"components": {"policy": slow}}, progress_callback=listen)

    within(sessions, use)
    assert notes
    assert notes[0].startswith("edit: at work for")


def test_a_long_trace_comes_by_pages_and_as_a_resource(sessions: Sessions) -> None:
    async def use(tools: Caller) -> tuple[Told, str, list[str]]:
        run = await begun(tools, credit_horizon=30, batch_size=9)
        whole = await tools("observe", part="trace", run=run)
        assert whole.facts["lines"] > 200
        assert [whole.facts["from"], whole.facts["to"]] == [1, 200]
        more = await tools("observe", part="trace", **{"from": 201, "to": 205})
        [link] = whole.links
        text = (await tools.client.read_resource(link)).contents[0].text
        assert "\n".join(text.splitlines()[200:205]) in more.words
        return whole, text, [str(each.uri) for each in (await tools.client.list_resources()).resources]

    _, text, names = within(sessions, use)
    assert text.startswith("Trial train/")
    assert "genopt://control-cartpole-mcp-seed0/feedback" in names


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("begin", {}, "there is no tool 'begin'; there are list_tasks, start"),
        ("start", {}, "start needs the id of a task"),
        ("start", {"id": "GenOpt/Control-CartPol-v0"}, "there is no task 'GenOpt/Control-CartPol-v0' here; list_tasks"),
        ("start", {"id": CARTPOLE, "parameters": {"batch_size": 0}}, "batch_size must be a whole number from 1, got 0"),
        ("start", {"id": CARTPOLE, "parameters": {"model": "openai/x"}}, "'model' cannot be chosen; what can: accept"),
        ("start", {"id": CARTPOLE, "parameters": {"accept": "os:path"}}, "accept cannot name a class of a module here"),
        ("start", {"id": CARTPOLE, "parameters": {"feedback": ["a:B"]}}, "feedback cannot name a class of a module"),
        ("start", {"id": CARTPOLE, "parameters": {"test_size": 10**9}}, "test_size is at most 10000 here"),
        ("start", {"id": CARTPOLE, "edits": 0}, "edits is a number from 1"),
        ("start", {"id": "GenOpt/MLAgentBench-HousePrice-v0"}, "genopt data fetch|data"),
        ("start", {"id": "GenOpt/NetHack-Score-v0"}, r"genopt-gym\[nethack\]"),
        ("start", {"resume": "../elsewhere"}, "there is no run '../elsewhere' to resume"),
        ("start", {"resume": "a", "id": CARTPOLE}, "resume goes alone"),
        ("status", {}, "there is no run: start one"),
        ("status", {"run": "other"}, "there is no run 'other' here"),
        ("observe", {"part": "test"}, "observe takes other arguments: Invalid enum value 'test'"),
        ("edit", {"components": "def policy"}, "edit takes other arguments: Expected `object`, got `str`"),
        ("edit", {"component": {}}, "edit takes other arguments: Object contains unknown field `component`"),
    ],
)
def test_a_call_that_cannot_be_done_is_told_in_a_sentence(
    tool: str,
    arguments: dict[str, Any],
    words: str,
    sessions: Sessions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    async def use(tools: Caller) -> Told:
        return await tools(tool, **arguments)

    told = within(sessions, use)
    assert told.is_error
    with pytest.raises(UserError, match=words):
        raise UserError(told.words)
    assert not [row for folder in (tmp_path / "runs").glob("*") for row in rows(folder)]


def test_a_call_that_changes_nothing_costs_no_step(sessions: Sessions) -> None:
    async def use(tools: Caller) -> list[Told]:
        run = await begun(tools)
        await tools("revert_to_best")
        await tools("edit", components={"policy": 3})
        await tools("observe", part="trace", **{"from": 100_000})
        return [await tools("status", run=run)]

    [status] = within(sessions, use)
    assert (status.facts["edits_made"], status.facts["edits_left"]) == (0, 3)


def test_the_best_artifact_comes_back_as_an_edit(sessions: Sessions) -> None:
    async def use(tools: Caller) -> list[Told]:
        await begun(tools, edits=5)
        return [await edit(tools, 0), await edit(tools, 9), await tools("revert_to_best"), await tools("status")]

    best, worse, back, status = within(sessions, use)
    assert worse.facts["score"] < best.facts["score"] == back.facts["score"] == status.facts["best_score"]
    assert (back.facts["best_step"], back.facts["edits_left"]) == (1, 2)


def test_nothing_tells_a_test_score_before_the_run_is_ended(sessions: Sessions) -> None:
    """Nor does anything of it lie in the run's folder."""

    async def use(tools: Caller) -> list[Told]:
        run = await begun(tools, edits=1)
        told = [await edit(tools, 0), await tools("status")]
        told += [await tools("observe", part=part) for part in ("context", "artifact", "trace", "feedback", "steps")]
        await tools("finish", run=run)
        return told

    told = within(sessions, use)
    assert not any("test" in each.words.lower() or "test" in str(each.facts) for each in told)


def test_what_the_person_sets_cannot_be_chosen(tmp_path: Path) -> None:
    rules = Rules(out=tmp_path, ids=[CARTPOLE], parameters=SMALL, edits=2, runs=1)
    sessions = Sessions(rules)
    for words, arguments in (
        ("batch_size is set to|edits is a number from 1 to 2", {"id": CARTPOLE, "edits": 3}),
        ("start is set to 'one_function/naive' here", {"id": CARTPOLE, "parameters": {"start": "modular/naive"}}),
        ("there is no task", {"id": "GenOpt/Control-Acrobot-v0"}),
    ):
        with pytest.raises(UserError, match=words):
            sessions.start(**arguments)
    session = sessions.start(CARTPOLE)
    assert session.begun.result(60).start.updates == 2
    with pytest.raises(UserError, match="1 runs were begun"):
        sessions.start(CARTPOLE)
    sessions.close()


def test_a_client_that_dies_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    """In another server, or by itself to its scores."""

    async def first() -> str:
        async with over_stdio(tmp_path) as tools:
            run = await begun(tools)
            await edit(tools, 0.5)
            return run

    async def second(run: str) -> list[Told]:
        async with over_stdio(tmp_path) as tools:
            return [await tools("start", resume=run), await edit(tools, 0.2), await tools("start", resume=run)]

    run = asyncio.run(first())
    again, made, refused = asyncio.run(second(run))
    assert (again.facts["edits_made"], made.facts["edits_made"]) == (1, 2)
    assert refused.words == f"run {run} is open: go on with it"
    result = resume_run(tmp_path / "runs" / run)
    assert (result.ended_by, len(rows(tmp_path / "runs" / run))) == ("agent", 3)
    assert result.test_score is not None


@pytest.mark.slow
def test_a_server_that_is_killed_leaves_a_run_that_goes_on_and_replays(tmp_path: Path) -> None:
    async def run() -> str:
        async with server.client() as tools:
            name = await begun(tools)
            await edit(tools, 0.5)
            os.kill(server.process.pid, signal.SIGKILL)
            return name

    with http_server(tmp_path) as server, suppress(Exception):  # whatever the client says to it
        asyncio.run(run())
    [folder] = (tmp_path / "runs").iterdir()
    resume_run(folder)
    assert len(rows(folder)) == 2
    config = Config(CARTPOLE, "mcp", 0, 3, dict(SMALL), replay=str(folder))
    start_run(config, tmp_path / "replay")
    assert (tmp_path / "replay/steps.jsonl").read_bytes() == (folder / "steps.jsonl").read_bytes()


def test_a_port_in_use_is_told(genopt: Genopt) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = genopt("mcp", "--http", str(port))
    assert (ended.code, "it is in use): take another, or 0 for any" in ended.err) == (2, True)


def test_an_id_that_there_is_not_is_told_at_the_start(genopt: Genopt) -> None:
    ended = genopt("mcp", "GenOpt/Nothing-v0")
    assert (ended.code, "GenOpt" in ended.err) == (2, True)


def rows(folder: Path) -> list[dict[str, Any]]:
    return read_journal(folder / "steps.jsonl")[0]


def test_clients_that_shake_hands_are_served_as_well(sessions: Sessions) -> None:
    """Most assistants still begin with ``initialize``."""

    async def use(tools: Caller) -> Told:
        assert "edit" in [tool.name for tool in (await tools.client.list_tools()).tools]
        await begun(tools)
        return await edit(tools, 0)

    assert within(sessions, use, mode="legacy").facts["edits_made"] == 1


def test_a_call_that_is_taken_back_before_its_turn_makes_no_edit(sessions: Sessions) -> None:
    session = sessions.start(CARTPOLE, SMALL, 5)
    session.begun.result(60)
    slow = session.edit({"policy": "import time\ndef policy(obs):\n    time.sleep(0.02)\n    return 1\n"})
    waiting, last = (session.edit({"policy": POLICY.format(number)}) for number in (1, 2))
    assert waiting.cancel()
    assert slow.result(60).last.step == 1
    assert last.result(60).last.step == 2


def test_a_server_without_its_package_is_told(genopt: Genopt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp_types", None)
    monkeypatch.delitem(sys.modules, "genopt_gym.serve.mcp_server", raising=False)
    ended = genopt("mcp")
    assert (ended.code, "pip install 'genopt-gym[mcp]'" in ended.err) == (2, True)
