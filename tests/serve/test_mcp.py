"""Runs over the Model Context Protocol: the official client, standard input and HTTP, whole runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.core.journal import read_journal
from genopt_gym.envs.bbeh.data import VARIABLE
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run
from tests.envs.bbeh.checkout import REAL, shared_checkout
from tests.helpers.mcp_clients import Caller, HttpServer, Told, http_server, over_stdio

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL: dict[str, Any] = {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 3}
POLICY = "def policy(obs):\n    return int(obs['pole_velocity'] > {})\n"
PATCH = "policy\n<<<<<<< SEARCH\n    return int(obs['pole_velocity'] > 0.4)\n=======\n    return 1\n>>>>>>> REPLACE\n"
CARTPOLE_EDITS: list[Mapping[str, str] | str] = [{"policy": POLICY.format(0.4)}, PATCH, {"policy": "def ("}]

BBEH = "GenOpt/BBEH-BooleanExpressions-v0"
FEW = {"start": "program/naive", "train_size": 2, "validation_size": 2, "test_size": 2}


@pytest.fixture(scope="module", autouse=True)
def questions() -> Iterator[None]:
    """The real ones where they are there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, REAL or shared_checkout())
        yield


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, questions: None) -> Iterator[HttpServer]:
    with http_server(tmp_path_factory.mktemp("http")) as server:
        yield server


def connect(transport: str, server: HttpServer, tmp_path: Path) -> AbstractAsyncContextManager[Caller]:
    return server.client() if transport == "http" else over_stdio(tmp_path)


async def drive(
    tools: Caller, id: str, parameters: dict[str, Any], edits: list[Mapping[str, str] | str], **more: Any
) -> tuple[Told, list[Told]]:
    """A whole run; what finish said, and what was said of each edit."""
    begun = await tools("start", id=id, parameters=parameters, edits=len(edits) + 1, **more)
    assert not begun.is_error, begun.words
    run, said = begun.facts["run"], []
    for edit in edits:
        name, given = ("patch", {"search_replace": edit}) if isinstance(edit, str) else ("edit", {"components": edit})
        said.append(await tools(name, run=run, **given))
    return await tools("finish", run=run), said


def scripted(id: str, parameters: dict[str, Any], edits: list[Mapping[str, str] | str], folder: Path) -> bytes:
    """The steps of the same edits in an ordinary run."""
    options = {"edits": [edit if isinstance(edit, str) else dict(edit) for edit in edits]}
    env_steps = Config(id, "scripted", 0, len(edits) + 1, parameters, options)
    start_run(env_steps, folder)
    lines = (folder / "steps.jsonl").read_bytes().splitlines(keepends=True)
    return b"".join(lines[: len(edits) + 1])


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_a_whole_cartpole_run_has_the_steps_that_the_same_edits_have(
    transport: str, server: HttpServer, tmp_path: Path
) -> None:
    async def run() -> tuple[Told, list[Told]]:
        async with connect(transport, server, tmp_path) as tools:
            assert CARTPOLE in (await tools("list_tasks")).words
            return await drive(tools, CARTPOLE, SMALL, CARTPOLE_EDITS)

    finished, said = asyncio.run(run())
    folder = Path(finished.facts["folder"])
    assert (folder / "steps.jsonl").read_bytes() == scripted(CARTPOLE, SMALL, CARTPOLE_EDITS, tmp_path / "scripted")
    assert [told.facts["outcome"] for told in said] == ["ok", "ok", "syntax_error"]
    assert finished.facts["ended_by"] == "agent"
    assert finished.facts["best_test"] is not None
    env = gym.make(CARTPOLE, **SMALL)
    env.reset(seed=0)
    for told, edit in zip(said, CARTPOLE_EDITS, strict=True):
        observation, _, _, _, info = env.step(edit)
        assert (told.facts["outcome"], told.facts["score"]) == (info["outcome"], info["score"])
        assert told.facts["feedback"] == observation["feedback"]


@pytest.mark.parametrize("transport", [pytest.param("stdio", marks=pytest.mark.slow), "http"])
def test_a_whole_bbeh_run_has_the_steps_that_the_same_edits_have(
    transport: str, server: HttpServer, tmp_path: Path
) -> None:
    async def run() -> Told:
        async with connect(transport, server, tmp_path) as tools:
            begun = await tools("start", id=BBEH, parameters=FEW, edits=2)
            assert not begun.is_error, begun.words
            [name] = begun.facts["components"]
            texts = {name: begun.facts["components"][name] + "\n# looked at\n"}
            edits.append(texts)
            await tools("edit", components=texts, run=begun.facts["run"])
            return await tools("finish", run=begun.facts["run"])

    edits: list[Mapping[str, str] | str] = []
    finished = asyncio.run(run())
    stored = (Path(finished.facts["folder"]) / "steps.jsonl").read_bytes()
    assert stored == scripted(BBEH, FEW, edits, tmp_path / "scripted")


