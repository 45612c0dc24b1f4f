"""The choice of a tier: the best there is, by name what is asked for, and ``weak`` never by itself."""

from __future__ import annotations

import errno
import os

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.sandbox import confine, landlock, seccomp, syscalls, tier
from genopt_gym.sandbox.tier import VARIABLE, ConfinementError, choose


@pytest.fixture(autouse=True)
def _no_choice_by_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def offers(monkeypatch: pytest.MonkeyPatch, available: str) -> None:
    """Let this machine's kernel offer that."""
    monkeypatch.setattr(tier, "available_tier", lambda: available)


@pytest.mark.parametrize("available", ["strong", "seccomp"])
def test_the_best_is_chosen(available: str, monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch, available)
    assert choose() == available


@pytest.mark.parametrize(
    ("available", "named"),
    [("strong", "strong"), ("strong", "seccomp"), ("strong", "weak"), ("seccomp", "weak"), ("weak-only", "weak")],
)
def test_the_named_one_is_chosen_where_there_is_one(
    available: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    offers(monkeypatch, available)
    monkeypatch.setenv(VARIABLE, named)
    assert choose() == named


@pytest.mark.parametrize(
    ("available", "named"), [("seccomp", "strong"), ("weak-only", "strong"), ("weak-only", "seccomp")]
)
def test_what_is_named_and_not_there_is_refused(available: str, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch, available)
    monkeypatch.setenv(VARIABLE, named)
    with pytest.raises(ConfinementError):
        choose()


def test_nothing_is_refused_in_words_that_name_the_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch, "weak-only")
    with pytest.raises(ConfinementError, match=r"read your files and keys; .* --confinement weak") as caught:
        choose()
    assert isinstance(caught.value, UserError)  # the command line prints it without a traceback


@pytest.mark.parametrize("named", ["Strong", "none", "docker", "strong "])
def test_unknown_name_is_refused_with_the_known_ones(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, named)
    with pytest.raises(ConfinementError, match="strong, seccomp, weak"):
        choose()


def test_nothing_is_run_where_nothing_confines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal reaches whoever evaluates, before a worker gets the artifact."""
    monkeypatch.setattr("genopt_gym.evaluation.worker_places.choose", choose)
    offers(monkeypatch, "weak-only")
    evaluator = Evaluator(TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"train_size": 1}))
    artifact = evaluator.task.starting_artifact("one_function/naive").edited({"policy": "def policy(obs): return 1"})
    with pytest.raises(ConfinementError, match="--confinement weak"):
        evaluator.evaluate(artifact, "train")
    assert evaluator.ledger.total.trials == 0


@pytest.mark.parametrize(
    ("calls_known", "has_seccomp", "landlock_abi", "expected"),
    [
        ("x86_64", True, 7, "strong"),
        ("aarch64", True, 1, "strong"),
        ("x86_64", True, 0, "seccomp"),
        ("x86_64", False, 7, "weak-only"),
        (None, True, 7, "weak-only"),
    ],
)
def test_what_a_kernel_offers(
    calls_known: str | None, has_seccomp: bool, landlock_abi: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syscalls, "architecture", lambda: calls_known)
    monkeypatch.setattr(seccomp, "available", lambda: has_seccomp)
    monkeypatch.setattr(landlock, "abi", lambda: landlock_abi)
    assert confine.available_tier() == expected


@pytest.mark.parametrize("call", ["memfd_create", "pidfd_open"])
def test_a_machine_that_refuses_what_every_tier_needs_is_told(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, call, refuse)
    tier._require_system_calls.cache_clear()
    try:
        with pytest.raises(ConfinementError, match="refuses a system call that every tier needs"):
            choose()
    finally:
        tier._require_system_calls.cache_clear()
