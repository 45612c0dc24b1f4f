"""A study is carried out run by run; what goes wrong in one does not touch the others."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.runs.config import read_run
from genopt_gym.study.execution.execute import Outcome
from genopt_gym.study.execution.local import LocalExecutor
from genopt_gym.study.execution.worker import Ended, RunJob, carry_out
from genopt_gym.study.folder import StorageError, StudyFolder, Superseded, is_done, read_error, read_plan, run_path
from genopt_gym.study.index import read_index
from genopt_gym.study.records import Plan
from tests.conftest import Genopt
from tests.helpers.small_study import Inline, outcome_of, run_small, small_plan
from tests.runs.test_interruption import COMMAND, adopted, wait_until

PLAN = small_plan()
ONE = replace(PLAN, runs=PLAN.runs[:1])
KEYS = [run.key for run in PLAN.runs]


def answering(**how: list[str]) -> Callable[[RunJob], Ended]:
    """Runs whose agent is named end in these ways, one after another; the others are done."""

    def answer(job: RunJob) -> Ended:
        ways = how.get(job.key.replace("-", "_"), [])
        way = ways.pop(0) if ways else "done"
        return Ended(job.key, way, "" if way == "done" else f"told to be {way}")  # type: ignore[arg-type]

    return answer


def with_agent(name: str, **options: str) -> Plan:
    """The small plan, with its first run given to an agent of these tests."""
    first = PLAN.runs[0]
    config = replace(first.config, agent=f"tests.helpers.study_agents:{name}", agent_options=options)
    return replace(PLAN, runs=[replace(first, config=config), *PLAN.runs[1:]])


def pretending(job: RunJob) -> Ended:
    """A run that took 6 trials, as far as its folder says."""
    path = run_path(Path(job.study), job.key)
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps({"run": vars(job.config)}))
    (path / "ledger.jsonl").write_text('{"trials": 6}\n')
    (path / "result.json").write_text('{"models": {}}')
    return Ended(job.key)


def limited(trials: int) -> Plan:
    """The small plan, with a limit to each run."""
    parameters = {**PLAN.runs[0].config.parameters, "budget": {"trials": trials}}
    runs = [replace(run, config=replace(run.config, parameters=parameters)) for run in PLAN.runs]
    return replace(PLAN, runs=runs)


def test_runs_are_begun_in_order_and_as_many_at_once_as_there_are_slots(tmp_path: Path) -> None:
    executor = Inline(3, answering())
    run_small(tmp_path, PLAN, executor)
    assert [job.key for job in executor.jobs] == KEYS
    assert executor.most == 3


def test_what_is_done_is_not_run_again(study: Path) -> None:
    (run_path(study, KEYS[1]) / "result.json").unlink()
    executor = Inline()
    outcome = run_small(study, read_plan(study), executor)
    assert [job.key for job in executor.jobs] == [KEYS[1]]
    assert outcome == Outcome(done=4)


def test_a_crashed_run_is_resumed_once_and_then_has_failed(tmp_path: Path) -> None:
    ways = answering(random_0=["crashed"], random_1=["crashed", "crashed"], hill_climbing_0=["refused"])
    events: list[tuple[str, str]] = []
    executor = Inline(1, ways)
    outcome = run_small(tmp_path, PLAN, executor, lambda what, key: events.append((what, key)))
    assert [job.key for job in executor.jobs] == [KEYS[0], KEYS[0], KEYS[1], KEYS[1], KEYS[2], KEYS[3]]
    assert outcome.failed == {KEYS[1]: "told to be crashed", KEYS[2]: "told to be refused"}
    assert read_error(tmp_path, KEYS[1]) == "told to be crashed"
    assert [event for event in events if event[0] in ("again", "failed")] == [
        *[("again", KEYS[0]), ("again", KEYS[1]), ("failed", KEYS[1]), ("failed", KEYS[2])]
    ]
    assert [record.state for record in read_index(tmp_path)] == ["planned", "failed", "failed", "planned"]


def test_a_failed_run_is_tried_again_by_the_next_driver(tmp_path: Path) -> None:
    run_small(tmp_path, PLAN, Inline(1, answering(random_0=["refused"])))
    outcome = run_small(tmp_path, PLAN, Inline(1, answering()))
    assert outcome.failed == {}
    assert read_error(tmp_path, KEYS[0]) == ""


@pytest.mark.parametrize(("way", "error"), [("storage", StorageError), ("superseded", Superseded)])
def test_what_concerns_all_runs_stops_the_study(tmp_path: Path, way: str, error: type[UserError]) -> None:
    executor = Inline(2, answering(random_0=[way]))
    with pytest.raises(error, match=f"told to be {way}"):
        run_small(tmp_path, PLAN, executor)
    assert [job.key for job in executor.jobs] == KEYS[:2]


def test_a_worker_of_a_driver_that_was_superseded_writes_nothing(tmp_path: Path) -> None:
    def taken_over(job: RunJob) -> Ended:
        return carry_out(RunJob(job.study, job.key, job.config, job.token - 1))

    with pytest.raises(Superseded, match="another driver has taken over"):
        run_small(tmp_path, PLAN, Inline(1, taken_over))
    assert not run_path(tmp_path, KEYS[0]).exists()


# Budgets


def test_runs_without_a_limit_get_an_even_share(tmp_path: Path) -> None:
    executor = Inline(1, answering())
    run_small(tmp_path, small_plan(budget={"tokens": 4003, "money": 1.0}), executor)
    shares = [job.config.parameters["budget"] for job in executor.jobs]
    assert shares == [{"tokens": 1000, "money": 0.25}] * 4


def test_a_run_keeps_its_own_limit_and_waits_until_the_study_bears_it(tmp_path: Path) -> None:
    """100 trials bear one run of 60 at a time; what a run did not spend is free again when it is done."""
    plan = limited(60)
    executor = Inline(4, pretending)
    outcome = run_small(tmp_path, replace(plan, budget={"trials": 100}), executor)
    assert executor.most == 1
    assert outcome == Outcome(done=4)


def test_what_the_study_cannot_bear_is_left_out_and_can_be_run_with_more(tmp_path: Path) -> None:
    """A run takes 6 trials, and may take 7: the third would pass 18, which the first two leave 6 of."""
    plan = limited(7)
    outcome = run_small(tmp_path, replace(plan, budget={"trials": 18}), Inline(1, pretending))
    assert (outcome.done, list(outcome.left_out)) == (2, KEYS[2:])
    assert outcome.left_out[KEYS[2]] == "the study's budget of 18 trials does not bear it"
    assert run_small(tmp_path, replace(plan, budget={"trials": 40}), Inline(1, pretending)) == Outcome(done=4)


def test_a_budget_too_small_for_its_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="budget of 3 tokens is too small for 4 runs"):
        run_small(tmp_path, small_plan(budget={"tokens": 3}), Inline())


def test_a_resumed_run_keeps_the_limit_it_was_begun_with(tmp_path: Path) -> None:
    plan = replace(ONE, budget={"trials": 100})
    run_small(tmp_path, plan, Inline())
    (run_path(tmp_path, KEYS[0]) / "result.json").unlink()
    assert run_small(tmp_path, replace(plan, budget={"trials": 200}), Inline()) == Outcome(done=1)
    assert read_run(run_path(tmp_path, KEYS[0])).parameters["budget"] == {"trials": 100}


# Processes


def test_local_processes_give_what_one_process_gives(study: Path, tmp_path: Path) -> None:
    plan = replace(PLAN, runs=PLAN.runs[:2])
    assert run_small(tmp_path / "local", plan, LocalExecutor(2)) == Outcome(done=2)
    assert outcome_of(tmp_path / "local", plan) == outcome_of(study, plan)


@pytest.mark.slow
def test_a_process_that_is_killed_is_replaced_and_its_run_resumed(tmp_path: Path) -> None:
    plan = with_agent("Crashing", mark=str(tmp_path / "mark"))
    events: list[str] = []
    outcome = run_small(tmp_path / "study", plan, LocalExecutor(2), lambda what, key: events.append(f"{what} {key}"))
    assert outcome == Outcome(done=4)
    assert [event for event in events if event.startswith("again")] == [f"again {KEYS[0]}"]


def test_runs_stopped_by_a_driver_that_ignores_interrupts_still_end_in_order(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    run = with_agent("Waiting", folder=str(tmp_path)).runs[0]
    with closing(StudyFolder(tmp_path / "study", replace(PLAN, runs=[run]))) as folder:
        executor = LocalExecutor(1)
        heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            executor.start(RunJob(str(folder.path), run.key, run.config, folder.fence.token))
        finally:
            signal.signal(signal.SIGINT, heard)
        assert wait_until((tmp_path / "acting").exists, 60)
        executor.stop()
    assert (tmp_path / "closed").exists()


@pytest.mark.slow
def test_an_agent_that_raises_fails_its_run_alone(tmp_path: Path) -> None:
    outcome = run_small(tmp_path, with_agent("Broken"), LocalExecutor(2))
    assert outcome.done == 3
    assert list(outcome.failed) == [KEYS[0]]
    assert outcome.failed[KEYS[0]].endswith("LookupError: it never learned\n")


YAML = """\
tasks: [GenOpt/Control-CartPole-v0]
agents: [hill-climbing]
controls: [random]
parameters: {start: modular/parametric, validation_size: 32, test_size: 2}
seeds: 2
edits: 8
"""


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(YAML)
    command = [*COMMAND, "study", "run", "plan.yaml", "--out", "study", "--workers", "2"]
    with adopted() as alive:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert wait_until(lambda: len(list(Path().glob("study/runs/*/steps.jsonl"))) == 2, 60)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert err.strip() == "genopt: stopped; go on with: genopt study run study"
        assert wait_until(lambda: not alive()), alive()
    assert not all(is_done(run) for run in Path("study/runs").iterdir())
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert sum(is_done(run) for run in Path("study/runs").iterdir()) == 4


@pytest.mark.slow
def test_a_killed_driver_leaves_no_process_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(YAML)
    with adopted() as alive:
        process = subprocess.Popen([*COMMAND, "study", "run", "plan.yaml", "--out", "study"], stdout=subprocess.DEVNULL)
        assert wait_until(lambda: list(Path().glob("study/runs/*/steps.jsonl")), 60)
        process.kill()
        process.wait()
        assert wait_until(lambda: not alive()), alive()


def test_bad_words_are_explained(study: Path, genopt: Genopt) -> None:
    for words, said in (
        (["--executor", "cloud"], "--executor is local or ray"),
        (["--address", "ray://x"], "add --executor ray"),
        (["--out", "elsewhere"], "a plan of its own"),
    ):
        ended = genopt("study", "run", str(study), *words)
        assert ended.code == 2
        assert said in ended.err


def test_a_finished_study_says_so(study: Path, genopt: Genopt) -> None:
    ended = genopt("study", "run", str(study))
    assert (ended.code, ended.err) == (0, "")
    assert "4 of 4 runs are done" in ended.out
