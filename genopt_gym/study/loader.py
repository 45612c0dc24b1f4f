"""What the folder of a planned run tells, whatever state it is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import gymnasium as gym
import msgspec
import numpy as np

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.core.task import Metric, TaskSpec
from genopt_gym.making import optimization_env
from genopt_gym.runs.folder import read_config, read_result
from genopt_gym.study.folder import is_begun, is_done, read_error, run_path
from genopt_gym.study.records import PlannedRun, RunRecord, State, StepColumns

T = TypeVar("T")

COLUMNS = {
    **dict.fromkeys(("score", "validation_score", "best_validation"), np.float64),
    **dict.fromkeys(("horizon_shown", "trials", "inner_steps"), np.int64),
    "seconds": np.float64,
    **dict.fromkeys(("prompt_tokens", "tokens"), np.int64),
    "money": np.float64,
}
"""Of ``StepColumns``, beside ``outcome``: name and type."""


class _Step(msgspec.Struct):
    """What the index takes of a row of ``steps.jsonl``."""

    step: int
    outcome: str
    score: float
    validation_score: float | None
    horizon_shown: int


class _Model(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int
    lost_tokens: int
    money: float | None


class _Cost(msgspec.Struct):
    """What the index takes of a row of ``ledger.jsonl``."""

    step: int
    seconds: float
    trials: int
    inner_steps: int
    models: dict[str, _Model]


class _Result(msgspec.Struct):
    start_score: float
    validation_score: float
    start_test_score: float | None
    test_score: float | None
    ended_by: str
    best: str
    confirmation_score: float | None = None


class _Facts(msgspec.Struct):
    """What the index takes of ``config.json``."""

    run: dict[str, Any]
    metric: Metric
    credit_horizon: int | None
    versions: dict[str, str]


_STEPS, _COSTS = msgspec.json.Decoder(_Step), msgspec.json.Decoder(_Cost)


def read_record(study: Path, run: PlannedRun) -> RunRecord:
    """The run as it stands; ``damaged``, with the reason, where its folder cannot be read."""
    path = run_path(study, run.key)
    error = read_error(study, run.key)
    if not is_begun(path):
        return RunRecord(run, "failed" if error else "planned", metric_of(run), no_steps(), problem=error)
    try:
        facts = msgspec.convert(read_config(path), _Facts)
        if not _is_planned(run, facts.run):
            raise UserError(f"{path} holds another run than planned")
        steps = _read_steps(path, facts.metric)
        state: State = "done" if is_done(path) else "failed" if error else "unfinished"
        result = msgspec.structs.asdict(msgspec.convert(read_result(path), _Result)) if state == "done" else {}
        if result and not steps.outcome:
            raise UserError(f"{path} has a result, but no steps")
    except (UserError, msgspec.ValidationError, OSError) as problem:
        return RunRecord(run, "damaged", metric_of(run), no_steps(), problem=str(problem))
    return RunRecord(
        run,
        state,
        facts.metric,
        steps,
        facts.credit_horizon,
        **result,
        versions=facts.versions,
        problem="" if state == "done" else error,
    )


def metric_of(run: PlannedRun) -> Metric:
    """The metric of a run that has not told its own."""
    try:
        module, _, id = run.config.id.rpartition(":")
        if module:
            __import__(module)
        task = TaskSpec(gym.spec(id).kwargs["task"], {}).load()
        # A task around a user's function says what its score is when it is made.
        return task.metric if hasattr(task, "metric") else optimization_env(run.config.make()).metric
    except (gym.error.Error, ImportError, AttributeError, KeyError, UserError) as error:
        raise UserError(f"the task of the run {run.key} cannot be found: {error}") from None


def as_steps(outcome: Sequence[str], columns: Mapping[str, Sequence[float | None]]) -> StepColumns:
    """Columns of numbers as arrays; None is what is not known."""
    arrays: dict[str, Any] = {name: np.array(columns[name], kind) for name, kind in COLUMNS.items()}
    return StepColumns(outcome, **arrays)


def no_steps() -> StepColumns:
    return as_steps([], dict.fromkeys(COLUMNS, ()))


def _is_planned(run: PlannedRun, stored: dict[str, Any]) -> bool:
    """Whether that is the configuration of the plan, but for what the study's budget adds."""
    planned = msgspec.to_builtins(run.config)

    def without_budget(config: dict[str, Any]) -> dict[str, Any]:
        return {**config, "parameters": {k: v for k, v in config["parameters"].items() if k != "budget"}}

    return without_budget(planned) == without_budget(stored)


def _read_steps(path: Path, metric: Metric) -> StepColumns:
    rows = _rows(path / "steps.jsonl", _STEPS)
    costs = _rows(path / "ledger.jsonl", _COSTS)
    # A step is written before its costs are.
    rows = rows[: len(costs)]
    costs = costs[: len(rows)]
    for name, numbers in (("steps.jsonl", [r.step for r in rows]), ("ledger.jsonl", [c.step for c in costs])):
        if numbers != list(range(len(rows))):
            raise UserError(f"{path / name} does not hold each step once and in order")
    scores = np.array([metric.worst if row.validation_score is None else row.validation_score for row in rows])
    models = [list(cost.models.values()) for cost in costs]
    columns: dict[str, Any] = {
        "score": [row.score for row in rows],
        "validation_score": [row.validation_score for row in rows],
        "best_validation": metric.sign * np.maximum.accumulate(metric.sign * scores),
        "horizon_shown": [row.horizon_shown for row in rows],
        "trials": [cost.trials for cost in costs],
        "inner_steps": [cost.inner_steps for cost in costs],
        "seconds": np.cumsum([cost.seconds for cost in costs]),
        "prompt_tokens": [c.models["proposer"].prompt_tokens if "proposer" in c.models else 0 for c in costs],
        "tokens": [sum(m.prompt_tokens + m.completion_tokens + m.lost_tokens for m in of_step) for of_step in models],
        "money": [sum(np.nan if m.money is None else m.money for m in of_step) for of_step in models],
    }
    return as_steps([row.outcome for row in rows], columns)


def _rows(path: Path, decoder: msgspec.json.Decoder[T]) -> Sequence[T]:
    """The rows of a journal; as ``read_journal`` reads it, but quicker where it is whole."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    try:
        return decoder.decode_lines(data[: data.rfind(b"\n") + 1])
    except msgspec.DecodeError:
        return [msgspec.convert(row, decoder.type) for row in read_journal(path)[0]]
