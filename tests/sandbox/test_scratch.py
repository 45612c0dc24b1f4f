"""Scratch folders: noticed when they hold too much, and gone whatever was left in them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from genopt_gym.sandbox import scratch
from genopt_gym.sandbox.scratch import FULL_FILES, MAX_ENTRIES, is_overfull, remove


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def nested(folder: Path, levels: int) -> None:
    """So deep that neither Python's recursion nor the length of a path would do."""
    here = os.getcwd()
    os.chdir(folder)
    for _ in range(levels):
        os.mkdir("d")
        os.chdir("d")
    Path("file").touch()
    os.chdir(here)


def test_empty_folder(folder: Path) -> None:
    assert not is_overfull(str(folder), 1, 0)
    remove(str(folder))
    assert not folder.exists()


def test_ordinary_files(folder: Path) -> None:
    (folder / "sub").mkdir()
    for name in ("a", "sub/b", "sub/c"):
        (folder / name).write_text("x" * 1000)
    assert not is_overfull(str(folder), 1, 0)
    remove(str(folder))
    assert not folder.exists()


@pytest.mark.parametrize("within", [".", "one/two/three"])
def test_too_many_files(within: str, folder: Path) -> None:
    place = folder / within
    place.mkdir(parents=True, exist_ok=True)
    for number in range(MAX_ENTRIES + 1):
        (place / str(number)).touch()
    assert is_overfull(str(folder), 1, 0)
    remove(str(folder))
    assert not folder.exists()


def test_too_many_bytes(folder: Path) -> None:
    for number in range(FULL_FILES + 1):
        assert not is_overfull(str(folder), 1, 0)
        (folder / str(number)).write_bytes(bytes(1 << 20))
        os.sync()
    assert is_overfull(str(folder), 1, 0)


def test_sparse_file_is_as_large_as_what_it_takes(folder: Path) -> None:
    with open(folder / "sparse", "wb") as file:
        file.truncate(1 << 40)
    assert not is_overfull(str(folder), 1, 0)


def test_deep_folders(folder: Path) -> None:
    nested(folder, 2500)
    assert is_overfull(str(folder), 1, 0)
    remove(str(folder))
    assert not folder.exists()


def test_folders_that_their_owner_may_not_list(folder: Path) -> None:
    (folder / "outer" / "inner").mkdir(parents=True)
    (folder / "outer" / "file").touch()
    (folder / "outer" / "inner").chmod(0)
    (folder / "outer").chmod(0o300)
    if os.geteuid() != 0:  # root lists them all the same
        assert is_overfull(str(folder), 1, 0)
    remove(str(folder))
    assert not folder.exists()


def test_links_are_removed_and_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("stays")
    (folder / "folder").symlink_to(outside)
    (folder / "file").symlink_to(outside / "file")
    remove(str(folder))
    assert not folder.exists()
    assert (outside / "file").read_text() == "stays"


def test_folder_that_is_gone_already(folder: Path) -> None:
    remove(str(folder))
    remove(str(folder))
    with pytest.raises(FileNotFoundError):
        is_overfull(str(folder), 1, 0)


def test_disk_that_is_running_full(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files without names, or whose pages somebody else cannot see, are noticed by what is left for others."""
    before = scratch.free_bytes(str(folder))
    monkeypatch.setattr(scratch, "free_bytes", lambda _: before // 2 + 1)
    assert not is_overfull(str(folder), 1, before)
    monkeypatch.setattr(scratch, "free_bytes", lambda _: before // 2 - 1)
    assert is_overfull(str(folder), 1, before)


UNDER_LIMITS = """\
import os, resource, sys, tempfile
kind, limit = sys.argv[1:]
from genopt_gym.core.artifact import Program
from genopt_gym.core.limits import Limits
from genopt_gym.sandbox.session import Session
from genopt_gym.sandbox.tier import choose
from genopt_gym.sandbox.zygote import Zygote
if kind == "umask":
    os.umask(int(limit, 8))
else:
    resource.setrlimit(getattr(resource, kind), (int(limit), int(limit)))
zygote = Zygote("bare", choose(), scratch_root := tempfile.mkdtemp())
os.chmod(scratch_root, 0o700)
program = Program([("work", "python", "def work(x): return x + 1")], "def workflow(x):\\n    return work(x)\\n")
with Session(zygote, program, [0], Limits(), False) as session:
    print(session.call([0], [[1]])[0].result)
zygote.close()
os.rmdir(scratch_root)
"""


@pytest.mark.parametrize(
    ("kind", "limit"),
    [("umask", "777"), ("RLIMIT_NOFILE", "24"), ("RLIMIT_FSIZE", "10240"), ("RLIMIT_AS", str(2 << 30))],
)
def test_artifacts_run_under_the_users_own_lower_limits(kind: str, limit: str) -> None:
    """A limit that is lower than ours stays; it is no reason to run nothing."""
    done = subprocess.run(
        [sys.executable, "-c", UNDER_LIMITS, kind, limit], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
