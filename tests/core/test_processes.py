"""Helper processes end with their owner, by themselves or by force; a fork of the owner has no hold on them."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from genopt_gym.core.processes import LIFELINE, HelperProcess, calling
from genopt_gym.testing.transcript import still_running
from tests.helpers.helper_processes import start
from tests.helpers.waiting import wait_until


def started(pid: int) -> tuple[int, float]:
    return pid, psutil.Process(pid).create_time()


def test_helper_that_is_let_go_comes_to_its_own_end() -> None:
    helper, words = start("obedient")
    assert words == ["ready"]
    assert not helper.has_ended()
    assert helper.exit_code is None
    helper.let_go()
    assert wait_until(helper.has_ended)
    helper.stop(0)
    assert helper.exit_code == 7


def test_helper_that_does_not_end_is_killed_with_all_that_it_has_started() -> None:
    helper, [_, other] = start("deaf")
    both = [started(helper.pid), started(int(other))]
    helper.stop(0.1)
    assert helper.exit_code == -9
    assert still_running(both) == 0


def test_exit_code_is_that_of_its_own_end() -> None:
    helper, _ = start("fails")
    assert wait_until(helper.has_ended)
    helper.stop(0)
    helper.stop(0)
    assert helper.exit_code == 3


def test_killed_owner_takes_its_helper_along_although_a_fork_of_it_lives() -> None:
    command = [sys.executable, *calling("tests.helpers.helper_processes:owner")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        helper, fork = map(int, owner.stdout.readline().split())
        [*gone, left] = [started(helper), started(fork)]
        owner.kill()
        owner.wait()
        assert still_running(gone) == 0
        assert psutil.pid_exists(fork)
        psutil.Process(left[0]).kill()


def test_fork_of_the_owner_cannot_stop_its_helpers() -> None:
    helper, _ = start("obedient")
    fork = os.fork()
    if fork == 0:
        helper.stop(0)
        os._exit(0 if helper.exit_code == 0 and not helper.is_ours else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]) == 0
    assert not helper.has_ended()
    helper.stop(20)
    assert helper.exit_code == 7


def test_helper_that_somebody_else_has_waited_for_has_ended() -> None:
    helper, _ = start("fails")
    os.waitpid(helper.pid, 0)
    assert helper.has_ended()
    helper.stop(0)


def test_helper_leads_a_session_of_its_own() -> None:
    helper, _ = start("obedient")
    assert os.getsid(helper.pid) == helper.pid
    helper.stop(20)


def test_folder_that_is_missing_is_told_and_leaves_nothing_open() -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with pytest.raises(FileNotFoundError):
        HelperProcess(["-c", ""], environment={}, folder="/no/such/folder")
    assert (len(os.listdir("/proc/self/fd")) if before else 0) == before


def test_lifelines_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A helper's own helpers have lifelines of their own, whatever stands in its environment."""
    monkeypatch.setenv(LIFELINE, "12345")
    helper, words = start("obedient")
    assert words == ["ready"]
    helper.stop(20)
    assert helper.exit_code == 7
