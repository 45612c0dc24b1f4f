"""A model backend from outside the package, by the name of its models: asked alone, and by an agent in a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from genopt_gym.core.ledger import Budget, Ledger
from genopt_gym.llm import Client, ModelError, Request
from genopt_gym.llm.backend import backend_of
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run
from tests.conftest import Genopt
from tests.helpers.extensions import HERE, Parrot

MODEL = f"{HERE}:Parrot/polly"


def test_models_name_says_who_answers() -> None:
    assert isinstance(backend_of(MODEL), Parrot)
    assert backend_of(MODEL) is backend_of(f"{HERE}:Parrot/another")
    client = Client(Budget({"tokens": 100_000, "money": 1.0}, Ledger()))
    assert client.complete(Request(MODEL, [{"role": "user", "content": "Who?"}])).text.startswith("I am polly.")
    assert client.budget.ledger.model_total.tokens == 30


def test_names_of_litellms_models_stay_litellms() -> None:
    for name in ("openai/gpt-5-mini", "ollama/llama3:8b", "ft:gpt-4o:team/x", "no-provider", "litellm/some"):
        assert type(backend_of(name)).__name__ == "Providers", name
    assert type(backend_of("local/smollm2")).__name__ == "LocalModels"


def test_agents_ask_it_in_a_run(tmp_path: Path) -> None:
    parameters = {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 5}
    config = Config("GenOpt/Control-CartPole-v0", "proposer", 0, 1, parameters, {"model": MODEL})
    result = start_run(config, tmp_path / "run")
    assert result.validation_score == 500
    assert result.models["proposer"].calls == 1


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (f"{HERE}:Parot/polly", f"module {HERE} has no 'Parot'; did you mean 'Parrot'?"),
        (f"{HERE}:Patient/polly", f"{HERE}:Patient is not a model backend: a model backend is a class that inherits"),
        ("no_such_module_at_all:Model/x", "no_such_module_at_all:Model cannot be imported: ModuleNotFoundError"),
    ],
)
def test_backend_that_is_none_is_told_in_a_sentence(model: str, sentence: str, genopt: Genopt) -> None:
    with pytest.raises(ModelError) as caught:
        backend_of(model)
    assert sentence in str(caught.value)
    ended = genopt("run", "GenOpt/Control-CartPole-v0", "--agent", "proposer", "--model", model)
    assert ended.code == 2
    assert sentence in ended.err
