"""One training of deep RL on a game: in chunks, each with a checkpoint after it, so that it can be cut off anywhere.

A training folder holds ``state.json`` (what was asked for, and how far it is), the models and, for DQN, the replay
buffer that it names, and TensorBoard logs. The state is replaced in one move after its files are written: after any
interruption it tells of the last whole chunk, and what was played after that is played again and counted once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np

from genopt_gym.baselines.policy_scores import Act, play
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import write_atomically
from genopt_gym.core.locking import hold
from genopt_gym.envs.atari.emulator import FRAME_SKIP, AtariTask

ENVS = 8
HYPERPARAMETERS: dict[str, dict[str, Any]] = {
    "ppo": {
        "n_steps": 256,
        "batch_size": 256,
        "n_epochs": 4,
        "learning_rate": 3e-4,
        "ent_coef": 0.01,
        "policy_kwargs": {"net_arch": [128, 128]},
    },
    "dqn": {
        "buffer_size": 100_000,
        "learning_starts": 10_000,
        "batch_size": 64,
        "train_freq": 4,
        "gradient_steps": 8,
        "target_update_interval": 8_000,
        "learning_rate": 1e-4,
        # No schedule depends on how long the training will be, so that it can be made longer at any time.
        "exploration_initial_eps": 0.05,
        "exploration_final_eps": 0.05,
        "policy_kwargs": {"net_arch": [256, 256]},
    },
}
"""By algorithm. All else is Stable-Baselines3's own."""
EXPLORATION = 0.05
"""Share of random actions when DQN is evaluated (Mnih et al. 2015)."""


class Point(msgspec.Struct):
    """Where a training stood at a checkpoint.

    Attributes:
        frames: of training, each counted once.
        validation_frames: of the evaluations up to here.
        seconds: wall time of both.
        validation: score on the task's validation instances.
    """

    frames: int
    validation_frames: int
    seconds: float
    validation: float


class State(msgspec.Struct):
    """What ``state.json`` says.

    Attributes:
        game: as in the environment's id.
        algorithm: a key of ``HYPERPARAMETERS``.
        seed: of the training.
        curve: a point for each checkpoint.
        model: file of the last one.
        replay: file of its replay buffer, for DQN.
        best: the first point with the best validation score.
        best_model: file of that one.
        test: test score of the best model, once it has been played.
    """

    game: str
    algorithm: str
    seed: int
    curve: list[Point] = []
    model: str = ""
    replay: str = ""
    best: Point | None = None
    best_model: str = ""
    test: float | None = None

    @property
    def what(self) -> str:
        return f"{self.algorithm.upper()} on {self.game}, seed {self.seed}"


def sb3() -> Any:
    """Stable-Baselines3; UserError if it is not installed."""
    try:
        import stable_baselines3
        import torch
    except ImportError as error:
        words = f"deep RL needs the sb3 extra ({error.name} is missing): pip install 'genopt-gym[sb3]'"
        raise UserError(words) from None
    torch.set_num_threads(1)
    return stable_baselines3


