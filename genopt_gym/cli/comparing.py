"""``genopt compare``: runs side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from genopt_gym.cli.running import PLAN as SEEDS
from genopt_gym.cli.tables import print_table
from genopt_gym.core.drawing import number
from genopt_gym.core.errors import UserError
from genopt_gym.runs.run import Run
from genopt_gym.study.folder import is_begun

HEADS = ("run", "seed", "edits", "start", "best validation", "start's test", "test", "trials", "tokens", "money", "s")


def compare(folders: Sequence[Path]) -> None:
    """Print in what runs differ, what they came to, and what they cost."""
    runs = [Run(path) for path in run_folders(folders)]
    for run in runs:
        if not run.steps:
            raise UserError(f"the run in {run.folder} has no finished step yet")
    if differing := _differing(runs):
        rows = [[str(run.folder), *(_word(_facts(run).get(fact, "")) for fact in differing)] for run in runs]
        print_table(Console(), ["run", *differing], rows, numbers_from=len(differing) + 1, title="they differ in")
        print()
    else:
        print("they differ in their seeds alone\n" if len(runs) > 1 else "")
    print_table(Console(), HEADS, [_row(run) for run in runs], numbers_from=1)
    if len({run.metric.name for run in runs}) > 1:
        print("\nTheir scores mean different things: they are of different tasks.")
    for run in runs:
        if not run.done:
            print(f"\n{run.folder} has not ended: genopt run --resume {run.folder}")


def run_folders(folders: Sequence[Path]) -> list[Path]:
    """Run folders; one that holds a run per seed stands for all of these. UserError for what is neither."""
    found: list[Path] = []
    for folder in folders:
        inside = sorted(path for path in folder.iterdir() if is_begun(path)) if (folder / SEEDS).exists() else [folder]
        if not inside:
            raise UserError(f"no run in {folder} has begun yet")
        found += inside
    return list(dict.fromkeys(found))


def _differing(runs: Sequence[Run]) -> list[str]:
    """Names of the choices, but for the seed, that are not the same in all runs."""
    facts = [_facts(run) for run in runs]
    names = dict.fromkeys(name for each in facts for name in each)
    return [name for name in names if len({json.dumps(each.get(name), sort_keys=True) for each in facts}) > 1]


def _facts(run: Run) -> dict[str, Any]:
    config = run.config
    edits = {} if config.edits is None else {"edits": config.edits}
    options = {f"agent's {name}": value for name, value in config.agent_options.items()}
    return {"id": config.id, "agent": config.agent, **edits, **config.parameters, **options}


def _row(run: Run) -> list[str]:
    start, best, ledger = run.start, run.best, run.ledger
    scores = [start.validation, best.validation, start.test, best.test]
    money = "unknown" if ledger.money is None else f"${ledger.money:.4f}" if ledger.models else "-"
    counts = [f"{ledger.trials:,}", f"{ledger.tokens:,}", money, f"{ledger.seconds:.0f}"]
    return [str(run.folder), str(run.config.seed), str(len(run.steps) - 1), *map(number, scores), *counts]


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
