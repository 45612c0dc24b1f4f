"""The witness: silent where confinement holds, and loud where it is only pretended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from genopt_gym.sandbox import selftest
from genopt_gym.sandbox.confine import Tier, available_tier
from genopt_gym.sandbox.host import Zygote
from genopt_gym.sandbox.selftest import PROBED, breaches, require_confinement
from genopt_gym.sandbox.tier import ConfinementError


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


def test_process_that_cannot_be_confined_runs_nothing(tmp_path: Path) -> None:
    """A zygote that fails to confine its fork never gets as far as the artifact."""
    (tmp_path / "gone").mkdir()
    zygote = Zygote("bare", "weak", str(tmp_path / "gone"))
    require_confinement(zygote, "weak")
    zygote.close()
