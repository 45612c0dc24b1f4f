"""Deep RL on the inner games: interrupted at any moment it goes on, and it is scored as artifacts are."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.baselines import deep_rl, training
from genopt_gym.baselines.comparison import read_curves
from genopt_gym.baselines.deep_rl import task_of
from genopt_gym.baselines.policy_scores import play
from genopt_gym.baselines.training import Training, read_state
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import Journal
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.atari.pong import Pong
from genopt_gym.evaluation import Evaluator
from genopt_gym.runs.formats import FORMAT

ROLLOUT = 2 * 64 * 4
"""Frames between two updates of PPO, as it is set here."""

TASK = Pong(max_steps=40, validation_size=2, test_size=2)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "ENVS", 2)
    monkeypatch.setattr(deep_rl, "task_of", lambda game: TASK)
    less = {"ppo": {"n_steps": 64, "batch_size": 64}, "dqn": {"learning_starts": 100, "buffer_size": 1000}}
    for algorithm, values in less.items():
        monkeypatch.setitem(training.HYPERPARAMETERS, algorithm, training.HYPERPARAMETERS[algorithm] | values)


@contextmanager
def opened(folder: Path, algorithm: str = "ppo", game: str = "Pong", seed: int = 0) -> Iterator[Training]:
    with closing(Training(folder, TASK, game, algorithm, seed)) as found:
        yield found


def train(folder: Path, frames: int, algorithm: str = "ppo", every: int = ROLLOUT) -> list[int]:
    """The frames at each of the checkpoints that were written on the way."""
    pytest.importorskip("stable_baselines3")
    with opened(folder, algorithm) as found:
        return [point.frames for point in found.train(frames, every)]


def frames_of(folder: Path) -> list[int]:
    state = read_state(folder)
    assert state is not None
    return [point.frames for point in state.curve]


def model_steps(folder: Path) -> int:
    """Agent steps that the last checkpoint's own model has counted."""
    state = read_state(folder)
    assert state is not None
    return int(getattr(training.sb3(), state.algorithm.upper()).load(folder / state.model).num_timesteps)


def test_training_goes_on_where_its_last_checkpoint_is(tmp_path: Path) -> None:
    assert train(tmp_path, ROLLOUT) == [ROLLOUT]
    assert train(tmp_path, 3 * ROLLOUT) == [2 * ROLLOUT, 3 * ROLLOUT]
    assert train(tmp_path, 3 * ROLLOUT) == []
    assert frames_of(tmp_path) == [ROLLOUT, 2 * ROLLOUT, 3 * ROLLOUT]
    assert model_steps(tmp_path) == 3 * ROLLOUT // 4
    state = read_state(tmp_path)
    assert state is not None
    assert state.curve[-1].validation_frames == 3 * 4 * 40 * 2
    assert {path.name for path in tmp_path.glob("*.zip")} == {state.model, state.best_model}
    assert list((tmp_path / "tensorboard").iterdir())


def test_what_a_cut_off_training_played_after_its_checkpoint_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("stable_baselines3")

    def cut_off(frames: int) -> None:
        if frames > ROLLOUT + 100:
            raise KeyboardInterrupt

    with opened(tmp_path) as found, pytest.raises(KeyboardInterrupt):
        list(found.train(2 * ROLLOUT, ROLLOUT, cut_off))
    assert frames_of(tmp_path) == [ROLLOUT]

    def no_space(*_: Any) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch, opened(tmp_path) as found:
        patch.setattr(training, "write_atomically", no_space)  # the model's own file is there by then
        with pytest.raises(OSError, match="full"):
            list(found.train(2 * ROLLOUT, ROLLOUT))
    assert frames_of(tmp_path) == [ROLLOUT]
    assert train(tmp_path, 2 * ROLLOUT) == [2 * ROLLOUT]
    assert model_steps(tmp_path) == 2 * ROLLOUT // 4


def test_dqn_keeps_its_replay_buffer(tmp_path: Path) -> None:
    [first] = train(tmp_path, 1000, "dqn", 1000)
    [second] = train(tmp_path, 2 * first, "dqn", 1000)
    state = read_state(tmp_path)
    assert state is not None
    model = training.sb3().DQN.load(tmp_path / state.model)
    model.load_replay_buffer(tmp_path / state.replay)
    assert 4 * 2 * model.replay_buffer.size() == second
    with opened(tmp_path, "dqn") as found:
        assert found.test() == found.test()


