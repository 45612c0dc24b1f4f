"""What confinement costs a pipeline: an evaluation, the same pipeline called in process, and as a script of its own.

Each row is a task's ``modular/working`` start on the validation split. All is pinned to one core; one thread each.

- in process: the artifact's source, executed here; its workflow called with the frames at hand;
- evaluation: the whole way through evaluator, worker and a fresh confined fork, warm (worker and zygote are up);
- script: ``python script.py``, which imports, reads the frames from files and calls the same workflow.

    python benchmarks/tabular_speed.py [--pairs 9] [--data DIR]

The two Kaggle tables are left out where their data are missing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median
from typing import Any

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Instance, View
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.mlagentbench.data import VARIABLE, DataError
from genopt_gym.envs.tabular import TabularTask
from genopt_gym.evaluation import Evaluator
from genopt_gym.sandbox.preload import submodules
from genopt_gym.sandbox.zygote_main import Hiding

SETTINGS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "GENOPT_WORKERS"), "1")
TASKS = {
    "Friedman": "genopt_gym.envs.bundled:Friedman",
    "Digits": "genopt_gym.envs.bundled:Digits",
    "HousePrice": "genopt_gym.envs.mlagentbench.house_price:HousePrice",
    "SpaceshipTitanic": "genopt_gym.envs.mlagentbench.spaceship_titanic:SpaceshipTitanic",
}
START = "modular/working"
GOAL = 1.3
INSTANCE = Instance("validation", 0)
SCRIPT = """\
import numpy
import pandas

{source}
x, test_data = pandas.read_pickle("x.pickle"), pandas.read_pickle("test_data.pickle")
workflow(x, numpy.load("y.npy"), test_data)
"""


def inputs(task: TabularTask) -> tuple[Any, Any, Any]:
    """``x``, ``y`` and ``test_data`` of the validation trial."""
    features, labels = task.load_table()
    learned, predicted = task.rows(INSTANCE, len(labels))
    x, test_data = (features.iloc[rows].reset_index(drop=True) for rows in (learned, predicted))
    return x, labels[learned], test_data


def seconds_in_process(artifact: Artifact, frames: tuple[Any, Any, Any]) -> float:
    namespace: dict[str, Any] = {}
    exec(artifact.source, namespace)
    copies = [frame.copy() for frame in frames]
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        namespace["workflow"](*copies)
    return time.perf_counter() - started


def seconds_of_evaluation(spec: TaskSpec, artifact: Artifact, view: View | None) -> float:
    evaluator = Evaluator(spec)  # a new one has nothing stored
    started = time.perf_counter()
    evaluation = evaluator.evaluate(artifact, [INSTANCE], view)
    seconds = time.perf_counter() - started
    assert evaluation.failure is None, evaluation.failure
    return seconds


def seconds_of_script(artifact: Artifact, frames: tuple[Any, Any, Any], folder: Path) -> float:
    import numpy as np

    for name, frame in zip(("x", "test_data"), (frames[0], frames[2]), strict=True):
        frame.to_pickle(folder / f"{name}.pickle")
    np.save(folder / "y.npy", frames[1])
    (folder / "script.py").write_text(SCRIPT.format(source=artifact.source), encoding="utf-8")
    started = time.perf_counter()
    subprocess.run([sys.executable, "-W", "ignore", "script.py"], cwd=folder, check=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--data", metavar="DIR", help=f"where the Kaggle tables lie; ${VARIABLE} if left out")
    arguments = parser.parse_args()
    if any(os.environ.get(name) != value for name, value in SETTINGS.items()):
        # Libraries look at these when they are loaded, and some are.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **SETTINGS})
    if arguments.data:
        os.environ[VARIABLE] = arguments.data
    core = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, [core])
    # The same libraries as a confined process has, and as many of their modules.
    sys.meta_path.insert(0, Hiding())
    for name in submodules("data"):
        __import__(name)
    print(f"core {core}; medians of {arguments.pairs} alternated pairs, milliseconds; goal {GOAL}")
    print(f"{'task':<18}{'in process':>11}{'evaluation':>11}{'ratio':>7}{'min':>6}{'max':>6}", end="")
    print(f"{'traced':>8}{'script':>8}{'evaluation/script':>19}")
    for name, entry in TASKS.items():
        spec = TaskSpec(entry, {})
        try:
            task = spec.make()
        except DataError as error:
            print(f"{name:<18}left out: {error}")
            continue
        assert isinstance(task, TabularTask)
        artifact, frames = task.starting_artifact(START), inputs(task)
        for _ in range(2):
            seconds_of_evaluation(spec, artifact, None), seconds_in_process(artifact, frames)
        pairs = [
            (seconds_in_process(artifact, frames), seconds_of_evaluation(spec, artifact, None))
            for _ in range(arguments.pairs)
        ]
        ratios = sorted(evaluation / plain for plain, evaluation in pairs)
        plain, evaluation = (median(column) for column in zip(*pairs, strict=True))
        traced = median(seconds_of_evaluation(spec, artifact, View(None)) for _ in range(3))
        with tempfile.TemporaryDirectory() as folder:
            script = median(seconds_of_script(artifact, frames, Path(folder)) for _ in range(3))
        print(
            f"{name:<18}{1e3 * plain:>11.1f}{1e3 * evaluation:>11.1f}{median(ratios):>7.2f}{ratios[0]:>6.2f}"
            f"{ratios[-1]:>6.2f}{1e3 * traced:>8.1f}{1e3 * script:>8.0f}{evaluation / script:>19.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
