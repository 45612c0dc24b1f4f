"""How far a model's first edit goes from the start to the best known: where little is left, a task measures nothing.

    python benchmarks/open_tasks.py RUN [RUN ...]

For each run folder: validation of the start and after the first edit, the better of record and reference, and the share
of the way that the first edit has made. A task is open if at least half of the way is left. In Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import genopt_gym
from genopt_gym.cli.catalogue import facts
from genopt_gym.registration import TABLE

SAID = ("documentation", "context", "credit_horizon", "disguise", "physics")
"""Parameters that say what the model knew."""


def row(folder: Path) -> str:
    run = genopt_gym.load_run(folder)
    [metric] = [facts(each).metric for each in TABLE if each.id == run.config.id]
    start, first = run.steps[0].validation_score, run.steps[1].validation_score
    start, first = (metric.worst if score is None else score for score in (start, first))
    goal = metric.record
    if goal is None or metric.better(metric.reference, goal):
        goal = metric.reference
    share = (first - start) / (goal - start)
    said = ", ".join(f"{name}={run.config.parameters[name]}" for name in SAID if name in run.config.parameters)
    words = "open" if share <= 0.5 else ""
    name = run.config.id.removeprefix("GenOpt/")
    return f"| {name} | {said or 'default'} | {start:.5g} | {first:.5g} | {goal:.5g} | {share:.2f} | {words} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    print("| task | what the model knew | start | first edit | best known | share of the way | |")
    print("|---|---|---|---|---|---|---|")
    for line in sorted(map(row, parser.parse_args().runs)):
        print(line)


if __name__ == "__main__":
    main()
