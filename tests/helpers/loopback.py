"""What every adapter has to show against a real server on loopback, on three kinds of task: books, stops, faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest

from genopt_gym.core.journal import read_journal
from genopt_gym.runs.config import Config
from genopt_gym.runs.folder import REPLIES
from genopt_gym.runs.loop import start_run
from genopt_gym.runs.result import Result
from tests.envs.bbeh.checkout import REAL, needs_real_questions
from tests.helpers.model_server import Answer, Fault, ModelServer

EDITS = 10
SMALL = {"validation_size": 2, "test_size": 2, "batch_size": 2}


class Case(NamedTuple):
    id: str
    parameters: Mapping[str, Any]


PONG = Case("GenOpt/Atari-Pong-v0", {**SMALL, "start": "modular/naive", "credit_horizon": 10, "max_steps": 60})
BBEH = Case("GenOpt/BBEH-ShuffledObjects-v0", {**SMALL, "start": "program/naive", "data_dir": REAL})
TABULAR = Case("GenOpt/Tabular-Friedman-v0", {"batch_size": 2})


def run(
    folder: Path,
    case: Case,
    agent: str,
    script: Callable[[dict[str, Any], int], Answer],
    edits: int = EDITS,
    options: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> tuple[Result, ModelServer]:
    """A run whose model is a server with that script."""
    with ModelServer(script) as server:
        own = {"model": "openai/test", "base_url": server.base_url, "max_tokens": 2000, **(options or {})}
        config = Config(case.id, agent, edits=edits, parameters={**case.parameters, **parameters}, agent_options=own)
        return start_run(config, folder), server


def steps(folder: Path) -> list[dict[str, Any]]:
    return read_journal(folder / "steps.jsonl")[0]


class LoopbackTests:
    """Inherit it, and set ``agent`` (``options`` are its own)."""

    agent: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}

    def reply(self, prompt: str, number: int) -> str:
        """A reply that changes something and breaks nothing: in the form that the library wants."""
        raise NotImplementedError

    def answer(self, body: dict[str, Any], number: int) -> Answer:
        return Answer(self.reply("\n\n".join(str(message["content"]) for message in body["messages"]), number))

    @pytest.mark.parametrize(
        "case",
        [
            pytest.param(PONG, marks=pytest.mark.slow),
            pytest.param(BBEH, marks=[needs_real_questions, pytest.mark.slow]),
            pytest.param(TABULAR, marks=pytest.mark.slow),
        ],
        ids=["pong", "bbeh", "tabular"],
    )
    def test_ten_edits_and_books_as_the_servers(self, tmp_path: Path, case: Case) -> None:
        result, server = run(tmp_path / "run", case, self.agent, self.answer, options=self.options)
        rows = steps(tmp_path / "run")
        assert result.ended_by == "updates"
        assert len(rows) == EDITS + 1
        assert {row["outcome"] for row in rows} <= {"ok", "unchanged"}
        assert len({row["artifact"] for row in rows}) > EDITS / 2
        cost = result.models["proposer"]
        assert (cost.calls, cost.prompt_tokens, cost.completion_tokens, cost.lost_tokens) == (
            server.calls,
            server.prompt_tokens,
            server.completion_tokens,
            0,
        )

    def test_token_budget_holds_by_the_servers_count(self, tmp_path: Path) -> None:
        budget = {"tokens": 25_000}
        result, server = run(
            tmp_path / "run", PONG, self.agent, self.answer, edits=500, options=self.options, budget=budget
        )
        assert result.ended_by == "budget of tokens"
        assert 1 < len(steps(tmp_path / "run")) < 500
        assert 0 < server.tokens <= result.models["proposer"].tokens <= budget["tokens"]
        assert (tmp_path / "run" / "best.py").exists()

    @pytest.mark.slow
    def test_faults_end_in_good_order(self, tmp_path: Path) -> None:
        """Of three calls one goes well; of the others each kind of fault comes up."""
        faults: list[Fault] = ["429", "nonsense-body", "cut"]
        bad: list[Answer] = [Answer("word " * 3000), Answer("I would rather not."), Answer("")]

        def script(body: dict[str, Any], number: int) -> Answer:
            turn, kind = divmod(number, 3)
            if kind == 0:
                return self.answer(body, number)
            if kind == 1:
                return Answer(fault=faults[turn % 3], retry_after=0.01)
            return bad[turn % 3]

        options = {**self.options, "timeout": 5}
        result, server = run(tmp_path / "run", PONG, self.agent, script, options=options)
        rows = steps(tmp_path / "run")
        assert [row["step"] for row in rows] == list(range(len(rows)))
        assert result.ended_by in ("updates", "agent")
        assert len(rows) > EDITS / 2
        cost = result.models["proposer"]
        assert cost.calls == sum("reply" in row for row in read_journal(tmp_path / "run" / REPLIES)[0])
        assert cost.prompt_tokens + cost.completion_tokens <= server.tokens <= cost.tokens
