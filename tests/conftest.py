"""The command line as a fixture; two workers, unless GENOPT_WORKERS says otherwise; interrupts that arrive; no search
for garbage in what was collected."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

os.environ.setdefault("GENOPT_WORKERS", "2")

# In the background (`nohup make test &`) interrupts are ignored, and whatever a test starts would ignore them too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What collection makes stays to the end. To look for garbage in it takes a quarter of collection's time, and half a
# second each time after it.
gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """After collection, and in the process that hands tests out, which collects none."""
    gc.collect()
    gc.freeze()
    gc.enable()


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Genopt = Callable[..., Ended]


@pytest.fixture
def genopt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Genopt:
    """Runs the command in this process, standing in an empty folder."""
    from genopt_gym.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr("warnings.showwarning", None)

    def call(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["genopt", *arguments])
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capsys.readouterr()
        return Ended(int(exit_.value.code or 0), out, err)

    return call