class Training:
    """The training in a folder, new or as far as its last checkpoint; one process at a time can hold it open.

    Raises:
        UserError: the folder holds another training, is in use or cannot be used.
    """

    def __init__(self, folder: Path, task: AtariTask, game: str, algorithm: str, seed: int) -> None:
        self.folder = folder
        self.task = task
        self._lock = _locked(folder)
        asked = State(game, algorithm, seed)
        try:
            self.state = read_state(folder) or asked
            if self.state.what != asked.what:
                raise UserError(f"{folder} holds {self.state.what}, not {asked.what}; choose another folder")
        except UserError:
            self.close()
            raise

    def close(self) -> None:
        self._lock.close()

    @property
    def frames(self) -> int:
        return self.state.curve[-1].frames if self.state.curve else 0

    def train(self, frames: int, every: int, on_frames: Callable[[int], None] = lambda _: None) -> Iterator[Point]:
        """Train up to ``frames``; a point for each chunk of ``every`` frames, once its checkpoint is written.

        A chunk ends with PPO's next update, which it makes every 8,192 frames.
        """
        if self.frames >= frames:
            return
        model = self._model()

        def count(*_: Any) -> bool:
            on_frames(model.num_timesteps * FRAME_SKIP)
            return True

        while self.frames < frames:
            since = time.perf_counter()
            chunk = max(min(every, frames - self.frames) // FRAME_SKIP, 1)
            model.learn(chunk, reset_num_timesteps=False, callback=count)
            yield self._checkpoint(model, since)
        model.env.close()

    def test(self) -> float:
        """Test score of the model with the best validation score; played once, then kept."""
        if self.state.test is None:
            cls = getattr(sb3(), self.state.algorithm.upper())
            model = cls.load(self.folder / self.state.best_model, device="cpu")
            self.state.test = self._score(model, "test")[0]
            self._write()
        return self.state.test

    def _model(self) -> Any:
        cls = getattr(sb3(), self.state.algorithm.upper())
        from stable_baselines3.common.atari_wrappers import ClipRewardEnv
        from stable_baselines3.common.env_util import make_vec_env
        from stable_baselines3.common.logger import configure

        # A resumed training begins new games, and not the first ones again.
        seed = int(np.random.SeedSequence([self.state.seed, self.frames]).generate_state(1)[0] >> 1)
        # Rewards are clipped to their sign, as in Mnih et al. 2015; scores are not.
        env = make_vec_env(f"GenOpt/Objects-{self.state.game}-v0", ENVS, seed=seed, wrapper_class=ClipRewardEnv)
        if self.state.model:
            model = cls.load(self.folder / self.state.model, env=env, device="cpu")
            model.set_random_seed(seed)
            if self.state.replay:
                model.load_replay_buffer(self.folder / self.state.replay)
        else:
            model = cls("MlpPolicy", env, seed=seed, device="cpu", **HYPERPARAMETERS[self.state.algorithm])
        model.set_logger(configure(str(self.folder / "tensorboard"), ["tensorboard"]))
        return model

    def _checkpoint(self, model: Any, since: float) -> Point:
        state = self.state
        validation, steps = self._score(model, "validation")
        before = state.curve[-1] if state.curve else Point(0, 0, 0.0, 0.0)
        frames = model.num_timesteps * FRAME_SKIP
        model.logger.record("validation/score", validation)
        model.logger.dump(model.num_timesteps)
        state.model = f"model-{frames}.zip"
        model.save(self.folder / state.model)
        if state.algorithm == "dqn":
            state.replay = f"replay-{frames}.pkl"
            model.save_replay_buffer(self.folder / state.replay)
        seconds = round(before.seconds + time.perf_counter() - since, 2)
        point = Point(frames, before.validation_frames + steps * FRAME_SKIP, seconds, validation)
        state.curve.append(point)
        if state.best is None or self.task.metric.better(validation, state.best.validation):
            state.best, state.best_model = point, state.model
        state.test = None
        self._write()
        return point

    def _write(self) -> None:
        write_atomically(self.folder / "state.json", msgspec.json.format(msgspec.json.encode(self.state), indent=1))
        needed = {self.state.model, self.state.replay, self.state.best_model}
        for path in (*self.folder.glob("model-*.zip"), *self.folder.glob("replay-*.pkl")):
            if path.name not in needed:
                path.unlink()

    def _score(self, model: Any, split: str) -> tuple[float, int]:
        """Score on a split, as of artifacts, and the agent steps that it took."""
        import torch

        with torch.random.fork_rng(devices=[]):  # training goes on with its own
            torch.manual_seed(0)
            returns, steps = play(self.task, self.task.instances(split), _acting(model, self.state.algorithm))
        return float(np.mean(returns)), steps


def read_state(folder: Path) -> State | None:
    """How far the training in a folder is; ``None`` if there is none."""
    path = folder / "state.json"
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except (msgspec.MsgspecError, OSError) as error:
        raise UserError(f"{path} cannot be read ({error}); choose another folder") from None


def _acting(model: Any, algorithm: str) -> Act:
    """PPO draws from its policy, DQN takes the best action but for a few: as both are meant to be played."""
    dice = np.random.default_rng(0)

    def act(observations: Any) -> Any:
        actions, _ = model.predict(observations, deterministic=algorithm == "dqn")
        if algorithm == "dqn":
            others = dice.integers(model.action_space.n, size=len(actions))
            actions = np.where(dice.random(len(actions)) < EXPLORATION, others, actions)
        return actions

    return act


def _locked(folder: Path) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror}") from None
    in_use = UserError(f"another process trains in {folder}; wait for it, or choose another folder")
    try:
        hold(lock, folder, in_use)
    except UserError:
        lock.close()
        raise
    return lock
