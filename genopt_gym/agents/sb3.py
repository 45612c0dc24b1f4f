"""A policy of Stable-Baselines3 as the optimizer: meta-reinforcement learning over edits."""

from __future__ import annotations

import contextlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from genopt_gym.agents.base import Agent, Problem
from genopt_gym.agents.sb3_progress import training_progress
from genopt_gym.core.errors import UserError
from genopt_gym.core.live import LiveView
from genopt_gym.wrappers import MenuEdits, NumericEdits, PerturbedStarts
from genopt_gym.wrappers.codec import Codec
from genopt_gym.wrappers.menu import MenuCodec
from genopt_gym.wrappers.numeric import NumericCodec


class Sb3(Agent):
    """Edits as a trained policy does: it moves the artifact's numbers, or picks from a menu, as it has learned to.

    Args:
        checkpoint: file that ``train`` or ``save`` of this module has written. As any of Stable-Baselines3 it holds
            pickles: load only what you trust.
        algorithm: class of ``stable_baselines3`` that it was trained with.
        deterministic: whether it takes the likeliest action instead of drawing one.
    """

    def __init__(self, checkpoint: str, algorithm: str = "PPO", deterministic: bool = False) -> None:
        found = algorithm_class(algorithm)
        self._trained_on = _read_trained_on(checkpoint)
        if self._trained_on["algorithm"] != algorithm:
            raise ValueError(f"{checkpoint} holds a policy of {self._trained_on['algorithm']}, not of {algorithm}")
        self._model = found.load(checkpoint, device="cpu")
        self._checkpoint = checkpoint
        self._deterministic = deterministic

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        """Begin a run; ValueError if the artifact is not the one that the policy was trained on."""
        super().reset(observation, problem)
        kind = MenuCodec if isinstance(self._model.action_space, gym.spaces.Discrete) else NumericCodec
        self._codec = kind(problem.action_space, problem.metric, problem.updates, self._trained_on["step"])
        if _slots(self._codec) != self._trained_on["slots"]:
            raise ValueError(
                f"the policy in {self._checkpoint} can only edit what it was trained on: {self._trained_on['id']} with "
                f"start={self._trained_on['start']!r}"
            )
        self._texts = observation["artifact"]
        self._codec.slots.check(self._texts)
        self._rng = np.random.default_rng(problem.seed)
        self._made = 0

    def act(self, observation: dict[str, Any]) -> dict[str, str]:
        import torch

        with contextlib.suppress(ValueError):  # it goes on from its own last edit if this artifact is nobody's work
            self._codec.slots.check(observation["artifact"])
            self._texts = observation["artifact"]
        vector = self._codec.vector(self._texts, observation, self._made)
        # What the policy draws depends on the run's seed alone, and disturbs nobody else's draws.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(self._rng.integers(2**32)))
            action, _ = self._model.policy.predict(vector, deterministic=self._deterministic)
        self._made += 1
        return self._codec.edit(self._texts, action)


def train(
    id: str,
    checkpoint: str | Path,
    *,
    steps: int,
    split_seeds: Sequence[int] = (0,),
    parameters: Mapping[str, Any] | None = None,
    algorithm: str = "PPO",
    view: type[NumericEdits | MenuEdits] = NumericEdits,
    spread: float = 0.0,
    seed: int = 0,
    callback: Any = None,
    progress: bool = True,
    **hyperparameters: Any,
) -> None:
    """Train a policy over edits, on one core, and save it for ``Sb3``.

    Args:
        id: of the environment.
        checkpoint: zip file to write.
        steps: edits to learn from, in all environments together; 0 saves an untrained policy.
        split_seeds: one environment each: the policy learns on their train and validation instances.
        parameters: keywords of ``gym.make``.
        algorithm: class of ``stable_baselines3``.
        view: what it sees and does; DQN needs ``MenuEdits``; SAC, TD3 and DDPG need ``NumericEdits``.
        spread: of the starting numbers, see ``PerturbedStarts``; 0 always begins at the task's own start.
        seed: of the policy and its draws.
        callback: of ``learn``.
        progress: whether a terminal or a notebook shows how far it is.
        **hyperparameters: of the algorithm.

    Raises:
        UserError: Stable-Baselines3 is not installed.
        ValueError: the algorithm does not exist, or cannot act through this view.
    """
    found = algorithm_class(algorithm)
    from stable_baselines3.common.monitor import Monitor
    from stable_baselines3.common.vec_env import DummyVecEnv

    def make(split_seed: int) -> Any:
        env = gym.make(id, **{**(parameters or {}), "split_seed": split_seed})
        return Monitor(view(PerturbedStarts(env, spread) if spread else env))

    envs = DummyVecEnv([partial(make, split_seed) for split_seed in split_seeds])
    try:
        model = found("MlpPolicy", envs, seed=seed, device="cpu", **hyperparameters)
    except AssertionError as error:
        raise ValueError(f"{algorithm} cannot act through {view.__name__}: {error}") from None
    with contextlib.closing(LiveView()) as display:
        shown = [training_progress(steps, display)] if progress else []
        model.learn(steps, callback=[*shown, *([] if callback is None else [callback])])
    save(model, checkpoint)


def algorithm_class(name: str) -> Any:
    """The class of that name in ``stable_baselines3``.

    Raises:
        UserError: Stable-Baselines3 is not installed.
        ValueError: it has no such algorithm.
    """
    try:
        import stable_baselines3
        import torch
        from stable_baselines3.common.base_class import BaseAlgorithm
    except ImportError:
        raise UserError("policies of Stable-Baselines3 need another package: pip install 'genopt-gym[sb3]'") from None
    torch.set_num_threads(1)  # sums come out the same, whatever the number of cores
    classes = {each.__name__: each for each in vars(stable_baselines3).values() if isinstance(each, type)}
    known = [each for each in classes if issubclass(classes[each], BaseAlgorithm)]
    if name not in known:
        raise ValueError(f"there is no algorithm {name!r} in stable_baselines3, but {', '.join(known)}")
    return classes[name]


def save(model: Any, checkpoint: str | Path) -> None:
    """Save a model of Stable-Baselines3 with what ``Sb3`` has to know of the environment that it was trained on.

    Raises:
        ValueError: that was none of ``NumericEdits`` and ``MenuEdits``.
    """
    try:
        (codec, *_), (parameters, *_), (spec, *_) = map(model.get_env().get_attr, ("codec", "parameters", "spec"))
    except AttributeError:
        raise ValueError("the model's environment is none of NumericEdits and MenuEdits") from None
    # Stable-Baselines3 writes a model's attributes into the checkpoint, plain ones as JSON.
    model.trained_on = {
        "algorithm": type(model).__name__,
        "id": spec.id,
        "start": parameters.start,
        "step": codec.step,
        "slots": _slots(codec),
    }
    model.save(checkpoint)


def _slots(codec: Codec) -> dict[str, Any]:
    return {"numbers": codec.slots.numbers, "operators": codec.slots.operators}


def _read_trained_on(checkpoint: str) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(checkpoint) as file:
            trained_on: dict[str, Any] = json.loads(file.read("data"))["trained_on"]
    except OSError as error:
        raise ValueError(f"there is no checkpoint to be read in {checkpoint}: {error.strerror}") from None
    except (zipfile.BadZipFile, KeyError, ValueError):
        raise ValueError(
            f"{checkpoint} is no checkpoint of train or save in genopt_gym.agents.sb3: it does not say what the policy "
            "was trained on"
        ) from None
    return trained_on
