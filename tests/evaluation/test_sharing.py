"""Many threads evaluate at once: each gets what it would get alone, and nobody pays for another's failure."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from genopt_gym import wrap
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import BudgetSpent, EvaluationError, Evaluator
from genopt_gym.evaluation.pool import WorkerPool
from genopt_gym.evaluation.worker_places import ThisMachine
from genopt_gym.making import optimization_env
from tests.helpers import scored
from tests.helpers.local_workers import worker_processes
from tests.helpers.loops import cartpole
from tests.helpers.waiting import wait_until

SPEC = TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"validation_size": 8})
POLICY = "def policy(obs):\n    return 1 if obs['pole_angle'] + {number} * obs['pole_velocity'] > 0 else 0\n"


def scores(number: int) -> list[float]:
    evaluator = Evaluator(SPEC)
    artifact = evaluator.task.starting_artifact("one_function/naive").edited({"policy": POLICY.format(number=number)})
    return [trial.score for trial in evaluator.evaluate(artifact, "validation").trials]


def test_each_thread_gets_what_it_would_get_alone() -> None:
    alone = [scores(number) for number in range(12)]
    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(scores, range(12))) == alone


def test_runs_side_by_side_are_the_same_as_one_after_the_other() -> None:
    def run(number: int) -> list[Any]:
        env = cartpole()
        shown = [env.reset(seed=number)]
        shown += [env.step({"policy": POLICY.format(number=k)})[::4] for k in range(3)]
        return [(observation["trace"], observation["feedback"], info) for observation, info in shown]

    alone = [run(number) for number in range(6)]
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(run, range(6))) == alone


def test_a_task_that_fails_in_one_thread_disturbs_no_other() -> None:
    def fail(_: int) -> None:
        with pytest.raises(EvaluationError, match="the function's own mistake"):
            wrap(scored.mistaken, [scored.say], low=0, high=1).reset(seed=0)

    with ThreadPoolExecutor(6) as threads:
        failing = [threads.submit(fail, number) for number in range(3)]
        fine = [threads.submit(scores, number) for number in range(3)]
        assert [each.result() for each in fine] == [scores(number) for number in range(3)]
        assert [each.result() for each in failing] == [None] * 3


def test_a_worker_that_is_killed_under_load_costs_nobody_a_result() -> None:
    expected = [scores(number) for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        running = [threads.submit(scores, number) for number in range(8)]
        time.sleep(0.05)
        worker_processes()[0].stop(0)
        assert [each.result() for each in running] == expected


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_evaluations_from_sixteen_threads_leave_nothing_behind() -> None:
    """Memory and descriptors of this process and of its workers, after the first thousand and after the last."""
    count, threads = 10_000, 16
    evaluators = [Evaluator(TaskSpec(SPEC.entry, {"validation_size": 1})) for _ in range(threads)]
    start = evaluators[0].task.starting_artifact("one_function/naive")

    def evaluate(number: int) -> None:
        artifact = start.edited({"policy": POLICY.format(number=1 + number * 1e-6)})
        assert evaluators[number % threads].evaluate(artifact, "validation").failure is None

    def used() -> tuple[int, int, int]:
        everyone = [psutil.Process(), *psutil.Process().children(recursive=True)]
        memory = [process.memory_info().rss >> 20 for process in everyone]
        return len(everyone), sum(process.num_fds() for process in everyone), sum(memory)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(evaluate, range(count // 10)))
        before = used()
        list(pool.map(evaluate, range(count // 10, count)))
        after = used()
    print(f"processes, descriptors, MB: {before} after {count // 10:,}, {after} after {count:,}")
    assert after[0] == before[0]
    assert after[1] <= before[1] + 4
    assert after[2] <= before[2] + 30


def test_threads_of_one_evaluator_never_spend_more_than_its_budget() -> None:
    evaluator = Evaluator(SPEC, budget={"trials": 40})
    start = evaluator.task.starting_artifact("one_function/naive")

    def spend(number: int) -> bool:
        try:
            evaluator.evaluate(start.edited({"policy": POLICY.format(number=number)}), "validation")
        except BudgetSpent:
            return False
        return True

    with ThreadPoolExecutor(12) as threads:
        allowed = list(threads.map(spend, range(12)))
    assert evaluator.ledger.total.trials == 8 * sum(allowed) <= 40
    assert sum(allowed) >= 1


def test_threads_that_step_the_same_environment_are_told() -> None:
    env = optimization_env(wrap(scored.slow, [scored.say], low=0, high=1, train_size=1, validation_size=1))
    env.reset(seed=0)
    thread = threading.Thread(target=env.step, args=({"say": "def say():\n    return 0\n"},))
    thread.start()
    time.sleep(0.1)
    with pytest.raises(RuntimeError, match="another thread is using this environment"):
        env.step({})
    thread.join()
    env.step({})


def test_more_workers_than_usual_end_when_they_have_not_been_used_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENOPT_WORKERS", "1")
    monkeypatch.setattr("genopt_gym.evaluation.pool.LINGER", 0.5)
    pool = WorkerPool(ThisMachine())
    workers = [pool.acquire(wait=True, asks_model=True) for _ in range(3)]
    for worker in workers:
        assert worker is not None
        pool.release(worker)
    again = [pool.acquire(wait=True, asks_model=True) for _ in range(3)]
    assert set(again) == set(workers)
    for worker in workers:
        assert worker is not None
        pool.release(worker)
    assert wait_until(lambda: len(pool._handles) <= 1, 30)
    pool.close()


def test_blocks_that_wait_for_a_model_keep_no_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENOPT_WORKERS", "1")
    pool = WorkerPool(ThisMachine())
    waiting = [pool.acquire(wait=True, asks_model=True) for _ in range(3)]
    busy = pool.acquire(wait=False, asks_model=False)
    assert pool.acquire(wait=False, asks_model=False) is None
    for worker in (*waiting, busy):
        assert worker is not None
        pool.discard(worker)
