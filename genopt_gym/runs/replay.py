"""What the agent of a stored run saw: its steps made again out of what the run has stored, without the agent."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.core.parameters import ViewChange
from genopt_gym.env import OptimizationEnv
from genopt_gym.evaluation.store import Store
from genopt_gym.llm import Client
from genopt_gym.llm.replies import Replies
from genopt_gym.making import optimization_env
from genopt_gym.runs.config import read_run
from genopt_gym.runs.folder import REPLIES, EvaluationFile, read_artifact, read_config
from genopt_gym.runs.versions import Versions

NO_EDIT = ""
"""An action that holds no edit: the environment evaluates nothing."""


def replay_observations(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Observation and info of every stored step, from the reset on.

    Evaluations come from the run's folder. One that is missing there is made again, which takes as long as it took
    the run; a model is never asked.

    Raises:
        UserError: there is no run, its environment cannot be made here, or a step comes out differently than stored.
    """
    rows = read_journal(folder / "steps.jsonl")[0]
    with closing(EvaluationFile(folder / "evaluations.bin", read_only=True)) as evaluations:
        yield from replay_steps(stored_environment(folder, evaluations), folder, rows)


def replay_steps(
    core: OptimizationEnv, folder: Path, rows: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The same in an environment that was made already, for rows that may come in while the run goes on.

    Args:
        core: as ``stored_environment`` gives it.
        folder: of the run.
        rows: of its ``steps.jsonl``, from the reset on.
    """
    spec, history = core.evaluator.spec, Versions.read(read_config(folder))
    made_with = {name: getattr(core.parameters, name) for name in ViewChange.__annotations__}
    for number, row in enumerate(rows):
        core.evaluator.spec = history.spec(number, spec)
        if number == 0:
            observation, info = core.reset(seed=read_run(folder).seed)
        else:
            _set_view(core, made_with, row.get("view", {}))
            observation, _, _, _, info = core.step(_action(folder, core, row))
        now = (info["artifact"], info.get("horizon_shown", row["horizon_shown"]), core.last.score)
        if now != (row["artifact"], row["horizon_shown"], row["score"]):
            raise UserError(
                f"step {number} of the run in {folder} comes out differently now than it is stored; look at it "
                "with the version in its config.json"
            )
        yield observation, info


def stored_environment(folder: Path, evaluations: Store) -> OptimizationEnv:
    """The environment of a run before its reset; evaluations are looked up in the given store."""
    config = read_run(folder)
    with warnings.catch_warnings():
        # What its loop was warned of is no news here.
        warnings.simplefilter("ignore")
        core = optimization_env(config.make())
    limit = read_config(folder)["spec"]["kwargs"].get("max_trace_chars")
    if limit is not None and limit < core.parameters.max_trace_chars:
        core.limit_trace(limit)
    replies = Path(config.replay) if config.replay is not None else folder
    replies = replies / REPLIES if replies.is_dir() else replies
    client = Client(core.evaluator.budget, Replies(replies, "replay") if replies.exists() else None)
    core.evaluator.keep_in(evaluations, client)
    return core


def _set_view(core: OptimizationEnv, made_with: Mapping[str, Any], view: Mapping[str, Any]) -> None:
    """As the agent had chosen it for a step."""
    if view != core.view_changes:
        change: dict[str, Any] = {**made_with, **view}
        core.set_view(**cast(ViewChange, change))


def _action(folder: Path, core: OptimizationEnv, row: Mapping[str, Any]) -> Mapping[str, str] | str:
    """An action that becomes of the artifact what the stored edit has made of it."""
    if row["artifact"] != core.artifact.id:
        texts = read_artifact(folder, row["artifact"])
        return {name: texts[name] for name in core.editable}
    # The edit left everything as it was: it was evaluated, or it could not be read.
    return {} if row["trials"] else NO_EDIT
