"""Best of n: one question, many answers, evaluated side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.agents.best_of_n import BestOfN
from genopt_gym.evaluation.pool import WorkerPool
from tests.agents.test_proposers import by_number, fenced, run, steps
from tests.helpers.model_server import Answer


def test_best_of_n_asks_the_same_question_each_time(tmp_path: Path) -> None:
    _, server = run(tmp_path / "run", by_number, "best-of-n", edits=5)
    assert len({json.dumps(body["messages"]) for body in server.bodies}) == 1
    assert len({row["artifact"] for row in steps(tmp_path / "run")[1:]}) == 5


def test_best_of_n_has_replies_evaluated_side_by_side_and_writes_the_same_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def some(body: dict[str, Any], number: int) -> Answer:
        return Answer("I cannot." if number == 2 else fenced(-0.01 * (number % 5)))

    counts: list[int] = []
    pool_run = WorkerPool.run

    def counted(self: WorkerPool, blocks: Any, ask: Any = None) -> list[bytes]:
        counts.append(len(blocks))
        return pool_run(self, blocks, ask)

    monkeypatch.setattr(WorkerPool, "run", counted)
    run(tmp_path / "looking", some, "best-of-n", edits=5)
    looking = len(counts)
    monkeypatch.setattr(BestOfN, "ahead", lambda self: ())
    run(tmp_path / "plain", None, "best-of-n", edits=5, replay=str(tmp_path / "looking"))
    assert len(counts) - looking > looking
    assert steps(tmp_path / "looking") == steps(tmp_path / "plain")
