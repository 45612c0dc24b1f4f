"""A confined process that is kept ready for the next session."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from genopt_gym.core.artifact import Program
from genopt_gym.core.evidence import Instance
from genopt_gym.core.limits import Limits
from genopt_gym.core.task import TaskSpec
from genopt_gym.evaluation import Evaluator
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.evaluation.store import MemoryStore
from genopt_gym.sandbox.confined_child import ConfinedChild, ReadyChild
from genopt_gym.sandbox.session import Session
from genopt_gym.sandbox.tier import choose
from genopt_gym.sandbox.zygote import Zygote, ZygoteLost

LIMITS = Limits(call_seconds=30)
PROGRAM = Program(
    [("look", "python", "import os\n\ndef look():\n    open('left', 'w').close()\n    return os.getpid()\n")],
    "def workflow():\n    return look()\n",
)


@pytest.fixture
def zygote(tmp_path: Path) -> Iterator[Zygote]:
    zygote = Zygote("bare", choose(), str(tmp_path))
    yield zygote
    zygote.close()


def confined() -> set[psutil.Process]:
    """What the helpers of this process have started, those of earlier tests among them."""
    return {each for process in psutil.Process().children() for each in process.children()}


def pid_that_served(zygote: Zygote, child: ConfinedChild | None) -> int:
    with Session(zygote, PROGRAM, [0], LIMITS, traced=False, child=child) as session:
        [reply] = session.call([0], [()])
        assert reply.failure is None
        return int(reply.result)


def test_it_serves_one_session_and_no_other(zygote: Zygote) -> None:
    ready = ReadyChild()
    assert ready.take(zygote, LIMITS) is None
    ready.prepare(zygote, LIMITS)
    child = ready.take(zygote, LIMITS)
    assert child is not None
    assert pid_that_served(zygote, child) == child.pid
    assert ready.take(zygote, LIMITS) is None
    assert not psutil.pid_exists(child.pid)


@pytest.mark.parametrize("other", ["limits", "zygote", "ended"])
def test_one_that_is_not_as_wanted_is_ended(other: str, zygote: Zygote, tmp_path: Path) -> None:
    ready = ReadyChild()
    before = confined()
    ready.prepare(zygote, LIMITS)
    [child] = confined() - before
    if other == "ended":
        child.send_signal(signal.SIGKILL)
        while child.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
    (tmp_path / "more").mkdir()
    another = Zygote("bare", choose(), str(tmp_path / "more")) if other == "zygote" else zygote
    limits = Limits(call_seconds=30, file_mb=1) if other == "limits" else LIMITS
    assert ready.take(another, limits) is None
    assert not child.is_running()
    assert pid_that_served(another, None) != child.pid
    if another is not zygote:
        another.close()


def test_a_zygote_that_is_gone_makes_none(zygote: Zygote) -> None:
    ready = ReadyChild()
    ready.prepare(zygote, LIMITS)
    zygote.close()
    with pytest.raises(ZygoteLost):
        ready.prepare(zygote, LIMITS)
    ready.drop()


def waiting() -> list[psutil.Process]:
    """The confined processes there are while nothing is evaluated."""
    workers = psutil.Process().children()
    return [child for worker in workers for zygote in worker.children() for child in zygote.children()]


@pytest.fixture
def one_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    shared_pool().close()
    monkeypatch.setenv("GENOPT_WORKERS", "1")
    yield
    shared_pool().close()


@pytest.mark.usefixtures("one_worker")
def test_evaluations_find_one_ready_and_do_without_one_that_was_killed() -> None:
    spec = TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {})
    scores, served = [], []
    for kill in (False, False, True):
        evaluator = Evaluator(spec, store=MemoryStore())
        for child in waiting() if kill else ():
            child.kill()
            while child.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
        start = evaluator.task.starting_artifact("one_function/naive")
        scores.append(evaluator.evaluate(start, [Instance("train", 0)]).score)
        while len(found := waiting()) != 1:  # it is made after the answer was sent
            time.sleep(0.01)
        served.append(found[0].pid)
    assert len(set(scores)) == 1
    assert len(set(served)) == 3
