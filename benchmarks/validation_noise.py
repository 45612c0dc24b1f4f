"""How many validation trials keep the standard error of a score under a tenth of the way from floor to reference.

    python benchmarks/validation_noise.py

From the stored test trials of the reference programs, whose scores spread more than those of weaker programs do. Beside
it what the task's own number of validation trials gives. In Markdown; nothing is run.
"""

from __future__ import annotations

from math import ceil
from statistics import stdev

from genopt_gym.baselines.references import Reference, load, references
from genopt_gym.core.errors import UserError

SHARE = 0.1


def row(one: Reference) -> str | None:
    """A line of the table; ``None`` where there is one trial, or no task."""
    try:
        _, spec = load(one)
    except UserError:
        return None
    task = spec.make()
    if len(one.scores) < 3:
        return None
    way = abs(task.metric.reference - task.metric.floor)
    spread = stdev(one.scores) / way
    own = len(task.instances("validation"))
    needed = max(ceil((spread / SHARE) ** 2), 1)
    error = spread / own**0.5
    word = "" if error < SHARE else "too noisy"
    name = one.id.removeprefix("GenOpt/")
    return f"| {name} | {len(one.scores)} | {spread:.3f} | {needed} | {own} | {error:.3f} | {word} |"


def main() -> None:
    print("| task | trials | standard deviation of a trial | needed for 0.1 | validation has | its standard error | |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(filter(None, map(row, references().values()))))
    print("\nDeviations and errors in parts of the way from floor to reference.")


if __name__ == "__main__":
    main()
