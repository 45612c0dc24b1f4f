"""JobShop: which of the waiting jobs a machine should take next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from genopt_gym.core.artifact import Component
from genopt_gym.core.errors import ParameterError
from genopt_gym.core.evidence import Call, Instance
from genopt_gym.core.task import CONFIRMATION, Metric
from genopt_gym.envs.heuristics.heuristic_task import MEMORY, HeuristicTask, structures_of
from genopt_gym.envs.heuristics.taillard import PER_SIZE, JobShop, by_size, generate, two_sets

CONTRACT = f"""\
A machine is idle and several jobs wait for it; each is asked about. All times are integers.
job is a dict: job (its number), time (that it takes on this machine), work_left (time of all its operations that are
not yet done, this one included), operations_left (how many these are), next_time and next_machine (its operation after
this one; 0 and -1 if there is none), waited (since when it waits here, as a length of time).
machine is a dict: machine (its number), work_left (time of all operations it has still to do), waiting (time of the
operations that wait for it now), jobs (how many these are).
state is a dict: time (now), jobs and machines (how many there are), work_left (by machine, a list), waiting (likewise),
busy_until (by machine: when it will be idle, or now if it is).
Returns a number: the machine takes the job with the greatest, the first of them if several are equal. It starts at
once; no machine waits while a job is there, and what was started is finished.
{MEMORY}"""

WORKFLOW = """\
def workflow(jobs, machine, state):
    priorities = [float(priority(job, machine, state)) for job in jobs]
    return priorities.index(max(priorities))
"""

STARTS = {
    "naive": """\
def priority(job, machine, state):
    # Shortest processing time.
    return -job["time"]
""",
    "stub": """\
def priority(job, machine, state):
    return 0
""",
    "parametric": """\
def priority(job, machine, state):
    number = -0.5 * job["time"] - 0.2 * job["work_left"] + 5.0 * job["operations_left"]
    number += 0.1 * job["waited"] - 0.1 * job["next_time"]
    if job["next_time"]:
        number += 0.1 * state["waiting"][job["next_machine"]] + 0.02 * state["work_left"][job["next_machine"]]
    return number
""",
    "working": """\
def priority(job, machine, state):
    # Most work remaining.
    return job["work_left"]
""",
}

SOURCES = {
    "floor": "shortest processing time on the test instances",
    "reference": "the best known makespans themselves (see genopt_gym.envs.heuristics.taillard)",
}


class JobShopDispatch(HeuristicTask):
    """Finish all jobs of a shop as early as possible; the artifact is the rule by which machines pick waiting jobs.

    The instances are Taillard's 80, which his generator makes: train holds ta01 to ta20, validation is out of ta21 to
    ta40, test out of ta41 to ta80, which are larger, and shops of another kind (50 jobs that all pass five machines
    before five others; their limit is a lower bound). ``split_seed`` decides which of the ten of a size are used. The
    score is how far the makespan is above the best that anybody has found.

    >>> JobShopDispatch().starting_artifact("one_function/naive").texts["priority"].splitlines()[-1].strip()
    'return -job["time"]'
    """

    horizon = 40
    metric = Metric(
        "percent above the best known makespan, counted negatively, mean over shops",
        *(-200, 0, -23.9, 0, None),
        sources=SOURCES,
    )
    decision = "the position, from 0, of a job in jobs"
    goal = """\