def test_two_sessions_at_once_do_not_know_of_each_other(server: HttpServer) -> None:
    async def one(number: int) -> tuple[Told, list[Told]]:
        async with server.client() as tools:
            edits: list[Mapping[str, str] | str] = [{"policy": POLICY.format(n / 10 - number)} for n in range(4)]
            return await drive(tools, CARTPOLE, SMALL, edits, seed=number)

    async def both() -> list[tuple[Told, list[Told]]]:
        return list(await asyncio.gather(one(1), one(2)))

    ends = asyncio.run(both())
    folders = [Path(finished.facts["folder"]) for finished, _ in ends]
    assert folders[0] != folders[1]
    for number, folder in enumerate(folders, 1):
        assert Config(**read_run(folder)).seed == number
        assert len(read_journal(folder / "steps.jsonl")[0]) == 5


def read_run(folder: Path) -> dict[str, Any]:
    import json

    run: dict[str, Any] = json.loads((folder / "config.json").read_text())["run"]
    return run


def test_status_and_budget_are_exact_under_eight_calls_at_once(server: HttpServer) -> None:
    """Five edits are left and eight are asked for: five are made, in order, and three are refused in words."""

    async def run() -> tuple[list[Told], list[Told], Told, Path]:
        async with server.client() as tools:
            begun = await tools("start", id=CARTPOLE, parameters=SMALL | {"budget": {"trials": 1000}}, edits=5)
            name = begun.facts["run"]
            edits = [tools("edit", components={"policy": POLICY.format(n)}, run=name) for n in range(8)]
            looks = [tools("status", run=name) for _ in range(8)]
            told = await asyncio.gather(*edits, *looks)
            finished = await tools("finish", run=name)
            return told[:8], told[8:], await tools("status", run=name), Path(finished.facts["folder"])

    edits, looks, last, folder = asyncio.run(run())
    made = [told.facts for told in edits if not told.is_error]
    assert sorted(facts["edits_left"] for facts in made) == [0, 1, 2, 3, 4]
    assert ["takes no more edits" in told.words or "has ended" in told.words for told in edits if told.is_error] == [
        True
    ] * 3
    costs = {row["step"]: row["trials"] for row in read_journal(folder / "ledger.jsonl")[0]}
    scores = {row["step"]: row["score"] for row in read_journal(folder / "steps.jsonl")[0]}
    for facts in [*made, *(told.facts for told in looks), last.facts]:
        step = facts["edits_made"]
        assert facts["edits_left"] == 5 - step
        assert facts["score"] == scores[step]
        assert facts["budget"]["trials"] == {"limit": 1000, "spent": costs[step], "left": 1000 - costs[step]}
    assert len(scores) == 6


def test_a_budget_of_trials_is_a_hard_stop(server: HttpServer) -> None:
    async def run() -> list[Told]:
        async with server.client() as tools:
            begun = await tools("start", id=CARTPOLE, parameters=SMALL | {"budget": {"trials": 9}})
            made = [
                await tools("edit", components={"policy": POLICY.format(n)}, run=begun.facts["run"]) for n in (1, 2)
            ]
            return [
                *made,
                await tools("edit", components={}, run=begun.facts["run"]),
                await tools("finish", run=begun.facts["run"]),
            ]

    first, second, refused, finished = asyncio.run(run())
    assert first.facts["budget"]["trials"]["spent"] == 6
    assert (second.facts["budget"]["trials"]["left"], second.facts["ended_by"]) == (0, "budget of trials")
    assert refused.is_error
    assert finished.facts["ended_by"] == "budget of trials"


def test_who_has_no_key_is_not_let_in(server: HttpServer) -> None:
    httpx2 = pytest.importorskip("httpx2")
    for headers in ({}, {"Authorization": "Bearer genopt-guess"}):
        answer = httpx2.post(server.url, headers=headers, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert (answer.status_code, answer.text) == (401, "the key is missing or wrong: it was shown at start\n")


def test_progress_is_told_over_http_while_an_evaluation_lasts(server: HttpServer) -> None:
    notes: list[str] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        notes.append(str(message))

    async def run() -> None:
        async with server.client() as tools:
            run = (await tools("start", id=CARTPOLE, parameters=SMALL)).facts["run"]
            slow = "import time\ndef policy(obs):\n    time.sleep(0.1)\n    return 1\n"
            asked = {"components": {"policy": slow}, "run": run}
            await tools.client.call_tool("edit", asked, progress_callback=listen)
            await tools("finish", run=run)

    asyncio.run(run())
    assert notes
    assert notes[0].startswith("edit: at work for")
