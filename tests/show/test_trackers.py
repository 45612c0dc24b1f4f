"""Trackers against their own backends on this machine: what was told of a run can be read back, each step once."""

from __future__ import annotations

import json
import struct
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.runs.callbacks import Callback
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.runs.run import Run
from genopt_gym.runs.steps import Step
from tests.conftest import Genopt
from tests.helpers.waiting import wait_until

CONFIG = Config(
    "GenOpt/Control-CartPole-v0",
    "hill-climbing",
    edits=3,
    parameters={"start": "modular/parametric", "validation_size": 2, "test_size": 2},
)


class Stop(Callback):
    """Stops a run at its second step, as a kill would."""

    def on_step(self, step: Step) -> None:
        if step.step == 2:
            raise KeyboardInterrupt


def track(folder: Path, tracker: str) -> Run:
    """A run that is stopped once and resumed, tracked all the time."""
    with pytest.raises(KeyboardInterrupt):
        start_run(CONFIG, folder, [tracker, Stop])
    resume_run(folder, [tracker])
    return Run(folder)


def test_tensorboard_shows_each_step_once(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = track(tmp_path / "run", "tensorboard")
    log = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    log.Reload()
    scores = log.Scalars("score")
    assert [event.step for event in scores] == [0, 1, 2, 3]
    assert [event.value for event in scores] == pytest.approx([step.score for step in run.steps])
    assert log.Scalars("final/best_test")[0].value == pytest.approx(run.best.test)
    diffs = [event.tensor_proto.string_val[0].decode() for event in log.Tensors("diff")]
    assert "+" in diffs[1]
    assert all(line.startswith("    ") for line in diffs[1].splitlines()), "as it stands, not as Markdown"


def test_weights_and_biases_offline_keeps_each_step_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    run = track(tmp_path / "run", "wandb")

    def scored() -> list[dict[str, Any]]:
        return [row for row in history(tmp_path / "run" / "wandb") if "score" in row]

    # A process of wandb's own writes its files.
    wait_until(lambda: len(scored()) == 4)
    rows = scored()
    assert [row["_step"] for row in rows] == [0, 1, 2, 3]
    assert [row["score"] for row in rows] == pytest.approx([step.score for step in run.steps])


def history(folder: Path) -> list[dict[str, Any]]:
    """The rows of history in wandb's files, in the order in which they were written."""
    from wandb.proto import wandb_internal_pb2

    rows = []
    for path in sorted(folder.glob("offline-run-*/*.wandb")):
        for data in records(path.read_bytes()):
            record: Any = vars(wandb_internal_pb2)["Record"]()
            record.ParseFromString(data)
            if record.WhichOneof("record_type") == "history":
                items = record.history.item
                rows.append({item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items})
    return rows


def records(data: bytes) -> Iterator[bytes]:
    """The records of a log in LevelDB's form: in blocks of 32 KiB, each part with checksum, length and kind."""
    block, head, place, whole, last = 32768, 7, 7, 1, 4
    parts: list[bytes] = []
    while place + head <= len(data):
        if block - place % block < head:
            place += block - place % block
            continue
        _, length, kind = struct.unpack_from("<IHB", data, place)
        if kind == 0:
            place += block - place % block
            continue
        parts.append(data[place + head : place + head + length])
        place += head + length
        if kind in (whole, last):
            yield b"".join(parts)
            parts = []


def test_weights_and_biases_without_a_login_is_told_before_anything_begins(
    genopt: Genopt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    ended = genopt("run", CONFIG.id, "--agent", "random", "--edits", "1", "--track", "wandb", "--out", "run")
    assert ended.code == 2
    assert "wandb login" in ended.err
    assert not Path("run").exists()


@pytest.mark.parametrize("tracker", ["tensorboard", "wandb", "mlflow", "trackio"])
def test_a_tracker_without_its_package_is_told(genopt: Genopt, monkeypatch: pytest.MonkeyPatch, tracker: str) -> None:
    monkeypatch.setitem(sys.modules, tracker, None)
    monkeypatch.setattr("genopt_gym.show.trackers.base.find_spec", lambda name: None)
    ended = genopt("run", CONFIG.id, "--agent", "random", "--edits", "1", "--track", tracker, "--out", "run")
    assert ended.code == 2
    assert f"pip install 'genopt-gym[{tracker}]'" in ended.err
    assert not Path("run").exists()


def test_mlflow_with_a_real_server(tmp_path: Path, mlflow_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    run = track(tmp_path / "run", "mlflow")
    client = MlflowClient(tracking_uri=mlflow_server)
    experiment = client.get_experiment_by_name("genopt-gym")
    [logged] = client.search_runs([experiment.experiment_id])
    assert logged.info.status == "FINISHED"
    scores = client.get_metric_history(logged.info.run_id, "score")
    assert sorted((metric.step, metric.value) for metric in scores) == [(step.step, step.score) for step in run.steps]
    assert logged.data.metrics["final/best_test"] == pytest.approx(run.best.test)
    names = {file.path for file in client.list_artifacts(logged.info.run_id, "steps/0003")}
    assert names == {f"steps/0003/{name}" for name in ("program.py", "edit.diff", "edit.json")}


def test_a_server_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(Exception, match=r"MLflow at http://127.0.0.1:9 cannot be used"):
        start_run(CONFIG, tmp_path / "run", ["mlflow"])


def test_trackio_keeps_each_step_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("trackio")
    from trackio.sqlite_storage import SQLiteStorage

    # Its database lies in one place for all projects, whatever a test may want.
    project = f"genopt-{uuid.uuid4().hex}"
    monkeypatch.setenv("TRACKIO_PROJECT", project)
    run = track(tmp_path / "run", "trackio")
    known = json.loads((tmp_path / "run" / "tracker-trackio.json").read_text())["run"]
    rows = [row for row in SQLiteStorage.get_logs(project, known) if "score" in row]
    assert [(row["step"], row["score"]) for row in rows] == [(step.step, step.score) for step in run.steps]
