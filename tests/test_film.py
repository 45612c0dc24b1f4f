"""A film shows what the artifact did: its actions, played again, give the same game."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genopt_gym.envs.atari.pong import Pong
from genopt_gym.evaluation import Evaluator
from genopt_gym.evidence import Trial
from genopt_gym.film import FRAMES, SCALE, has_screen, moments, record, save_film
from genopt_gym.task import TaskSpec


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(TaskSpec("genopt_gym.envs.atari.pong:Pong", {}), splits=("test",))


@pytest.fixture(scope="module")
def trial(evaluator: Evaluator) -> Trial:
    """A whole game of a policy that loses soon, with random no-ops and sticky actions."""
    return record(evaluator, Pong.starting_artifact("modular/stub"), evaluator.task.instances("test")[1:2])[0]


def test_the_recorded_actions_give_the_same_game(evaluator: Evaluator, trial: Trial) -> None:
    assert isinstance(evaluator.task, Pong)
    assert len(trial.actions) == trial.steps > 500
    episode = evaluator.task.start_episode(trial.instance, 0)
    rewards = [episode.step(action)[0] for action in trial.actions]
    assert sum(rewards) == trial.score < 0


def test_the_film_shows_the_end_of_the_game(evaluator: Evaluator, trial: Trial, tmp_path: Path) -> None:
    path = tmp_path / "films" / "game.gif"
    assert save_film(path, evaluator.task, trial)
    assert path.stat().st_size < 3_000_000
    frames = evaluator.task.film(trial.instance, trial.actions, moments(len(trial.actions)))
    assert frames is not None
    with Image.open(path) as film:
        shown = list(frames)
        assert getattr(film, "n_frames", 1) <= len(shown) <= FRAMES
        first = np.asarray(film.convert("RGB"))
        film.seek(getattr(film, "n_frames", 1) - 1)
        last = np.asarray(film.convert("RGB"))
    # The colours are exact, so frames can be compared point by point.
    for drawn, screen in ((first, shown[0]), (last, shown[-1])):
        assert np.array_equal(drawn[::SCALE, ::SCALE], screen)


def test_moments_rise_to_the_end_and_stay_few() -> None:
    for steps in (0, 1, 2, 3, 100, 899, 900, 901, 4000):
        chosen = moments(steps)
        assert chosen[-1] == steps
        assert chosen == sorted(set(chosen))
        assert chosen[0] >= 0
        assert len(chosen) <= FRAMES


def test_no_screen_no_film(tmp_path: Path) -> None:
    judge = Evaluator(TaskSpec("genopt_gym.envs.control:CartPole", {}), splits=("test",))
    assert not has_screen(judge.task)
    start = judge.task.starting_artifact("modular/naive")
    played = record(judge, start, judge.task.instances("test")[:1])[0]
    assert not save_film(tmp_path / "film.gif", judge.task, played)
    assert not (tmp_path / "film.gif").exists()


def test_a_failed_game_is_not_filmed(evaluator: Evaluator, tmp_path: Path) -> None:
    broken = Pong.starting_artifact("modular/stub").edited({"select_action": "def select_action(*_):\n    return 99\n"})
    played = record(evaluator, broken, evaluator.task.instances("test")[:1])[0]
    assert played.failure is not None
    assert not save_film(tmp_path / "film.gif", evaluator.task, played)
