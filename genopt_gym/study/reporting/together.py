"""The report of runs that no study has planned: they are taken for one, as their configurations say."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from genopt_gym.core.errors import UserError
from genopt_gym.runs.config import Config, read_run
from genopt_gym.runs.formats import FORMAT
from genopt_gym.study.folder import PLAN, run_path
from genopt_gym.study.records import Plan, PlannedRun
from genopt_gym.study.reporting.report import Scale, Summary, write_report


def report_runs(runs: Sequence[Path], out: Path, paper: Path | None = None, normalise: Scale = "reference") -> Summary:
    """Write the report of these runs: a curve for each agent and choice of parameters, over the seeds that it has.

    Args:
        runs: run folders, finished or not.
        out: folder that the report is written to; a report that is there is written anew.
        paper: file with the learning curves that Nie et al. 2026 released, to be drawn behind.
        normalise: what 1 is on the normalised scale.

    Raises:
        UserError: one of them is no run, two of them are the same run, or the report cannot be written.
    """
    if out.exists() and not (out / "index.html").exists() and any(out.iterdir()):
        raise UserError(f"{out} holds something that is no report; choose another folder with --out")
    plan = plan_of(runs)
    with tempfile.TemporaryDirectory(prefix="genopt-report-") as temporary:
        study = Path(temporary) / "runs of one report"
        (study / "runs").mkdir(parents=True)
        (study / PLAN).write_bytes(msgspec.json.encode({"format": FORMAT} | msgspec.to_builtins(plan)))
        for run, planned in zip(runs, plan.runs, strict=True):
            run_path(study, planned.key).symlink_to(run.absolute(), target_is_directory=True)
        summary = write_report(study, paper, None, normalise)
        try:
            shutil.copytree(summary.page.parent, out, dirs_exist_ok=True)
        except OSError as error:
            raise UserError(f"the report cannot be written to {out}: {error}") from None
    return replace(summary, page=out / "index.html")


def plan_of(runs: Sequence[Path]) -> Plan:
    """The study that these runs would have been: whatever differs between them, beside task, agent and seed, is a
    factor.

    Raises:
        UserError: one of them is no run, or two have all in common.
    """
    configs = [read_run(run) for run in runs]
    facts = [_facts(config) for config in configs]
    names = dict.fromkeys(name for each in facts for name in each)
    factors = [name for name in names if len({_key(each.get(name, "own")) for each in facts}) > 1]
    planned: list[PlannedRun] = []
    for number, (run, config, own) in enumerate(zip(runs, configs, facts, strict=True)):
        levels = {name: own.get(name, "own") for name in factors}
        words = [config.agent, *(f"{name}={_key(level)}" for name, level in levels.items())]
        one = PlannedRun(f"run{number}", config, config.agent, levels, ", ".join(words), config.seed)
        for other, path in zip(planned, runs, strict=False):
            if (other.config.id, other.arm, other.seed) == (config.id, one.arm, one.seed):
                raise UserError(f"{path} and {run} have task, agent, parameters and seed in common: leave one out")
        planned.append(one)
    every = {name: _distinct([each.get(name, "own") for each in facts]) for name in factors}
    return Plan(f"{len(runs)} runs", "", planned, every)


def _facts(config: Config) -> dict[str, Any]:
    """What may tell arms apart."""
    edits = {} if config.edits is None else {"edits": config.edits}
    return {**config.parameters, **edits, **{f"agent.{name}": value for name, value in config.agent_options.items()}}


def _distinct(levels: Sequence[Any]) -> list[Any]:
    return list({_key(level): level for level in levels}.values())


def _key(level: Any) -> str:
    return level if isinstance(level, str) else json.dumps(level, sort_keys=True)
