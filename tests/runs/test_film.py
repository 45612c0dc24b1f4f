"""A film shows what the artifact did: its actions, played again, give the same game."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from genopt_gym.core.drawing import BOX_SCALE, with_boxes
from genopt_gym.core.errors import UserError
from genopt_gym.core.evidence import Trial
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.atari.pong import Pong
from genopt_gym.evaluation import Evaluator
from genopt_gym.runs.film import FRAME_MS, FRAMES, LAST_FRAME_MS, SCALE, has_screen, moments, record, save_film


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(TaskSpec("genopt_gym.envs.atari.pong:Pong", {}), splits=("test",))


@pytest.fixture(scope="module")
def trial(evaluator: Evaluator) -> Trial:
    """A whole game of a policy that loses soon, with random no-ops and sticky actions."""
    return record(evaluator, Pong().starting_artifact("modular/stub"), evaluator.task.instances("test")[1:2])[0]


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


def test_boxes_are_drawn_around_what_the_policy_saw(evaluator: Evaluator, trial: Trial, tmp_path: Path) -> None:
    """They change nothing of the objects' own pixels, and come from the game's own course."""
    task = evaluator.task
    assert isinstance(task, Pong)
    length = len(trial.actions)
    plain = task.film(trial.instance, trial.actions, [length - 40])
    boxed = task.film(trial.instance, trial.actions, [length - 40], boxes=True)
    screen, drawn = next(plain), next(boxed)
    assert drawn.shape == (210 * BOX_SCALE, 160 * BOX_SCALE, 3)
    episode = task.start_episode(trial.instance, 0)
    for action in trial.actions[: length - 40]:
        episode.observe()
        episode.step(action)
    objects = episode.observe()
    assert np.array_equal(drawn, with_boxes(screen, objects))
    large = screen.repeat(BOX_SCALE, axis=0).repeat(BOX_SCALE, axis=1)
    assert {"Player", "Enemy", "Ball"} <= set(objects)
    for name in ("Player", "Enemy", "Ball"):
        x, y, w, h = (objects[name][side] * BOX_SCALE for side in "xywh")
        assert np.array_equal(drawn[y : y + h, x : x + w], large[y : y + h, x : x + w])
        edge = drawn[y - 1, x : x + w]
        assert (edge == edge[0]).all()
        assert not np.array_equal(edge, large[y - 1, x : x + w])
    path = tmp_path / "boxes.gif"
    assert save_film(path, task, msgspec.structs.replace(trial, actions=trial.actions[:60]), boxes=True)
    with Image.open(path) as film:
        assert film.size == (160 * BOX_SCALE, 210 * BOX_SCALE)


def test_a_name_stays_on_the_picture() -> None:
    frame = np.zeros((40, 60, 3), np.uint8)
    corners = ({"x": 0, "y": 0, "w": 5, "h": 5}, {"x": 55, "y": 35, "w": 5, "h": 5}, {"x": -9, "y": 70, "w": 5, "h": 5})
    for place in corners:
        drawn = with_boxes(frame, {"Thing": place, "lives": 3, "cubes": [[1]]})
        assert drawn.shape == (160, 240, 3)
        assert drawn.any() == (place["y"] < 70)


def test_a_film_as_mp4(evaluator: Evaluator, trial: Trial, tmp_path: Path) -> None:
    movies = pytest.importorskip("imageio_ffmpeg")
    path = tmp_path / "game.mp4"
    assert save_film(path, evaluator.task, trial)
    chosen = moments(len(trial.actions))
    assert movies.count_frames_and_secs(str(path))[0] == len(chosen) + LAST_FRAME_MS // FRAME_MS
    decode = [movies.get_ffmpeg_exe(), "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    pixels = subprocess.run(decode, capture_output=True, check=True).stdout
    shown = np.frombuffer(pixels, np.uint8).reshape(210 * SCALE, 160 * SCALE, 3)
    frames = evaluator.task.film(trial.instance, trial.actions, chosen)
    assert frames is not None
    # The form keeps less of colours than of light, so they are near only.
    assert np.abs(shown[::SCALE, ::SCALE].astype(int) - next(frames)).mean() < 6


def test_a_path_that_cannot_be_a_film(
    evaluator: Evaluator, trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"ends in \.gif or \.mp4, got .*game\.avi"):
        save_film(tmp_path / "game.avi", evaluator.task, trial)
    monkeypatch.setattr("genopt_gym.runs.film.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'genopt-gym\[video\]'"):
        save_film(tmp_path / "game.mp4", evaluator.task, trial)
    assert not list(tmp_path.iterdir())


def test_moments_rise_to_the_end_and_stay_few() -> None:
    for steps in (0, 1, 2, 3, 100, 899, 900, 901, 4000):
        chosen = moments(steps)
        assert chosen[-1] == steps
        assert chosen == sorted(set(chosen))
        assert chosen[0] >= 0
        assert len(chosen) <= FRAMES


def test_no_screen_no_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tester = Evaluator(TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {}), splits=("test",))
    # As where what draws it is not installed.
    monkeypatch.setitem(sys.modules, "pygame", None)
    assert not has_screen(tester.task)
    start = tester.task.starting_artifact("modular/naive")
    played = record(tester, start, tester.task.instances("test")[:1])[0]
    assert not save_film(tmp_path / "film.gif", tester.task, played)
    assert not (tmp_path / "film.gif").exists()


def test_a_failed_game_is_not_filmed(evaluator: Evaluator, tmp_path: Path) -> None:
    broken = (
        Pong().starting_artifact("modular/stub").edited({"select_action": "def select_action(*_):\n    return 99\n"})
    )
    played = record(evaluator, broken, evaluator.task.instances("test")[:1])[0]
    assert played.failure is not None
    assert not save_film(tmp_path / "film.gif", evaluator.task, played)