SMALL_MAIN = """
import sys
from genopt_gym.baselines import deep_rl, training
from genopt_gym.envs.atari.pong import Pong

training.ENVS = 2
training.HYPERPARAMETERS["ppo"] |= {"n_steps": 64, "batch_size": 64}
task = Pong(max_steps=40, validation_size=2, test_size=2)
deep_rl.task_of = lambda game: task
deep_rl.main(sys.argv[1:])
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_training_killed_at_random_moments_counts_its_frames_once(tmp_path: Path) -> None:
    pytest.importorskip("stable_baselines3")
    words = f"--frames {40 * ROLLOUT} --every {ROLLOUT} --seeds 2 --out {tmp_path}"
    command = [sys.executable, "-c", SMALL_MAIN, *words.split()]
    states, dice = [tmp_path / f"seed-{seed}" for seed in range(2)], random.Random(0)

    def checkpoints() -> int:
        return sum(len(frames_of(folder)) for folder in states if (folder / "state.json").exists())

    for _ in range(6):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wanted = checkpoints() + dice.randint(1, 12)
        while checkpoints() < wanted:
            time.sleep(0.01)
        time.sleep(dice.random() / 5)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0
    for folder in states:
        assert frames_of(folder) == [ROLLOUT * (n + 1) for n in range(40)]
        assert model_steps(folder) == 40 * ROLLOUT // 4
    assert (tmp_path / "report.md").read_text().count(f"{40 * ROLLOUT:,} frames of training") == 2


def test_policy_is_scored_on_the_same_episodes_as_an_artifact() -> None:
    """Up for 40 steps, then down: the same as a policy of vectors and as a confined program."""
    parameters = {"max_steps": 300, "validation_size": 3}
    evaluator = Evaluator(TaskSpec("genopt_gym.envs.atari.pong:Pong", parameters))
    start = evaluator.task.starting_artifact("one_function/stub")
    text = "import itertools\nsteps = itertools.count()\n\n\n"
    text += "def policy(obs):\n    return 2 if next(steps) % 80 < 40 else 3\n"
    evaluation = evaluator.evaluate(start.edited({"policy": text}), "validation")
    asked = 0

    def act(observations: Any) -> list[int]:
        nonlocal asked
        asked += 1
        assert observations.shape == (3, 21)
        return [2 if (asked - 1) % 80 < 40 else 3] * 3

    task = Pong(max_steps=300, validation_size=3)
    returns, steps = play(task, task.instances("validation"), act)
    assert returns == [trial.score for trial in evaluation.trials]
    assert steps == sum(trial.steps for trial in evaluation.trials)


def write_run(folder: Path, game: str) -> None:
    """A run folder of two steps."""
    folder.mkdir()
    run = {"id": f"GenOpt/Atari-{game}-v0", "agent": "cma-es", "seed": 3, "parameters": {"start": "modular/parametric"}}
    (folder / "config.json").write_text(json.dumps({"format": FORMAT, "run": run}))
    with closing(Journal(folder / "steps.jsonl")) as steps, closing(Journal(folder / "ledger.jsonl")) as ledger:
        for step, score in enumerate((-20.0, -3.0, None)):
            steps.append({"step": step, "validation_score": score})
            ledger.append({"step": step, "seconds": 1.5, "inner_steps": 1000 * (step + 1)})
    (folder / "result.json").write_text('{"test_score": -4.5}')


def test_artifacts_and_trainings_stand_in_one_table_by_frames_and_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("stable_baselines3")
    write_run(tmp_path / "run", "Pong")
    [curve] = read_curves(tmp_path / "run", "Pong", Pong.metric)
    assert curve.frames == [4000, 8000, 12000]
    assert curve.seconds == [1.5, 3.0, 4.5]
    assert curve.best == [-20, -3, -3]
    train(tmp_path / "out" / "seed-0", ROLLOUT)
    words = f"--game Pong --frames {ROLLOUT} --out {tmp_path / 'out'} --compare {tmp_path / 'run'}"
    deep_rl.main(words.split())
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [row[0] for row in rows[1:]] == ["| ppo", "| cma-es start=modular/parametric"]
    assert rows[1][2:4] == [f"{ROLLOUT:,} frames of training", f"{ROLLOUT + 4 * 80:,}"]
    assert rows[2][1:] == ["3", "2 edits", "12,000", "0.1", "-3", "-4.5 |"]
    assert (tmp_path / "out" / "curve.png").stat().st_size > 10_000
    assert "cma-es" in (tmp_path / "out" / "report.md").read_text()


def test_folder_of_another_training_is_refused(tmp_path: Path) -> None:
    train(tmp_path, 1)
    for other in ({"algorithm": "dqn"}, {"game": "Breakout"}, {"seed": 1}):
        with pytest.raises(UserError, match=r"holds PPO on Pong, seed 0, not .*; choose another folder"):
            opened(tmp_path, **other).__enter__()
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        opened(tmp_path).__enter__()


def test_folder_in_use_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(UserError, match="another process trains in"):
        opened(tmp_path).__enter__()


def wrong(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        deep_rl.main(words.split())
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_bad_input_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for game, words in (("pnog", "no game 'pnog'; did you mean Pong?"), ("xyzzy", "there are Asterix, Breakout,")):
        with pytest.raises(UserError, match=words.replace("?", "[?]")):
            task_of(game)
    assert "--frames must be at least 1, got 0" in wrong(f"--frames 0 --out {tmp_path}", capsys)
    assert "invalid choice: 'a2c'" in wrong(f"--algorithm a2c --out {tmp_path}", capsys)
    write_run(tmp_path / "run", "Breakout")
    with pytest.raises(UserError, match="is of Breakout, not of Pong"):
        read_curves(tmp_path / "run", "Pong", Pong.metric)
    with pytest.raises(UserError, match="neither a training nor a run"):
        read_curves(tmp_path / "nothing", "Pong", Pong.metric)


def test_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    with opened(tmp_path) as found, pytest.raises(UserError, match=r"pip install 'genopt-gym\[sb3\]'"):
        list(found.train(1, 1))
