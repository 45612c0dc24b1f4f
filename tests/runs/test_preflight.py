"""Money before pain: what a run needs is told before step 0; what a run is given when it goes on lets it go on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.runs.config import Config, read_run
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.runs.preflight import problems
from genopt_gym.runs.resuming import Changes
from tests.conftest import Genopt
from tests.helpers.model_server import Answer, ModelServer

ID = "GenOpt/Control-CartPole-v0"
SMALL: dict[str, Any] = {"start": "one_function/naive", "validation_size": 2, "test_size": 2}
EDIT = "```python policy\ndef policy(obs):\n    return int(obs['pole_velocity'] > 0.{})\n```"


def config(options: dict[str, Any], **parameters: Any) -> Config:
    return Config(ID, "proposer", edits=2, parameters={**SMALL, **parameters}, agent_options=options)


@pytest.mark.parametrize(
    ("options", "budget", "words"),
    [
        ({"model": "openai/gpt-4o"}, {}, "openai/gpt-4o needs a key: set OPENAI_API_KEY"),
        ({"model": "anthropic/claude-x"}, {}, "anthropic/claude-x needs a key: set ANTHROPIC_API_KEY"),
        ({"model": "gpt"}, {}, "no provider in the model's name 'gpt'"),
        ({"model": "local/nowhere.gguf", "context_tokens": 50_000}, {}, "there is no model file nowhere.gguf"),
        (
            {"model": "openai/x", "base_url": "http://127.0.0.1:9/v1"},
            {"money": 1},
            "--price IN,OUT, dollars per million",
        ),
        (
            {"model": "openai/x", "base_url": "http://127.0.0.1:9/v1", "prices": [1, 1000]},
            {"money": 0.01},
            "a budget of $0.01 does not bear one call of openai/x, which may cost $16.38",
        ),
        (
            {"model": "openai/x", "base_url": "http://127.0.0.1:9/v1"},
            {"tokens": 1000},
            "a budget of 1,000 tokens does not bear one call of openai/x",
        ),
        ({"model": "openai/x", "base_url": "http://127.0.0.1:9/v1"}, {"trials": 4}, "too small for one edit"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    budget: dict[str, float],
    words: str,
) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError) as caught:
        start_run(config(options, budget=budget), tmp_path / "run")
    assert words in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_nothing_is_needed_of_a_run_that_is_replayed_or_asks_nobody(tmp_path: Path) -> None:
    prepared = config({"model": "gpt"}).prepare()
    assert problems(prepared) != []
    assert problems(replace(prepared, config=replace(prepared.config, replay=str(tmp_path)))) == []
    assert problems(Config(ID, "random", parameters=SMALL).prepare()) == []


def test_a_dry_run_tells_what_is_needed_and_what_it_mostly_costs(genopt: Genopt) -> None:
    words = ["run", ID, "--agent", "proposer", "--model", "openai/x", "--base-url", "http://127.0.0.1:9/v1"]
    ended = genopt(*words, "--edits", "2", "--budget", "money=2", "--dry-run")
    assert ended.code == 0, ended.err
    assert "needed    the price of openai/x is not known" in ended.out
    ended = genopt(*words, "--edits", "2", "--budget", "money=2", "--price", "1,2", "--dry-run")
    assert "needed" not in ended.out
    assert ": typically $0.0" in ended.out
    assert ", at most $0." in ended.out
    ended = genopt(*words, "--price", "cheap")
    assert (ended.code, ended.err) == (
        2,
        "genopt: --price takes dollars per million prompt and reply tokens, as in 1,2, not 'cheap'\n",
    )


def test_a_run_goes_on_at_another_address_and_says_so_from_then_on(tmp_path: Path) -> None:
    failing = ModelServer(lambda body, number: Answer(EDIT.format(number), fault=None if number < 1 else "401"))
    with failing as server, pytest.raises(UserError):
        start_run(config({"model": "openai/x", "base_url": server.base_url}), tmp_path / "run")
    with ModelServer(lambda body, number: Answer(EDIT.format(number + 5))) as other:
        result = resume_run(tmp_path / "run", changes=Changes(options={"base_url": other.base_url, "timeout": 60.0}))
        assert (result.ended_by, other.calls) == ("updates", 1)
    assert read_run(tmp_path / "run").agent_options["timeout"] == 60.0
    with pytest.raises(UserError, match="temperature changes what a model is asked"):
        resume_run(tmp_path / "run", changes=Changes(options={"temperature": 0.5}))


def test_a_run_that_has_spent_its_budget_goes_on_with_more(tmp_path: Path) -> None:
    parameters = {**SMALL, "budget": {"trials": 12}}
    start = Config(ID, "hill-climbing", edits=5, parameters={**parameters, "start": "one_function/parametric"})
    assert start_run(start, tmp_path / "run").ended_by == "budget of trials"
    before = len(read_journal(tmp_path / "run" / "steps.jsonl")[0])
    with pytest.raises(UserError, match="the budget of trials was 12, and can be raised, not cut to 6"):
        resume_run(tmp_path / "run", changes=Changes(budget={"trials": 6}))
    with pytest.raises(UserError, match="has no budget of money, so none can be raised"):
        resume_run(tmp_path / "run", changes=Changes(budget={"money": 6}))
    assert resume_run(tmp_path / "run", changes=Changes(budget={"trials": 500})).ended_by == "updates"
    rows = read_journal(tmp_path / "run" / "steps.jsonl")[0]
    assert before < len(rows) == 6
    assert [row["truncated_by"] for row in rows[:-1]] == [None] * 5
    whole = Config(ID, "hill-climbing", edits=5, parameters={**start.parameters, "budget": {"trials": 500}})
    start_run(whole, tmp_path / "whole")
    assert (tmp_path / "run" / "steps.jsonl").read_bytes() == (tmp_path / "whole" / "steps.jsonl").read_bytes()
