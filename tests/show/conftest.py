"""Runs to be looked at, made once; a browser."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run
from tests.helpers.browser import chromium
from tests.helpers.hostile import MODEL, REPLIES
from tests.helpers.small_study import Inline, run_small, small_plan

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SMALL = {"validation_size": 2, "test_size": 2}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for the session: its driver keeps an event loop running, beside which no other can be run."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def asked_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that asked a model: a better program, one that raises, one that cannot be read, a long one, none."""
    folder = tmp_path_factory.mktemp("runs") / "asked"
    parameters = {"start": "one_function/naive", "credit_horizon": 20, **SMALL}
    options = {"model": MODEL}
    config = Config("GenOpt/Control-CartPole-v0", "proposer", 0, len(REPLIES), parameters, options)
    start_run(config, folder, ["page"])
    return folder


@pytest.fixture
def asked(asked_run: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(asked_run, tmp_path / "asked"))


@pytest.fixture(scope="session")
def film_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a task with a screen: its paddle goes one way, then the other."""
    folder = tmp_path_factory.mktemp("runs") / "film"
    sizes = {"credit_horizon": 50, "validation_size": 1, "test_size": 1, "max_steps": 300}
    parameters = {"start": "one_function/naive", **sizes}
    edits = [{"select_action": f"def select_action(obs):\n    return {action}\n"} for action in (2, 3)]
    start_run(Config("GenOpt/Atari-Pong-v0", "scripted", 0, 2, parameters, {"edits": edits}), folder, ["page"])
    return folder


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("studies") / "finished"
    run_small(path, small_plan(), Inline())
    return path


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server of MLflow on this machine."""
    pytest.importorskip("mlflow")
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--backend-store-uri", f"sqlite:///{folder / 'runs.db'}"]
    options += ["--artifacts-destination", str(folder / "artifacts"), "--workers", "1"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", "mlflow", "server", *options], stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/health")
            yield address
        finally:
            server.terminate()
            server.wait(60)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