Write a dispatching rule for job shops: every job has to pass every machine once, in an order of its own, and a machine
works on one job at a time. All jobs should be done as early as possible. The reward of a step is by how much the least
makespan that is still possible has grown, counted negatively, in percent of the best known. What it lacked of the best
known at first is not charged, so that an instance's rewards add up to its score."""
    strategy = """\
Hint: what matters is the last job to be done; a rule that looks only at the operation in hand leaves long jobs for the
end. Ask which machine will run dry, and which jobs will be late."""
    distributions: Mapping[str, Sequence[str]] = {
        "train": ("15x15", "20x15"),
        "validation": ("20x20", "30x15"),
        "test": ("30x20", "50x15", "50x20", "100x20", "two sets, 50x10"),
    }
    structures = structures_of(
        Component("priority", "priority(job, machine, state) -> float", CONTRACT), WORKFLOW, STARTS
    )

    def __init__(self, **sizes: Any) -> None:
        super().__init__(**{"train_size": 20, "test_size": 25} | sizes)
        for split, names in self.distributions.items():
            if self._sizes[split] > (most := PER_SIZE * len(names)):
                raise ParameterError(
                    f"{split}_size is at most {most}: there are {PER_SIZE} instances of a size", f"{split}_size"
                )
        # What validation leaves of its sizes' instances is fresh.
        left = PER_SIZE * len(self.distributions["validation"]) - self._sizes["validation"]
        if (asked := sizes.get("confirmation_size") or 0) > left:
            raise ParameterError(f"confirmation_size={asked}: validation leaves {left} instances", "confirmation_size")
        self._sizes[CONFIRMATION] = min(self._sizes[CONFIRMATION], left)

    def shop(self, instance: Instance) -> JobShop:
        """An instance's jobs."""
        instance = self._numbered(instance)
        name = self.distribution(instance)
        if name not in by_size():
            return two_sets(self.seed(instance), 50, 10)
        order = np.random.default_rng([abs(self.split_seed), len(name), *map(ord, name)]).permutation(PER_SIZE)
        return generate(by_size()[name][order[instance.index // len(self.distributions[instance.split])]])

    def distribution(self, instance: Instance) -> str:
        return super().distribution(self._numbered(instance))

    def _numbered(self, instance: Instance) -> Instance:
        """The same; one of confirmation as one of those that come after validation's."""
        if instance.split != CONFIRMATION:
            return instance
        return Instance("validation", self._sizes["validation"] + instance.index)

    def start_episode(self, instance: Instance, slot: int) -> Shop:
        return Shop(self.shop(instance))

    def shown(self, observation: Any, calls: list[Call]) -> tuple[Any, list[Call]]:
        numbers = [call.result for call in calls]
        jobs = {f"{job['job']}": dict(job) for job in observation["jobs"]}
        for job, number in zip(jobs.values(), numbers, strict=False):
            job["priority"] = number
        cells = {
            name: " ".join(f"{job['job']}:{job.get(name, '-')}" for job in jobs.values())
            for name in ("time", "work_left", "operations_left", "priority")
        }
        return {"now": observation["state"]["time"], "machine": observation["machine"]["machine"], **cells}, []

    def returns(self) -> str:
        return "the position of one of the jobs"

    def staged(self, score: float) -> str:
        if score < -30:
            return "Far from the best known: see which machines idle, and which jobs are the last to be done."
        if score < -15:
            return "About what the classical rules get; combine what they look at."
        return "Better than the classical rules."


class Shop:
    """A shop at work: no machine waits while a job is there for it."""

    def __init__(self, shop: JobShop) -> None:
        self._shop = shop
        jobs, machines = len(shop.times), len(shop.times[0])
        self._done = [0] * jobs
        self._left = [sum(times) for times in shop.times]
        self._arrived = [0] * jobs
        self._queues: list[list[int]] = [[] for _ in range(machines)]
        self._work = [0] * machines
        self._waiting = [0] * machines
        self._free_at = [0] * machines
        self._events: list[tuple[int, int]] = []
        self._now = self.makespan = 0
        for job, (order, times) in enumerate(zip(shop.machines, shop.times, strict=True)):
            for machine, time in zip(order, times, strict=True):
                self._work[machine] += time
            self._arrive(job)
        self._total, self._started = sum(self._work), 0
        self._machine = -1
        self._advance()
        self._bound = self._least()
        self._gap = self._bound - shop.limit

    def _arrive(self, job: int) -> None:
        machine = self._shop.machines[job][self._done[job]]
        self._arrived[job] = self._now
        self._queues[machine].append(job)
        self._waiting[machine] += self._shop.times[job][self._done[job]]

    def _start(self, machine: int, job: int) -> None:
        self._queues[machine].remove(job)
        time = self._shop.times[job][self._done[job]]
        self._waiting[machine] -= time
        self._work[machine] -= time
        self._free_at[machine] = self._now + time
        heappush(self._events, (self._now + time, job))

    def _advance(self) -> bool:
        """Go on to the next choice; False if all is done."""
        while True:
            for machine, queue in enumerate(self._queues):
                if queue and self._free_at[machine] <= self._now:
                    if len(queue) > 1:
                        self._machine = machine
                        return True
                    self._start(machine, queue[0])
            if not self._events:
                return False
            self._now = self._events[0][0]
            while self._events and self._events[0][0] == self._now:
                self._complete(heappop(self._events)[1])

    def _complete(self, job: int) -> None:
        self._left[job] -= self._shop.times[job][self._done[job]]
        self._done[job] += 1
        self.makespan = self._now
        if self._done[job] < len(self._shop.times[job]):
            self._arrive(job)

    def observe(self) -> dict[str, Any]:
        queue, machine = self._queues[self._machine], self._machine
        return {
            "jobs": [self._describe(job) for job in queue],
            "machine": {
                "machine": machine,
                "work_left": self._work[machine],
                "waiting": self._waiting[machine],
                "jobs": len(queue),
            },
            "state": {
                "time": self._now,
                "jobs": len(self._done),
                "machines": len(self._queues),
                "work_left": list(self._work),
                "waiting": list(self._waiting),
                "busy_until": [max(until, self._now) for until in self._free_at],
            },
        }

    def _describe(self, job: int) -> dict[str, int]:
        order, times, at = self._shop.machines[job], self._shop.times[job], self._done[job]
        last = at + 1 == len(times)
        return {
            "job": job,
            "time": times[at],
            "work_left": self._left[job],
            "operations_left": len(times) - at,
            "next_time": 0 if last else times[at + 1],
            "next_machine": -1 if last else order[at + 1],
            "waited": self._now - self._arrived[job],
        }

    def lacks(self, result: Any) -> str | None:
        queue = self._queues[self._machine]
        if type(result) is int and 0 <= result < len(queue):
            return None
        return f"it is the position of one of {len(queue)} jobs"

    def step(self, action: int) -> tuple[float, bool]:
        """The reward is by how much the least makespan that is still possible has grown, counted negatively, in percent
        of the limit. At first that makespan lies below the limit; the work that was begun is charged with its share of
        this, so that the sum is how far the makespan is above the limit."""
        self._start(self._machine, self._queues[self._machine][action])
        over = not self._advance()
        bound, started = self.makespan if over else self._least(), self._total - sum(self._work)
        grown = bound - self._bound + self._gap * (started - self._started) / self._total
        self._bound, self._started = bound, started
        return -100 * grown / self._shop.limit, over

    def _least(self) -> int:
        """No schedule that goes on from here is shorter."""
        machines = max(
            max(until, self._now) + work for until, work in zip(self._free_at, self._work, strict=True) if work
        )
        running = {job: until for until, job in self._events}
        jobs = (
            running[job] + left - self._shop.times[job][self._done[job]] if job in running else self._now + left
            for job, left in enumerate(self._left)
            if left
        )
        return max(machines, *jobs)
