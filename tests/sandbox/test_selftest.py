"""The witness: silent where confinement holds, and loud where it is only pretended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from genopt_gym.core.artifact import Program
from genopt_gym.core.limits import Limits
from genopt_gym.sandbox import selftest
from genopt_gym.sandbox.confine import Tier, available_tier
from genopt_gym.sandbox.selftest import PROBED, breaches, require_confinement
from genopt_gym.sandbox.session import Session
from genopt_gym.sandbox.tier import ConfinementError
from genopt_gym.sandbox.zygote import Zygote


@pytest.fixture
def unconfined(tmp_path: Path) -> Iterator[Zygote]:
    zygote = Zygote("bare", "weak", str(tmp_path))
    yield zygote
    zygote.close()


@pytest.mark.parametrize("tier", ["strong", "seccomp"])
def test_confinement_is_witnessed(tier: Tier, tmp_path: Path) -> None:
    if available_tier() not in ("strong", tier):
        pytest.skip(f"this system cannot enforce the tier {tier}")
    zygote = Zygote("bare", tier, str(tmp_path))
    try:
        assert breaches(zygote) == []
        require_confinement(zygote, tier)
    finally:
        zygote.close()


def test_every_breach_is_seen(unconfined: Zygote) -> None:
    assert breaches(unconfined) == list(PROBED)


@pytest.mark.parametrize("tier", ["strong", "seccomp"])
def test_pretended_confinement_is_refused(tier: Tier, unconfined: Zygote) -> None:
    with pytest.raises(ConfinementError, match=f"tier {tier} failed on this machine: .*read a planted secret"):
        require_confinement(unconfined, tier)


def test_weak_promises_nothing(unconfined: Zygote) -> None:
    """What is refused under any other tier's name goes through under this one."""
    with pytest.raises(ConfinementError, match="read a planted secret"):
        require_confinement(unconfined, "strong")
    require_confinement(unconfined, "weak")


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        ("def probe(*_): raise ValueError('no')", "failed: ValueError: no"),
        ("def probe(*_): return 'all is well'", "failed"),
        ("import os\ndef probe(*_): os._exit(0)", "died: ProcessEnded"),
    ],
)
def test_witness_that_is_not_heard_is_no_witness(
    probe: str, message: str, unconfined: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selftest, "PROBE", probe)
    with pytest.raises(ConfinementError, match=message):
        require_confinement(unconfined, "strong")


def test_process_that_cannot_be_confined_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork that fails before it is confined never gets as far as the artifact; that is no crash of the artifact's."""
    zygote = Zygote("bare", "weak", str(tmp_path))
    proof = tmp_path / "ran"
    text = f"open({str(proof)!r}, 'w').close()\ndef f(): ..."
    program = Program([("f", "python", text)], "def workflow():\n    return f()\n")
    with Session(zygote, program, [0], Limits(), False) as session:
        session.call([0], [()])
    assert proof.exists()  # so it would have been seen to run
    proof.unlink()
    no_folder = tmp_path / "file"
    no_folder.touch()
    monkeypatch.setattr("genopt_gym.sandbox.session.scratch.make", lambda root: str(no_folder))
    with pytest.raises(ConfinementError, match="could not be started and confined: NotADirectoryError"):
        Session(zygote, program, [0], Limits(), False)
    assert not proof.exists()
    zygote.close()
