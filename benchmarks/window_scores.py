"""What the first steps of episodes are worth: the scale of scores under ``feedback_horizon="credit"``.

Two policies play the same train episodes: one that acts at random, and the program of `benchmarks/policies`, or the
start `working` of a MiniGrid task that it solves. Of each the mean reward of the first 1, 3, 10, ... steps is
measured, and of whole episodes.

    python benchmarks/window_scores.py [GenOpt/Atari-Pong-v0 ...] [--episodes 16] [--write]

``--write`` puts the numbers where environments read them, `genopt_gym/envs/window_scores.json`.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from statistics import fmean
from typing import cast

import msgspec

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Trial, View
from genopt_gym.core.task import Task, TaskSpec
from genopt_gym.core.window_metric import WindowScores
from genopt_gym.evaluation import Evaluator
from genopt_gym.registration import TABLE

GRID = (1, 3, 10, 30, 100, 300, 1000)
EVENTS = 300
"""Steps of an episode from which the usual size of a reward is taken."""
POLICIES = Path(__file__).parent / "policies"
STORED = Path(__file__).parents[1] / "genopt_gym" / "envs" / "window_scores.json"
RANDOM = "one_function/random"
WORKING = "one_function/working"
SOLVED_BY_WORKING = ("DoorKey", "DynamicObstacles", "KeyCorridor", "LavaCrossing", "MultiRoom")
"""Tasks whose start ``working`` is a strong program."""


def program(task: Task) -> Artifact | None:
    """The artifact that plays the program of benchmarks/policies, or the start ``working``; None if none is strong."""
    if type(task).__name__ in SOLVED_BY_WORKING:
        return task.starting_artifact(WORKING)
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(task).__name__).lower()
    path = POLICIES / f"{name}.py"
    if not path.exists():
        return None
    _, *cut = re.split(r"^# --- (\w+) ---$", "# --- first ---\n" + path.read_text(), flags=re.MULTILINE)
    texts = dict(zip(cut[::2], cut[1::2], strict=True))
    first = texts.pop("first")
    imports = "".join(f"{line}\n" for line in first.splitlines() if line.startswith(("import ", "from ")))
    for start in task.starts():
        artifact = task.starting_artifact(start)
        names = [component.name for component in artifact.components]
        if f"def {names[0]}(" in first and set(names[1:]) == set(texts):
            return artifact.edited({names[0]: first, **{name: imports + text for name, text in texts.items()}})
    raise SystemExit(f"{path} has the components of no start of {type(task).__name__}")


def curve(evaluator: Evaluator, artifact: Artifact, episodes: int) -> tuple[list[float], float, list[Trial]]:
    """By number of steps the mean reward, the reward per step of whole episodes, and trials with their events."""
    instances, most = evaluator.task.instances("train")[:episodes], evaluator.task.max_inner_steps
    means: list[float] = []
    shown: list[Trial] = []
    for steps in (*[steps for steps in GRID if steps < most], most):
        view = View(steps) if steps < most else None
        trials = evaluator.evaluate(artifact, instances, view).trials
        if failed := [trial.failure for trial in trials if trial.failure]:
            raise SystemExit(f"a trial failed: {failed[0]}")
        means.append(fmean(trial.score for trial in trials))
        shown = list(trials) if steps <= EVENTS and view is not None else shown
    return means, sum(trial.score for trial in trials) / sum(trial.steps for trial in trials), shown


def measured(entry: str, episodes: int) -> WindowScores | None:
    """The scores of one task; None if no program plays it."""
    evaluator = Evaluator(TaskSpec(entry, {"train_size": episodes}))
    task = evaluator.task
    strong = program(task)
    if strong is None:
        return None
    floor, slow, random_trials = curve(evaluator, task.starting_artifact(RANDOM), episodes)
    reference, fast, trials = curve(evaluator, strong, episodes)
    sizes = [abs(event.reward) for trial in random_trials + trials for event in trial.events if event.reward]
    steps = [*[steps for steps in GRID if steps < task.max_inner_steps], task.max_inner_steps]
    rounded = [[float(f"{value:.4g}") for value in values] for values in (floor, reference, [slow, fast])]
    event = float(f"{fmean(sizes) if sizes else 1.0:.4g}")
    return WindowScores(steps, rounded[0], rounded[1], cast("tuple[float, float]", tuple(rounded[2])), event)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tasks = {row.id: row.task for row in TABLE}
    parser.add_argument("ids", nargs="*", default=[id for id in tasks if id.startswith(("GenOpt/Atari", "GenOpt/Con"))])
    parser.add_argument("--episodes", type=int, default=16)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    for id in arguments.ids:
        scores = measured(tasks[id], arguments.episodes)
        if scores is None:
            print(f"{id}: no program in {POLICIES}")
            continue
        print(f"{id}: {msgspec.json.encode(scores).decode()}", flush=True)
        if arguments.write:
            stored = msgspec.json.decode(STORED.read_bytes())
            stored[tasks[id].partition(":")[2]] = msgspec.to_builtins(scores)
            text = msgspec.json.format(msgspec.json.encode(dict(sorted(stored.items()))), indent=1).decode()
            lines = re.sub(r"\[\s+([^][]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)
            STORED.write_text(f"{lines}\n")


if __name__ == "__main__":
    main()
