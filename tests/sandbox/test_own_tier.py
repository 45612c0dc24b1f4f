"""A confinement tier from outside the package: what it adds holds, and its promises are witnessed like ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.sandbox.confine import available_tier
from genopt_gym.sandbox.tier import VARIABLE, ConfinementError, choose
from tests.conftest import Genopt

HERE = "tests.helpers.own_tier"
WRITING = """\
def policy(obs):
    with open("note", "w") as file:
        file.write("x")
    return 1
"""
LOOKING = """\
def policy(obs):
    import tests.helpers.own_tier
    return 1
"""

pytestmark = pytest.mark.skipif(available_tier() != "strong", reason="this tier builds on one that needs Landlock")


def outcome(text: str) -> tuple[str, str]:
    """Of a trial of this policy, and what was said."""
    evaluator = Evaluator(TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"train_size": 1}))
    artifact = evaluator.task.starting_artifact("one_function/naive").edited({"policy": text})
    (trial,) = evaluator.evaluate(artifact, "train").trials
    return (trial.failure.outcome, trial.failure.message) if trial.failure else ("ok", "")


def test_tier_of_ones_own_confines_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert outcome(WRITING) == ("ok", "")
    monkeypatch.setenv(VARIABLE, f"{HERE}:NoFiles")
    assert choose() == f"{HERE}:NoFiles"
    kind, message = outcome(WRITING)
    assert kind == "runtime_error"
    assert "the limit on the size of output and files was reached" in message
    assert outcome("def policy(obs):\n    return 1\n") == ("ok", "")


def test_artifacts_see_nothing_of_where_a_tier_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"{HERE}:NoFiles")
    kind, message = outcome(LOOKING)
    assert kind == "runtime_error"
    assert "No module named 'tests'" in message


def test_tier_that_does_not_hold_what_it_says_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"{HERE}:Boastful")
    with pytest.raises(ConfinementError, match="Boastful failed on this machine: an artifact could"):
        outcome(WRITING)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (f"{HERE}:Elsewhere", "tier Elsewhere needs another machine"),
        (f"{HERE}:NoFile", "module tests.helpers.own_tier has no 'NoFile'; did you mean 'NoFiles'?"),
        ("tests.helpers.extensions:Patient", "tests.helpers.extensions:Patient is not a confinement tier"),
        ("no_such_module_at_all:Tier", "no_such_module_at_all:Tier cannot be imported: ModuleNotFoundError"),
        ("srtong", "no confinement tier 'srtong'; did you mean 'strong'?"),
    ],
)
def test_tier_that_cannot_be_used_is_told_in_a_sentence(
    name: str, sentence: str, genopt: Genopt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv(VARIABLE, name)  # so that what the command sets is undone
    ended = genopt("run", "GenOpt/Control-CartPole-v0", "--agent", "random", "--edits", "1", "--confinement", name)
    assert ended.code == 2
    assert sentence in ended.err
    assert len(ended.err.splitlines()) == 1


def test_doctor_shows_a_tier_of_ones_own(genopt: Genopt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, f"{HERE}:NoFiles")
    ended = genopt("doctor")
    assert ended.code == 0
    assert f"tier {HERE}:NoFiles (from {VARIABLE})" in ended.out
    assert "NOT DENIED" not in ended.out
