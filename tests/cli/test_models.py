"""The commands that ask a model, and what they say where it cannot be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Genopt
from tests.helpers.model_server import Answer, ModelServer

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL = ["--set", "start=one_function/naive", "--set", "validation_size=2", "--set", "test_size=2", "--edits", "2"]
EDIT = "```python policy\ndef policy(obs):\n    return int(obs['pole_velocity'] > -0.01)\n```"


@pytest.mark.parametrize("agent", ["proposer", "opro", "evolution", "best-of-n"])
def test_prompt_is_shown_and_no_model_is_needed(genopt: Genopt, agent: str) -> None:
    ended = genopt("prompt", CARTPOLE, "--agent", agent, "--set", "credit_horizon=3")
    assert ended.code == 0, ended.err
    assert "--- system ---" in ended.out
    assert "def policy" not in ended.out
    assert "pole_angle" in ended.out
    assert "3 inner steps of the trace shown ---" in ended.out


def test_run_with_a_model_says_what_it_has_cost(genopt: Genopt) -> None:
    with ModelServer(lambda body, number: Answer(EDIT)) as server:
        model = ["--model", "openai/test", "--agent-option", f"base_url={server.base_url}"]
        ended = genopt("run", CARTPOLE, "--agent", "proposer", *model, *SMALL, "--out", "run")
        assert ended.code == 0, ended.err
        words = f"{server.prompt_tokens:,} + {server.completion_tokens:,} tokens"
    assert f"model  proposer: 2 calls, {words}, money unknown" in ended.out
    ended = genopt("run", CARTPOLE, "--agent", "proposer", *model, *SMALL, "--replay", "run", "--out", "again")
    assert ended.code == 0, ended.err
    assert Path("again/steps.jsonl").read_bytes() == Path("run/steps.jsonl").read_bytes()


def test_run_whose_model_fails_can_be_taken_up(genopt: Genopt) -> None:
    with ModelServer(lambda body, number: Answer(EDIT, fault=None if number == 0 else "401")) as server:
        model = ["--model", "openai/test", "--agent-option", f"base_url={server.base_url}"]
        ended = genopt("run", CARTPOLE, "--agent", "proposer", *model, *SMALL, "--out", "run")
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert "needs a key" in ended.err
    assert "go on with: genopt run --resume run" in ended.err


def test_an_option_that_was_refused_is_no_reason_to_resume(genopt: Genopt) -> None:
    refusal = "Unsupported value: 'temperature' does not support 0.7 with this model."
    with ModelServer(lambda body, number: Answer(fault="400", refusal=refusal)) as server:
        model = ["--model", "openai/test", "--agent-option", f"base_url={server.base_url}"]
        options = [*model, "--agent-option", "temperature=0.7"]
        ended = genopt("run", CARTPOLE, "--agent", "proposer", *options, *SMALL, "--out", "run")
    assert ended.code == 2
    assert "--resume" not in ended.err
    assert "begin another run" in ended.err


def test_run_without_a_key_says_which(genopt: Genopt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    ended = genopt("run", CARTPOLE, "--agent", "proposer", "--model", "openai/gpt-4o", *SMALL, "--out", "run")
    assert ended.code == 2
    assert "openai/gpt-4o needs a key: set OPENAI_API_KEY in the environment, or take local/smollm2" in ended.err


def test_dry_run_counts_and_asks_nobody(genopt: Genopt) -> None:
    with ModelServer() as server:
        facts = ["start=workflow/naive", "model=openai/test", f"base_url={server.base_url}", "validation_size=10"]
        words = [word for fact in [*facts, "confirm=0"] for word in ("--set", fact)]
        model = ["--agent", "proposer", "--model", "local/none.gguf", "--agent-option", "context_tokens=50000"]
        ended = genopt("run", "tests.helpers.sums:Toy/Sums-v0", *model, *words, "--edits", "5", "--dry-run")
        assert server.calls == 0
    assert ended.code == 0, ended.err
    assert "6 x (1 train + 10 validation) + 2 x 175 test = 416 a run at most" in ended.out
    assert "workflow  416 calls of openai/test, at most 1,024 tokens a reply: price unknown" in ended.out
    assert "proposer  5 to 10 calls of local/none.gguf, at most 16,384 tokens a reply: at most $0.00" in ended.out
    assert not list(Path().iterdir())
