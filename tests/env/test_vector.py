"""Environments of one vector environment step at the same time, and say what each says alone."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from genopt_gym.evaluation.cancellation import current_cancellation
from genopt_gym.evaluation.pool import WorkerPool
from genopt_gym.vector import OptimizationVectorEnv
from tests.helpers.loops import CARTPOLE, UPRIGHT

PARAMETERS: dict[str, Any] = {"start": "one_function/naive", "validation_size": 2, "credit_horizon": 10}


def vector(**parameters: Any) -> Any:
    return gym.make_vec(CARTPOLE, 3, **{**PARAMETERS, **parameters})


def edits(step: int) -> tuple[dict[str, str], ...]:
    return tuple({"policy": UPRIGHT.replace("0.3", f"0.{step}{number}")} for number in range(3))


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_every_autoreset_mode_is_that_of_the_sync_vector_environment(mode: AutoresetMode) -> None:
    side_by_side = vector(max_episode_steps=2, autoreset_mode=mode)
    in_turn = vector(max_episode_steps=2, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode})
    assert isinstance(side_by_side, OptimizationVectorEnv)
    assert repr(side_by_side.reset(seed=4)) == repr(in_turn.reset(seed=4))
    for step in range(1 if mode == AutoresetMode.DISABLED else 5):
        assert repr(side_by_side.step(edits(step))) == repr(in_turn.step(edits(step)))


def test_the_observation_at_the_end_of_an_episode_keeps_its_texts() -> None:
    envs = vector(max_episode_steps=1, autoreset_mode=AutoresetMode.SAME_STEP)
    envs.reset(seed=0)
    infos = envs.step(edits(1))[4]
    assert [final["artifact"]["policy"] for final in infos["final_obs"]] == [edit["policy"] for edit in edits(1)]


def test_some_of_them_can_be_reset() -> None:
    envs, in_turn = vector(), vector(vectorization_mode="sync")
    for each in (envs, in_turn):
        each.reset(seed=1)
    mask = np.array([True, False, True])
    shown = [each.reset(seed=[7, None, 8], options={"reset_mask": mask}) for each in (envs, in_turn)]
    assert repr(shown[0]) == repr(shown[1])


def test_an_episode_that_has_ended_is_named_where_nothing_is_reset_by_itself() -> None:
    envs = vector(max_episode_steps=1, autoreset_mode=AutoresetMode.DISABLED)
    envs.reset(seed=0)
    envs.step(edits(1))
    with pytest.raises(gym.error.ResetNeeded, match=r"\[0, 1, 2\] have ended"):
        envs.step(edits(1))


def test_a_wrong_number_of_actions_or_seeds_is_refused() -> None:
    envs = vector()
    with pytest.raises(ValueError, match="seeds"):
        envs.reset(seed=[1, 2])
    envs.reset(seed=0)
    with pytest.raises(ValueError, match=r"zip|shorter|longer"):
        envs.step(edits(1)[:2])


def test_their_evaluations_are_under_way_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    together, run = threading.Barrier(3, timeout=60), WorkerPool.run
    come: list[int] = []

    def after_all_have_come(self: WorkerPool, *arguments: Any) -> Any:
        come.append(together.wait())
        return run(self, *arguments)

    monkeypatch.setattr(WorkerPool, "run", after_all_have_come)
    envs = vector()
    envs.reset(seed=0)
    envs.step(edits(1))
    assert sorted(come) == [0, 0, 1, 1, 2, 2]  # all three had come before one went on, in both


def test_an_interrupt_ends_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    envs = vector()
    envs.reset(seed=0)

    def interrupted(*_: Any) -> Any:
        if threading.current_thread().name.endswith("_0"):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        cancellation = current_cancellation()
        while True:
            cancellation.check()
            time.sleep(0.01)

    monkeypatch.setattr(WorkerPool, "run", interrupted)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
    try:
        with pytest.raises(KeyboardInterrupt):
            envs.step(edits(2))
    finally:
        signal.signal(signal.SIGINT, handler)
        monkeypatch.undo()
    envs.reset(seed=0)
    envs.step(edits(1))


def test_an_exception_in_one_of_them_is_raised() -> None:
    envs = vector()
    with pytest.raises(gym.error.ResetNeeded):
        envs.step(edits(1))
