"""Score of the policy that knows nothing: uniformly random actions, on the test episodes.

python -m genopt_gym.baselines.random_policy GenOpt/Atari-Pong-v0 --episodes 20
"""

from __future__ import annotations

import argparse

import numpy as np

from genopt_gym.core.errors import UserError
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.registration import TABLE

START = "one_function/random"


def random_scores(task: str, episodes: int) -> list[float]:
    """Returns of the start that acts at random on the first ``episodes`` test instances of ``task``."""
    try:
        starts = TaskSpec(task, {}).make().starts()
    except TypeError:  # one that has to be told what it is about
        starts = []
    if START not in starts:
        raise UserError(f"{task} has no episodes whose actions could be chosen at random")
    evaluator = Evaluator(TaskSpec(task, {"test_size": episodes}), splits=("test",))
    return [trial.score for trial in evaluator.evaluate(evaluator.task.starting_artifact(START), "test").trials]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tasks = {row.id: row.task for row in TABLE}
    parser.add_argument("id", choices=tasks)
    parser.add_argument("--episodes", type=int, default=20)
    arguments = parser.parse_args()
    try:
        scores = np.array(random_scores(tasks[arguments.id], arguments.episodes))
    except UserError as refusal:
        parser.error(str(refusal))
    error = scores.std(ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else float("nan")
    print(f"{arguments.id}: {scores.mean():.4g} +- {error:.2g} (standard error, {len(scores)} test episodes)")


if __name__ == "__main__":
    main()
