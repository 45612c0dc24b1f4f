"""The lines for Ray RLlib in docs/training.md, with one iteration of few edits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("tree")  # of RLlib's own packages; ray itself is also here for studies
pytest.importorskip("ray.rllib")

from tests.helpers.pages import ROOT, blocks

SMALLER = {
    "train_batch_size=320, minibatch_size=64": "train_batch_size=20, minibatch_size=10",
    "num_env_runners=2": "num_env_runners=1",
    "range(10)": "range(1)",
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ppo_of_rllib_trains_on_edits(tmp_path: Path) -> None:
    [code] = [block.code for block in blocks(ROOT / "docs" / "training.md") if "ray.rllib" in block.code]
    for whole, small in SMALLER.items():
        assert whole in code
        code = code.replace(whole, small)
    environment = os.environ | {"GENOPT_WORKERS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=1700, cwd=tmp_path, env=environment)
    assert ended.returncode == 0, ended.stderr[-4000:]
    returns = float(ended.stdout.splitlines()[-1])
    assert 0 <= returns < 2, "the rewards of an episode sum to its gain"
