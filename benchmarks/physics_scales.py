"""Floor and reference of the control tasks where physics differ: what stands in their ``scales``.

python benchmarks/physics_scales.py [--episodes 500] [ID ...]

The floor is what uniformly random actions get. The reference is what a program gets that is good with the standard
constants: the reference program where there is one, else the controller below. It was not tuned to other constants.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from genopt_gym.baselines.references import program, references
from genopt_gym.core.intervals import bootstrap_interval
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.registration import TABLE

CART_POLE = """\
def policy(obs):
    lean = obs["pole_angle"] + 0.4 * obs["pole_velocity"] + 0.05 * obs["cart_position"] + 0.1 * obs["cart_velocity"]
    return 1 if lean > 0 else 0
"""
MOUNTAIN_CAR = """\
def policy(obs):
    return 2 if obs["velocity"] >= 0 else 0
"""
CONTROLLERS = {"GenOpt/Control-CartPole-v0": CART_POLE, "GenOpt/Control-MountainCar-v0": MOUNTAIN_CAR}


def controller(id: str) -> tuple[str, Mapping[str, str]]:
    """A start, and the texts that a good program has in place of its own."""
    if id in CONTROLLERS:
        return "one_function/naive", {"policy": CONTROLLERS[id]}
    return references()[id].start, program(id)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", help="which tasks; all if none is named")
    parser.add_argument("--episodes", type=int, default=500)
    asked = parser.parse_args()
    episodes = asked.episodes
    print(f"mean over {episodes} test episodes (95% bootstrap interval)\n")
    print("| task | physics | floor: random actions | reference: good with the standard constants |")
    print("|---|---|---|---|")
    for row in TABLE:
        if "/Control-" not in row.id or (asked.ids and row.id not in asked.ids):
            continue
        for physics in ("standard", "varied", "shifted"):
            evaluator = Evaluator(TaskSpec(row.task, {"test_size": episodes, "physics": physics}), splits=("test",))
            start, texts = controller(row.id)
            artifacts = [
                evaluator.task.starting_artifact("one_function/random"),
                evaluator.task.starting_artifact(start).edited(texts),
            ]
            cells = []
            for artifact in artifacts:
                found = evaluator.evaluate(artifact, "test")
                low, high = bootstrap_interval([trial.score for trial in found.trials])
                cells.append(f"{found.score:.4g} ({low:.4g} .. {high:.4g})")
            print(f"| {row.id} | {physics} | {cells[0]} | {cells[1]} |", flush=True)


if __name__ == "__main__":
    main()
