"""MLflow: on the server that MLFLOW_TRACKING_URI names, or in files beside the run's folder."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genopt_gym.core.errors import UserError
from genopt_gym.runs.callbacks import RunStart
from genopt_gym.show.trackers.base import Tracker, run_name

EXPERIMENT = "genopt-gym"
"""Unless MLFLOW_EXPERIMENT_NAME says otherwise."""
LONGEST = 500
"""Characters of a parameter's value that every MLflow takes."""


class MLflow(Tracker):
    """Logs to MLflow: metrics, parameters, the source and diff of each step, the film; MLFLOW_TRACKING_URI holds."""

    name = "mlflow"

    def begin(self, start: RunStart, config: Mapping[str, Any], known: str | None) -> str:
        """Begin a run in the experiment, or go on with the one that belongs to the folder."""
        from mlflow.entities import Param
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient

        own = f"sqlite:///{start.folder.absolute().parent / 'mlflow.db'}"
        address = os.environ.get("MLFLOW_TRACKING_URI", own)
        self._client = MlflowClient(tracking_uri=address)
        try:
            if known is not None:
                self._client.update_run(known, status="RUNNING")
                self._id = known
                return known
            name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
            experiment = self._client.get_experiment_by_name(name)
            number = self._client.create_experiment(name) if experiment is None else experiment.experiment_id
            self._id = self._client.create_run(number, run_name=run_name(start)).info.run_id
            params = [Param(key, str(value)[:LONGEST]) for key, value in config.items()]
            self._client.log_batch(self._id, params=params)
        except MlflowException as error:
            raise UserError(f"MLflow at {address} cannot be used: {str(error).partition(chr(10))[0]}") from error
        return str(self._id)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """By the number of the step."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._client.log_batch(self._id, metrics=[Metric(key, value, now, step) for key, value in values.items()])

    def texts(self, step: int, words: Mapping[str, str], source: str, diff: str) -> None:
        """Files of the run, a folder for each step."""
        folder = f"steps/{step:04}"
        self._client.log_text(self._id, source, f"{folder}/program.py")
        self._client.log_text(self._id, diff, f"{folder}/edit.diff")
        self._client.log_dict(self._id, dict(words), f"{folder}/edit.json")

    def finish(self, final: Mapping[str, float], film: Path | None, whole: bool) -> None:
        """Final scores as metrics, the film as a file."""
        for name, value in final.items():
            self._client.log_metric(self._id, f"final/{name}", value)
        if film is not None:
            self._client.log_artifact(self._id, str(film))
        self._client.set_terminated(self._id, "FINISHED" if whole else "KILLED")
