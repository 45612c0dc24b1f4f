"""Where a study's figures come from: the commands and versions that made its runs, and the best artifacts."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from genopt_gym.core.errors import UserError
from genopt_gym.runs.config import Config
from genopt_gym.runs.folder import read_config
from genopt_gym.study.analysis.statistics import task_name
from genopt_gym.study.folder import run_path
from genopt_gym.study.records import RunRecord

DIFF_LINES = 300


@dataclass(frozen=True)
class Best:
    """The best artifact of a task by validation score: its run, and the lines in which it differs from the start."""

    record: RunRecord
    lines: Sequence[str]
    left_out: int


def best_artifacts(study: Path, records: Iterable[RunRecord]) -> dict[str, Best]:
    """Task to the best artifact of its finished runs."""
    best: dict[str, RunRecord] = {}
    for record in records:
        if record.validation_score is None:
            continue
        known = best.setdefault(task_name(record.run), record)
        assert known.validation_score is not None
        if record.metric.better(record.validation_score, known.validation_score):
            best[task_name(record.run)] = record
    return {task: _with_diff(study, record) for task, record in best.items()}


def _with_diff(study: Path, record: RunRecord) -> Best:
    try:
        text = (run_path(study, record.run.key) / "best.diff").read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        text = f"(the diff cannot be read: {error.strerror})"
    lines = text.splitlines()
    return Best(record, lines[:DIFF_LINES], max(len(lines) - DIFF_LINES, 0))


def command(config: Config) -> str:
    """The command line that makes the same run alone.

    >>> command(Config("GenOpt/Control-CartPole-v0", "cma-es", 2, 5, {"batch_size": 4, "start": "modular/parametric"}))
    'genopt run GenOpt/Control-CartPole-v0 --agent cma-es --edits 5 --set batch_size=4 --set start=modular/parametric
        --seed 2'
    """
    words = ["genopt", "run", config.id, "--agent", config.agent]
    if config.edits is not None:
        words += ["--edits", str(config.edits)]
    for option, pairs in (("--set", config.parameters), ("--agent-option", config.agent_options)):
        for name, value in pairs.items():
            words += [option, f"{name}={value if _is_plain(value) else json.dumps(value)}"]
    words += ["--seed", str(config.seed)]
    line = shlex.join(words)
    apart = config.agent_seed not in (None, config.seed)
    return f"{line}  # with agent_seed {config.agent_seed}, which only a plan can set" if apart else line


def versions(records: Iterable[RunRecord]) -> dict[str, list[str]]:
    """Package to the versions that runs were made with; more than one is worth a note."""
    found: dict[str, list[str]] = {}
    for record in records:
        for name, version in record.versions.items():
            if version not in found.setdefault(name, []):
                found[name].append(version)
    return found


def machines(study: Path, records: Iterable[RunRecord]) -> list[str]:
    """``Linux-6.1-x86_64, 8 cores`` of each machine that made runs."""
    found: dict[str, None] = {}
    for record in records:
        if record.state in ("done", "unfinished"):
            try:
                facts = read_config(run_path(study, record.run.key))["machine"]
                found[f"{facts['platform']}, {facts['cores']} cores"] = None
            except (UserError, KeyError, TypeError):
                continue
    return list(found)


def _is_plain(value: object) -> bool:
    """Whether the command line takes a value for text as it stands: nothing else that JSON knows."""
    if not isinstance(value, str):
        return False
    try:
        json.loads(value)
    except ValueError:
        return True
    return False
