"""How many processors there are to use: the least that anything above this process allows."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from genopt_gym.core.cores import available_cores, sibling_processes

ALL = len(os.sched_getaffinity(0))


def written(root: Path, files: dict[str, str], own: str) -> tuple[Path, Path]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "own").write_text(own)
    return root, root / "own"


@pytest.mark.parametrize(
    ("files", "own", "cores"),
    [
        ({}, "", ALL),
        ({"a/b/cpu.max": "100000 100000\n"}, "0::/a/b\n", 1),
        ({"a/cpu.max": "50000 100000\n", "a/b/cpu.max": "max 100000\n"}, "0::/a/b\n", 1),
        ({"a/cpu.max": "max 100000\n"}, "0::/a\n", ALL),
        ({"cpu/a/cpu.cfs_quota_us": "100000\n", "cpu/a/cpu.cfs_period_us": "100000\n"}, "4:cpu,cpuacct:/a\n", 1),
        ({"cpu/a/cpu.cfs_quota_us": "-1\n", "cpu/a/cpu.cfs_period_us": "100000\n"}, "4:cpu,cpuacct:/a\n", ALL),
        ({"a/cpu.max": "6400000 100000\n"}, "0::/a\n", ALL),
        ({"a/cpu.max": "broken"}, "0::/a\n", ALL),
    ],
    ids=["none", "v2", "v2 above", "v2 without", "v1", "v1 without", "more than there are", "unreadable"],
)
def test_quota_and_affinity(tmp_path: Path, files: dict[str, str], own: str, cores: int) -> None:
    assert available_cores(*written(tmp_path, files, own)) == cores


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_that_one_parent_has_started_share_the_cores(method: str) -> None:
    with multiprocessing.get_context(method).Pool(3) as pool:
        assert pool.apply(sibling_processes) == 3


def test_a_process_that_multiprocessing_has_not_started_has_the_cores_for_itself() -> None:
    assert sibling_processes() == 1
