"""Compute the Held-Karp bounds that ``Heuristics-TravellingSalesman`` stores: those of its default splits.

python benchmarks/held_karp.py > genopt_gym/envs/heuristics/held_karp.json
"""

from __future__ import annotations

import json

from genopt_gym.envs.heuristics import held_karp
from genopt_gym.envs.heuristics.travelling_salesman import TravellingSalesman, draw_cities

TRAIN = 200
"""So many train instances; the bounds of others are computed when they are drawn."""


def main() -> None:
    held_karp.stored_bounds().clear()
    task = TravellingSalesman(train_size=TRAIN)
    bounds = {}
    for split in ("train", "validation", "test"):
        for instance in task.instances(split):
            distribution, seed = task.distribution(instance), task.seed(instance)
            bounds[f"{distribution} {seed}"] = draw_cities(distribution, seed)[1]
    print(json.dumps(bounds, indent=0))


if __name__ == "__main__":
    main()
