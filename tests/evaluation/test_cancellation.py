"""An evaluation that is called off: nothing of it is kept or charged, and nobody else is disturbed."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gymnasium as gym
import pytest

import genopt_gym
from genopt_gym import wrap
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import EvaluationCancelled, Evaluator
from genopt_gym.evaluation.cancellation import Cancellation
from genopt_gym.making import optimization_env
from tests.helpers import scored
from tests.helpers.loops import UPRIGHT, cartpole

SPEC = TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"validation_size": 8})


def slow_env() -> Any:
    """Its function takes half a second a trial."""
    env = wrap(scored.slow, [scored.say], low=0, high=1, train_size=4, validation_size=2)
    return optimization_env(env)


def test_cancelling_ends_an_evaluation_that_another_thread_waits_for() -> None:
    env, cancellation = slow_env(), Cancellation()

    def reset() -> None:
        with cancellation.applied():
            env.reset(seed=0)

    with ThreadPoolExecutor(1) as threads:
        resetting = threads.submit(reset)
        threading.Timer(0.2, cancellation.cancel).start()
        with pytest.raises(EvaluationCancelled):
            resetting.result()
    assert env.evaluator.ledger.total.trials == 0


def test_a_cancelled_step_is_taken_back() -> None:
    edit = {"policy": UPRIGHT}

    def shown(cancels: bool) -> Any:
        env = cartpole(batch_size=2)
        env.reset(seed=0)
        if cancels:
            cancellation = Cancellation()
            cancellation.cancel()
            with cancellation.applied(), pytest.raises(EvaluationCancelled):
                env.step(edit)
        return repr(env.step(edit))

    assert shown(cancels=True) == shown(cancels=False)


def test_tasks_of_asyncio_evaluate_side_by_side() -> None:
    evaluators = [Evaluator(SPEC) for _ in range(6)]
    start = evaluators[0].task.starting_artifact("one_function/naive")
    artifacts = [start.edited({"policy": UPRIGHT.replace("0.3", f"0.{i}")}) for i in range(6)]

    async def evaluate() -> list[Any]:
        pairs = zip(evaluators, artifacts, strict=True)
        return await asyncio.gather(*(each.aevaluate(artifact, "validation") for each, artifact in pairs))

    assert asyncio.run(evaluate()) == [Evaluator(SPEC).evaluate(artifact, "validation") for artifact in artifacts]


def test_a_cancelled_task_of_asyncio_leaves_its_environment_as_it_was_and_others_running() -> None:
    async def main() -> tuple[Any, Any]:
        slow, quick = slow_env(), cartpole()
        await genopt_gym.areset(quick, seed=0)
        task = asyncio.create_task(genopt_gym.areset(slow, seed=0))
        stepping = asyncio.create_task(genopt_gym.astep(quick, {"policy": UPRIGHT}))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return slow, await stepping

    slow, step = asyncio.run(main())
    assert slow.evaluator.ledger.total.trials == 0
    assert step[4]["outcome"] == "ok"
    slow.reset(seed=0)


def test_an_exception_in_the_thread_is_raised_where_it_is_awaited() -> None:
    with pytest.raises(gym.error.ResetNeeded, match="call reset first"):
        asyncio.run(genopt_gym.astep(cartpole(), {}))
