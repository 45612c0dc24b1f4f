"""A worker and its confined process take short turns on one core."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import psutil
import pytest

from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.sandbox import shared_core
from genopt_gym.sandbox.shared_core import QUICK, REVIEW, SharedCore

ALL = os.sched_getaffinity(0)
pytestmark = pytest.mark.skipif(len(ALL) < 2, reason="there is but one core")
SOON = QUICK / 2


@pytest.fixture(autouse=True)
def claims_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What other processes evaluate meanwhile has no say in these tests."""
    monkeypatch.setattr(shared_core, "CLAIM", f"genopt_gym test {uuid.uuid4()} {{}}")
    yield
    os.sched_setaffinity(0, ALL)


@pytest.fixture
def processes() -> Iterator[list[int]]:
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(3)]
    yield [each.pid for each in started]
    for each in started:
        each.communicate()


def test_short_turns_are_taken_on_one_core(processes: list[int]) -> None:
    pair = SharedCore(processes[0])
    pair.begin_turn(0.0)
    assert os.sched_getaffinity(0) == ALL  # it may be that the next comes after a long time
    pair.begin_turn(SOON)
    assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(processes[0]) == os.sched_getaffinity(0)
    pair.release()
    assert os.sched_getaffinity(0) == os.sched_getaffinity(processes[0]) == ALL


def test_a_long_turn_gives_all_cores_back(processes: list[int]) -> None:
    pair = SharedCore(processes[0])
    for now in (0.0, SOON, SOON + 2 * QUICK):
        pair.begin_turn(now)
    assert os.sched_getaffinity(0) == os.sched_getaffinity(processes[0]) == ALL


def test_now_and_then_the_kernel_chooses_for_a_turn(processes: list[int]) -> None:
    pair = SharedCore(processes[0])
    turns = [number * SOON for number in range(int(2 * REVIEW / SOON))]
    cores = []
    for now in turns:
        pair.begin_turn(now)
        cores.append(len(os.sched_getaffinity(processes[0])))
    pair.release()
    assert set(cores) == {1, len(ALL)}
    assert cores.count(1) > 0.9 * len(turns)


def test_no_two_pairs_have_the_same_core_and_one_too_many_has_none(processes: list[int]) -> None:
    cores = sorted(ALL)[:2]
    pairs = [SharedCore(pid, cores) for pid in processes]
    for pair in pairs:
        pair.begin_turn(0.0)
        pair.begin_turn(SOON)
    taken = [os.sched_getaffinity(pid) for pid in processes]
    assert sorted(map(sorted, taken[:2])) == [[core] for core in cores]
    assert taken[2] == ALL
    pairs[0].release()
    pairs[2].begin_turn(2 * SOON)
    assert os.sched_getaffinity(processes[2]) == ALL  # it does not look with every turn
    pairs[2].begin_turn(2 * SOON + REVIEW)
    pairs[2].begin_turn(3 * SOON + REVIEW)
    assert os.sched_getaffinity(processes[2]) == taken[0]
    for pair in pairs:
        pair.release()


def test_a_process_that_has_ended_is_no_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    pair = SharedCore(process.pid)
    for now in (0.0, SOON):
        pair.begin_turn(now)
    pair.release()
    assert os.sched_getaffinity(0) == ALL


def test_one_core_is_left_alone(processes: list[int]) -> None:
    pair = SharedCore(processes[0], sorted(ALL)[:1])
    for now in (0.0, SOON):
        pair.begin_turn(now)
    assert os.sched_getaffinity(0) == os.sched_getaffinity(processes[0]) == ALL


def test_after_a_block_its_worker_may_use_all_cores_again() -> None:
    evaluator = Evaluator(TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {"validation_size": 4}))
    evaluator.evaluate(evaluator.task.starting_artifact("one_function/naive"), "validation")
    workers = psutil.Process().children()
    assert {tuple(worker.cpu_affinity()) for worker in workers} == {tuple(sorted(ALL))}
