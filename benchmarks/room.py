"""How much room a task leaves: its starts and a hand-written program, on the way from the floor to the limit.

Programs are scored on the same test instances, so that the difference to chance is paired. The limit is the metric's
reference: a bound or a record, whose source `genopt list --scores` tells. "share" is how far on the way from the floor
to the limit the best of these programs has come; "room" says whether at least a third of the way is left.

    python benchmarks/room.py GenOpt/MiniGrid-Memory-v0 [more ids] [--instances 20]

A hand-written program for `Family-Name` is `benchmarks/programs/<family>_<name>.py`, the whole policy or rule.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.intervals import bootstrap_interval
from genopt_gym.core.task import Task, TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.registration import TABLE

FAMILIES = ("Heuristics", "MiniGrid", "NetHack")
PROGRAMS = Path(__file__).parent / "programs"
LEFT = 1 / 3
"""Of the way from floor to limit, which a task with room leaves at least."""
HEADS = "id | floor | random | naive | working | hand-written | working - chance, 95% | limit | share | room | n"


def artifacts(id: str, task: Task) -> Mapping[str, Artifact]:
    """What is compared, by name; ``chance`` is the random start, or the naive one where no action can be drawn."""
    found = {}
    for name in ("random", "naive", "working"):
        start = next((start for start in task.starts() if start.endswith(f"/{name}")), None)
        if start is not None:
            found[name] = task.starting_artifact(start)
    file = PROGRAMS / (id.split("/")[1].removesuffix("-v0").replace("-", "_").lower() + ".py")
    if file.exists():
        empty = task.starting_artifact("one_function/stub")
        [component] = empty.texts
        found["hand-written"] = empty.edited({component: file.read_text(encoding="utf-8")})
    return found


def row(id: str, spec: TaskSpec) -> str:
    """One id: means over the test instances."""
    evaluator = Evaluator(spec, splits=("test",))
    metric = evaluator.task.metric
    scores: dict[str, Sequence[float]] = {}
    for name, artifact in artifacts(id, evaluator.task).items():
        evaluation = evaluator.evaluate(artifact, "test")
        scores[name] = [trial.score for trial in evaluation.trials]
    means = {name: sum(each) / len(each) for name, each in scores.items()}
    chance = scores.get("random", scores["naive"])
    low, high = bootstrap_interval([b - a for a, b in zip(chance, scores["working"], strict=True)])
    best = max(means.values(), key=lambda mean: metric.sign * mean)
    share = (best - metric.floor) / (metric.reference - metric.floor)
    cells: list[Any] = [id.removeprefix("GenOpt/").removesuffix("-v0"), f"{metric.floor:.4g}"]
    cells += [f"{means[name]:.4g}" if name in means else "" for name in ("random", "naive", "working", "hand-written")]
    cells += [f"{low:+.4g} .. {high:+.4g}", f"{metric.reference:.4g}", f"{share:.2f}"]
    cells += ["yes" if share <= 1 - LEFT else "no", len(chance)]
    return "| " + " | ".join(map(str, cells)) + " |"


def main(arguments: Sequence[str] | None = None) -> None:
    known = {each.id: each.task for each in TABLE}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ids = [id for id in known if id.split("/")[1].split("-")[0] in FAMILIES]
    parser.add_argument("ids", nargs="*", default=ids)
    parser.add_argument("--instances", type=int, default=20)
    chosen = parser.parse_args(arguments)
    print(f"| {HEADS} |\n|{'---|' * (HEADS.count('|') + 1)}", flush=True)
    for id in chosen.ids:
        print(row(id, TaskSpec(known[id], {"test_size": chosen.instances})), flush=True)


if __name__ == "__main__":
    main()
