"""A study that takes a moment, and an executor without processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from genopt_gym.runs.config import Config
from genopt_gym.study.execution.execute import Executor, OnEvent, Outcome, run_study
from genopt_gym.study.execution.worker import Ended, RunJob, carry_out
from genopt_gym.study.folder import StudyFolder, run_path
from genopt_gym.study.records import Plan, PlannedRun

PARAMETERS = {"start": "modular/parametric", "validation_size": 2, "test_size": 2}


def small_plan(
    agents: Sequence[str] = ("random", "hill-climbing"),
    seeds: int = 2,
    edits: int = 3,
    budget: Mapping[str, float] | None = None,
) -> Plan:
    runs = [
        PlannedRun(
            key=f"{agent}-{seed}",
            config=Config("GenOpt/Control-CartPole-v0", agent, seed=seed, edits=edits, parameters=PARAMETERS),
            agent=agent,
            levels={},
            arm=agent,
            seed=seed,
        )
        for agent in agents
        for seed in range(seeds)
    ]
    return Plan("small", "Does it run?", runs, controls=["random"], budget=budget or {})


class Inline:
    """Carries runs out in this process, or asks ``answer`` how they went."""

    def __init__(self, slots: int = 1, answer: Callable[[RunJob], Ended] = carry_out) -> None:
        self.slots = slots
        self.jobs: list[RunJob] = []
        """All that were started."""
        self.most = 0
        """How many were under way at once."""
        self._answer = answer
        self._open: list[RunJob] = []

    def start(self, job: RunJob) -> None:
        self.jobs.append(job)
        self._open.append(job)
        self.most = max(self.most, len(self._open))

    def wait(self, seconds: float) -> Sequence[Ended]:
        return [self._answer(self._open.pop(0))]

    def stop(self) -> None:
        self._open = []


def run_small(path: Path, plan: Plan, executor: Executor, on_event: OnEvent = lambda what, key: None) -> Outcome:
    with closing(StudyFolder(path, plan)) as folder:
        return run_study(folder, executor, on_event)


def outcome_of(study: Path, plan: Plan) -> dict[str, tuple[bytes, bytes]]:
    """Steps and result of each run, as they stand in the files."""
    return {
        run.key: (
            (run_path(study, run.key) / "steps.jsonl").read_bytes(),
            (run_path(study, run.key) / "result.json").read_bytes(),
        )
        for run in plan.runs
    }
