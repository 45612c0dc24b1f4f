"""What ``genopt openenv package`` writes is looked at by OpenEnv's own validation, and runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openenv")

import requests
import yaml
from openenv.validation import Level, run_validation
from openenv.validation.providers import ExecResult
from openenv.validation.types import ProviderCapability

from tests.conftest import Genopt
from tests.helpers.openenv_server import CARTPOLE, SMALL
from tests.helpers.waiting import wait_until

pytestmark = pytest.mark.timeout(900)

SETTINGS = [word for setting in SMALL for word in ("--set", setting)]
RUNTIME = ["runtime.startup", "runtime.reward_well_formed", "runtime.observation_schema", "runtime.state_contract"]


@pytest.fixture
def package(genopt: Genopt, tmp_path: Path) -> Path:
    ended = genopt("openenv", "package", CARTPOLE, "packed", "--edits", "4", "--sessions", "3", *SETTINGS)
    assert (ended.code, ended.out) == (0, "packed\n"), ended.err
    return tmp_path / "packed"


def openenv(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "openenv.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


@contextmanager
def started(package: Path, port: int) -> Iterator[str]:
    """The package's server, as its container would start it."""
    url, environment = f"http://127.0.0.1:{port}", os.environ | {"HOST": "127.0.0.1", "PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "server.app"], cwd=package, env=environment)
    try:
        assert wait_until(lambda: process.poll() is not None or _is_healthy(url), 600)
        yield url
    finally:
        process.terminate()
        process.wait(300)


def _is_healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=5).status_code == 200
    except requests.RequestException:
        return False


class ProcessProvider:
    """Where there is no Docker: the package's server as a process of this machine."""

    name = "process"
    capabilities = frozenset({ProviderCapability.IMAGE_BUILD})
    supported_network_modes = frozenset({"public"})

    def __init__(self, port: int) -> None:
        self._port = port

    def build(self, root: Path, execution: Any) -> str:
        assert (root / execution.dockerfile).is_file()
        self._root = root
        return "sha256:" + "0" * 64

    def start(self, spec: Any) -> ProcessSubject:
        return ProcessSubject(self._root, self._port)


class ProcessSubject:
    """A server under validation."""

    def __init__(self, root: Path, port: int) -> None:
        self._running = started(root, port)
        self.base_url = self._running.__enter__()

    def inspect(self) -> dict[str, Any]:
        return {}

    def logs(self, max_bytes: int = 65536) -> str:
        return ""

    def exec(self, argv: list[str], timeout_s: float) -> ExecResult:
        raise NotImplementedError

    def stop(self) -> None:
        self._running.__exit__(None, None, None)


def test_openenv_validates_the_package(package: Path) -> None:
    ended = openenv("validate", str(package), "--level", "static")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "PASS  static.manifest" in ended.stdout


@pytest.mark.filterwarnings("ignore:connect.. must be used as a context manager:DeprecationWarning")  # OpenEnv's own
def test_openenv_validates_the_package_as_it_runs(package: Path, free_port: int) -> None:
    manifest = package / "openenv.yaml"
    declared = "episode_timeout_s: 60.0"
    assert declared in manifest.read_text(encoding="utf-8")
    # This machine may be busy, which is no fault of the package's.
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(declared, "episode_timeout_s: 800.0"))
    report = run_validation(package, max_level=Level.RUNTIME, provider=ProcessProvider(free_port))
    results = {result.check_id: result for result in report.results}
    assert {name: results[name].status.value for name in RUNTIME} == dict.fromkeys(RUNTIME, "pass"), [
        (result.check_id, result.evidence) for result in report.results
    ]


def test_openenv_validates_the_running_server(package: Path, free_port: int) -> None:
    with started(package, free_port) as url:
        ended = openenv("validate", "--url", url, "--timeout", "300")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Verdict: PASS" in ended.stdout


def test_the_manifest_says_what_is_served(package: Path) -> None:
    manifest = yaml.safe_load((package / "openenv.yaml").read_text(encoding="utf-8"))
    assert manifest["name"] == "genopt_control_cartpole_v0"
    low, high = manifest["validation"]["reward"]["range"]
    assert low == 0.0
    assert 1.0 < high < 1.2
    front = (package / "README.md").read_text(encoding="utf-8").split("---\n")[1]
    assert yaml.safe_load(front)["tags"] == ["openenv", "genopt-gym"]
    assert yaml.safe_load(front)["sdk"] == "docker"
    compile((package / "server/app.py").read_text(encoding="utf-8"), "app.py", "exec")


def test_a_wheel_goes_into_the_package_and_is_what_the_container_installs(genopt: Genopt, tmp_path: Path) -> None:
    wheel = tmp_path / "genopt_gym-9.9-py3-none-any.whl"
    wheel.write_bytes(b"PK")
    assert genopt("openenv", "package", CARTPOLE, "packed", "--wheel", str(wheel), *SETTINGS).code == 0
    assert (tmp_path / "packed/wheels" / wheel.name).read_bytes() == b"PK"
    assert f"'./wheels/{wheel.name}[openenv]'" in (tmp_path / "packed/Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([CARTPOLE, "full"], "full is there already and not empty"),
        ([CARTPOLE, "full/file"], "is there already and not empty"),
        ([CARTPOLE, "packed", "--wheel", "full/file"], "is no wheel"),
        ([CARTPOLE, "packed", "--wheel", "none.whl"], "is no wheel"),
        (["GenOpt/Control-CartPol-v0", "packed"], "CartPole"),
        ([CARTPOLE, "full/file/packed"], "cannot write"),
    ],
)
def test_what_cannot_be_packed_is_one_sentence(genopt: Genopt, tmp_path: Path, words: list[str], told: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("x")
    ended = genopt("openenv", "package", *words, *SETTINGS)
    assert ended.code == 2
    assert told in ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "packed").exists()


@pytest.fixture
def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
