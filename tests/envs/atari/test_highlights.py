"""What ``highlights`` shows of whole games: their end, every life lost that the horizon has room for, large rewards."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Instance, Trial, View
from genopt_gym.core.highlights import FEW, ROOM_FOR_REWARDS, SEGMENT, SHORTEST
from genopt_gym.core.task import TaskSpec
from genopt_gym.core.trace import render
from genopt_gym.envs.atari.emulator import AtariTask
from genopt_gym.evaluation import Evaluator
from genopt_gym.registration import TABLE

GAMES = {row.task.partition(":")[0].rpartition(".")[2]: row.task for row in TABLE if row.id.startswith("GenOpt/Atari-")}


def evaluator_of(game: str) -> Evaluator:
    return Evaluator(TaskSpec(GAMES[game], {}))


def recorded_best(evaluator: Evaluator, game: str) -> Artifact:
    """The artifact of the recorded run with the best score on validation."""
    folder = os.environ.get("GENOPT_TEST_DATA")
    run = Path(folder or "", "strong-model", f"p-{'si' if game == 'space_invaders' else game}")
    if not folder or not run.is_dir():
        pytest.skip("GENOPT_TEST_DATA names no folder with recorded runs")
    steps = [json.loads(line) for line in (run / "steps.jsonl").read_text().splitlines()]
    best = max(steps, key=lambda step: step["validation_score"] or 0)["artifact"]
    components = json.loads((run / "artifacts" / f"{best}.json").read_text())["components"]
    start = evaluator.task.starting_artifact("modular/naive")
    return start.edited({name: text for name, _, text in components})


def replayed(task: AtariTask, trial: Trial) -> tuple[list[float], list[int]]:
    """Rewards of a game, and the steps at which something is seen to have gone wrong, from its actions alone."""
    episode, rewards, mishaps = task.start_episode(trial.instance, 0), [], []
    for step, action in enumerate(trial.actions):
        episode.observe()
        if episode.mishap():
            mishaps.append(step)
        rewards.append(episode.step(action)[0])
    return rewards, mishaps


def check(evaluator: Evaluator, artifact: Artifact, games: int) -> None:
    task = evaluator.task
    assert isinstance(task, AtariTask)
    horizon = task.horizon
    assert horizon is not None
    instances = [Instance("train", index) for index in range(games)]
    view = View(horizon, "highlights", keep_actions=True)
    for trial in evaluator.evaluate(artifact, instances, view).trials:
        rewards, mishaps = replayed(task, trial)
        shown = {event.step for event in trial.events}
        assert len(trial.actions) == trial.steps == len(rewards)
        assert len(shown) == min(horizon, trial.steps)
        assert trial.steps - 1 in shown
        places = max(1, min(horizon // SEGMENT, FEW), min(len(mishaps) + 3, horizon // SHORTEST))
        if len(mishaps) + 3 <= places:
            assert set(mishaps) <= shown
        else:
            assert len(set(mishaps) & shown) >= places - 3
        if places >= ROOM_FOR_REWARDS:
            usual = sorted(rewards)[(len(rewards) - 1) // 2]
            for extreme in {min(rewards), max(rewards)} - {usual}:
                assert any(rewards[step] == extreme for step in shown)
        gaps = sum(gap.last - gap.first + 1 for gap in trial.skipped)
        assert gaps + len(shown) == trial.steps
        text, steps = render([trial], view, 60_000)
        assert steps == len(shown)
        assert len(text) < 60_000


def test_a_game_with_lives() -> None:
    evaluator = evaluator_of("seaquest")
    check(evaluator, evaluator.task.starting_artifact("modular/naive"), games=4)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # of 20 whole games, played and replayed
@pytest.mark.parametrize("game", GAMES)
def test_recorded_best_programs(game: str) -> None:
    evaluator = evaluator_of(game)
    check(evaluator, recorded_best(evaluator, game), games=20)
