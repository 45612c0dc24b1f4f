"""Worker processes: shared, replaced when they are lost, gone when nobody needs them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable

import psutil
import pytest

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluation, EvaluationError, Evaluator
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.testing.transcript import helpers, still_running
from tests.helpers.local_workers import worker_processes

SPEC = TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"validation_size": 8})
SLOW = """\
import time
def policy(obs):
    time.sleep(0.004)
    return 1 if obs['pole_angle'] > 0 else 0
"""


def slow(evaluator: Evaluator, note: str) -> Artifact:
    """A policy that takes its time: each note makes another artifact of it."""
    return evaluator.task.starting_artifact("one_function/naive").edited({"policy": f"{SLOW}# {note}\n"})


def workers() -> list[psutil.Process]:
    return [psutil.Process(process.pid) for process in worker_processes()]


def zygotes() -> list[psutil.Process]:
    return [child for worker in workers() for child in children_of(worker)]


def confined() -> list[psutil.Process]:
    return [child for zygote in zygotes() for child in children_of(zygote)]


def children_of(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.NoSuchProcess:
        return []


def evaluate_and_kill(evaluator: Evaluator, note: str, victims: Callable[[], list[psutil.Process]]) -> Evaluation:
    """An evaluation in the middle of which one process is killed."""
    killed: list[int] = []

    def kill() -> None:
        deadline = time.monotonic() + 5
        while not confined() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)
        victim = victims()[0]
        killed.append(victim.pid)
        victim.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    evaluation = evaluator.evaluate(slow(evaluator, note), "validation")
    thread.join()
    assert killed, "nobody was there to be killed"
    return evaluation


@pytest.fixture(scope="module")
def unharmed() -> Evaluation:
    evaluator = Evaluator(SPEC)
    return evaluator.evaluate(slow(evaluator, "undisturbed"), "validation")


@pytest.mark.parametrize("victims", [workers, zygotes])
def test_block_whose_process_was_killed_is_run_again(
    victims: Callable[[], list[psutil.Process]], unharmed: Evaluation
) -> None:
    assert evaluate_and_kill(Evaluator(SPEC), victims.__name__, victims) == unharmed


def test_block_that_takes_two_workers_down_is_told() -> None:
    evaluator = Evaluator(TaskSpec("tests.helpers.toys:Deadly", {"validation_size": 1}))
    with pytest.raises(
        EvaluationError, match=r"two workers ended while they ran a block of tests\.helpers\.toys:Deadly"
    ):
        evaluator.evaluate(evaluator.task.starting_artifact("plain/five"), "validation")


def test_worker_lost_between_evaluations_is_replaced() -> None:
    evaluator = Evaluator(SPEC)
    naive = evaluator.task.starting_artifact("one_function/naive")
    evaluator.evaluate(naive, "validation")
    before = workers()
    before[0].kill()
    before[0].wait()
    stub = evaluator.task.starting_artifact("one_function/stub")
    assert len(evaluator.evaluate(stub, "validation").trials) == 8
    assert before[0] not in workers()


def test_workers_are_shared_by_all_evaluators() -> None:
    shared_pool().close()
    for spec in (SPEC, TaskSpec("tests.helpers.toys:Guess", {}), SPEC):
        evaluator = Evaluator(spec)
        evaluator.evaluate(evaluator.task.starting_artifact(evaluator.task.default_start), "validation")
    assert len(workers()) <= int(os.environ["GENOPT_WORKERS"])


def test_workers_get_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("GENOPT_HINT", "passed on")
    shared_pool().close()
    evaluator = Evaluator(SPEC)
    evaluator.evaluate(evaluator.task.starting_artifact("one_function/naive"), "validation")
    for process in (*workers(), *zygotes()):
        assert "OPENAI_API_KEY" not in process.environ()
    assert all(process.environ()["GENOPT_HINT"] == "passed on" for process in workers())
    assert not any("GENOPT_HINT" in process.environ() for process in zygotes())
    shared_pool().close()


def test_closed_pool_leaves_nothing_and_can_be_used_again() -> None:
    shared_pool().close()
    before = set(helpers())
    evaluator = Evaluator(SPEC)
    naive = evaluator.task.starting_artifact("one_function/naive")
    evaluator.evaluate(naive, "validation")
    started = set(helpers()) - before
    assert started
    shared_pool().close()
    assert still_running(started) == 0
    stub = evaluator.task.starting_artifact("one_function/stub")
    assert len(evaluator.evaluate(stub, "validation").trials) == 8


def test_interrupted_evaluation_does_not_answer_the_next_one() -> None:
    """After Ctrl-C in mid-evaluation the answer that is under way is nobody's."""
    evaluator = Evaluator(SPEC)
    interrupter = threading.Timer(0.3, lambda: os.kill(os.getpid(), 2))
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        evaluator.evaluate(slow(evaluator, "interrupted"), "validation")
    interrupter.join()
    stub = evaluator.task.starting_artifact("one_function/stub")
    assert {trial.steps for trial in evaluator.evaluate(stub, "validation").trials} <= set(range(8, 12))


SCRIPT = """\
import os, sys, time
import psutil
from genopt_gym.evaluation import Evaluator
from genopt_gym.core.task import TaskSpec
from genopt_gym.testing.transcript import helpers

evaluator = Evaluator(TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"validation_size": 2}))
naive = evaluator.task.starting_artifact("one_function/naive")
stub = evaluator.task.starting_artifact("one_function/stub")
score = evaluator.evaluate(naive, "validation").score
"""


def run_script(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_killed_main_process_takes_its_workers_along() -> None:
    output = run_script("print(helpers(), flush=True); os.kill(os.getpid(), 9)")
    started = eval(output)
    assert len(started) >= 2
    assert still_running(started) == 0


def test_fork_of_the_main_process_has_workers_of_its_own() -> None:
    """Both go on: neither reads the other's answers, and the child's end does not end the parent's workers."""
    output = run_script("""\
        # Workers alone: each keeps a confined process ready, which it may start only after it has answered.
        mine = psutil.Process().children()
        child = os.fork()
        if child == 0:
            theirs = Evaluator(evaluator.spec).evaluate(stub, "validation").score
            sys.exit(0 if theirs < score and len(helpers()) >= 2 else 1)
        _, status = os.waitpid(child, 0)
        assert psutil.Process().children() == mine
        print(os.waitstatus_to_exitcode(status), evaluator.evaluate(stub, "validation").score < score)
    """)
    assert output.split() == ["0", "True"]
