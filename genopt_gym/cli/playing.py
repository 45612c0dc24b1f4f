"""``genopt play``: a run's best artifact at play, or an id's reference program."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

from genopt_gym.baselines.references import load, reference
from genopt_gym.cli.running import PLAN
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.drawing import number
from genopt_gym.core.errors import UserError
from genopt_gym.core.extras import missing_modules
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.runs.film import check_path, has_screen, record, save_film
from genopt_gym.runs.loop import read_best


def play(run: Path | None, id: str | None, film: Path | None, boxes: bool, episodes: int) -> None:
    """Play the best artifact of a run, or the reference program of an id: one of them is given."""
    if (run is None) == (id is None):
        raise UserError("genopt play takes a run's folder, or --reference ID")
    best, spec = _of_run(run) if run is not None else load(reference(str(id)))
    tester = Evaluator(spec, splits=("test",))
    instances = tester.task.instances("test")
    if episodes > len(instances):
        raise UserError(f"there are {len(instances)} test trials, fewer than the {episodes} asked for")
    name = type(tester.task).__name__
    if boxes and not tester.task.has_boxes:
        raise UserError(f"{name} observes no objects with a place on a screen: leave out --boxes")
    if film is not None and not has_screen(tester.task):
        raise UserError(f"{name} has no screen, so there is nothing to film: leave out --film{_hint()}")
    path = film or (run or Path()) / ("boxes.gif" if boxes else "best.gif" if run else "reference.gif")
    check_path(path)
    trials = record(tester, best, instances[:episodes])
    print(f"artifact {best.id}: {tester.task.metric.name}")
    for trial in trials:
        why = f"  {trial.failure}" if trial.failure else ""
        print(f"{trial.instance!s:<9} score {number(trial.score):>7}  {trial.steps:>5} steps{why}")
    if episodes > 1:
        print(f"{'mean':<9} score {number(fmean(trial.score for trial in trials)):>7}")
    if trials[0].failure is not None and has_screen(tester.task):
        raise UserError("the artifact failed in the first episode, so there is nothing to film")
    if id is not None and film is None and not boxes:
        return  # no folder to leave a film in was named
    if save_film(path, tester.task, trials[0], boxes=boxes):
        print(f"film     {path}")
    else:
        print(f"{name} has no screen to film{_hint()}")


def _hint() -> str:
    """What may be missing."""
    drawing = "pygame" in missing_modules("video")
    return "; screens of Gymnasium's environments take another package: pip install 'genopt-gym[video]'" * drawing


def _of_run(run: Path) -> tuple[Artifact, TaskSpec]:
    if (run / PLAN).exists():
        raise UserError(f"{run} holds a run per seed: name one of them, such as {run / 'seed0'}")
    return read_best(run)
