"""Runs that are stopped or killed leave no process behind, and go on from where they were."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

COMMAND = [sys.executable, "-c", "from genopt_gym.cli import main; main()"]
RUN = ["run", "GenOpt/Control-CartPole-v0", "--agent", "hill-climbing", "--set", "start=modular/parametric"]
PR_SET_CHILD_SUBREAPER = 36


@contextmanager
def adopted() -> Iterator[Callable[[], list[psutil.Process]]]:
    """Processes that lose their parent become ours meanwhile; what it gives counts who is there."""
    before = set(psutil.Process().children(recursive=True))

    def alive() -> list[psutil.Process]:
        found = [p for p in psutil.Process().children(recursive=True) if p not in before]
        for process in found:
            if process.status() == psutil.STATUS_ZOMBIE and process.ppid() == os.getpid():
                os.waitpid(process.pid, os.WNOHANG)
        return [p for p in found if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]

    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield alive
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def wait_until(condition: Callable[[], Any], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_ctrl_c_stops_cleanly_and_tells_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    edits = ["--set", "validation_size=64", "--set", "test_size=4", "--edits", "12"]
    with adopted() as alive:
        process = subprocess.Popen([*COMMAND, *RUN, *edits, "--out", "run"], stderr=subprocess.PIPE, text=True)
        steps = Path("run", "steps.jsonl")
        assert wait_until(lambda: steps.exists() and steps.read_bytes().count(b"\n") > 2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 130
        assert err.strip() == "genopt: stopped; go on with: genopt run --resume run"
        assert wait_until(lambda: not alive()), alive()
    subprocess.run([*COMMAND, "run", "--resume", "run"], check=True, stdout=subprocess.DEVNULL)
    assert steps.read_bytes().count(b"\n") == 13


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_killed_at_20_moments_and_resumed_is_the_unbroken_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sizes = ["--set", "validation_size=64", "--set", "confirmation_size=8", "--set", "test_size=8"]
    arguments = [*RUN, *sizes, "--edits", "15"]
    began = time.monotonic()
    subprocess.run([*COMMAND, *arguments, "--out", "unbroken"], check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    unbroken = Path("unbroken", "steps.jsonl").read_bytes()
    rng, killed_in_loop, runs = random.Random(0), 0, 0
    path = Path("run0")

    def start() -> subprocess.Popen[bytes]:
        # Killed before its configuration was written, a run begins again as it began.
        begun = (path / "config.json").exists()
        words = ["run", "--resume", str(path)] if begun else [*arguments, "--out", str(path)]
        return subprocess.Popen([*COMMAND, *words], stdout=subprocess.DEVNULL)

    def check_finished() -> None:
        assert (path / "steps.jsonl").read_bytes() == unbroken
        assert (path / "result.json").read_bytes() == Path("unbroken", "result.json").read_bytes()

    with adopted() as alive:
        for _ in range(20):
            process = start()
            try:
                # A run that came to its end makes room for another.
                assert process.wait(rng.uniform(0.1, seconds)) == 0
                check_finished()
                runs += 1
                path = Path(f"run{runs}")
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                steps = path / "steps.jsonl"
                killed_in_loop += steps.exists() and 0 < steps.read_bytes().count(b"\n") < 16
            assert wait_until(lambda: not alive()), alive()
        assert start().wait() == 0
        check_finished()
        assert wait_until(lambda: not alive()), alive()
    assert killed_in_loop >= 5
