"""What the open problems share: structures, and trials whose every result is verified on the trusted side."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec

from genopt_gym.core.artifact import Component, Structure
from genopt_gym.core.checks import number, whole_number
from genopt_gym.core.evidence import Call, Failure, Recorder, Trial
from genopt_gym.core.limits import Limits
from genopt_gym.core.task import Task
from genopt_gym.envs.discovery.exact import Refused, rounded
from genopt_gym.sandbox.session import Session

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

BEYOND = "beyond the published value, verified exactly"
KEPT_BYTES = 1 << 18
"""A larger solution is scored, but not kept with the trial."""
MODULAR = "def workflow(seed, solution, step):\n    return start(seed) if step == 0 else improve(solution, step)\n"
ONE_FUNCTION = "def workflow(seed):\n    return construct(seed)\n"
EXACT = "Numbers are taken as the exact values they are, and checked without tolerance."


class StartTexts(NamedTuple):
    """An implementation: the texts of ``start`` and ``improve``; as one function it calls the one, then the other."""

    start: str
    improve: str = "def improve(solution, step):\n    return solution\n"

    def construct(self, calls: int) -> str:
        """The same as one function."""
        if "return solution" in self.improve and self.improve.count("\n") == 2:
            return f"{self.start}\n\ndef construct(seed):\n    return start(seed)\n"
        loop = f"    for step in range(1, {calls + 1}):\n        solution = improve(solution, step)\n"
        body = f"def construct(seed):\n    solution = start(seed)\n{loop}    return solution\n"
        return f"{self.start}\n\n{self.improve}\n\n{body}"


@dataclass(frozen=True)
class Verdict:
    """What a solution is worth.

    Attributes:
        value: the score as a fraction; where it cannot be exact, a bound on its safe side.
        exact: whether it is the score itself.
        shrink: by how much the solution was made smaller, in proportion, since it missed a constraint by rounding.
        note: what a reader might want to know, such as what the score hangs on.
    """

    value: Fraction
    exact: bool = True
    shrink: Fraction = field(default_factory=Fraction)
    note: str = ""


class DiscoveryTask(Task):
    """An open problem: the artifact constructs an object, which is verified without tolerance.

    With ``one_function/...`` a trial is one call of ``construct(seed)``. With ``modular/...`` it is ``start(seed)`` and
    then ``improve(solution, step)``, again and again: each result is an inner step, verified, and the best counts.
    ``improve`` gets the last result that was valid. One that is refused costs nothing but its call; an exception, or
    a first result that is refused, costs the trial.

    Args:
        improve_calls: how often ``improve`` is called in a trial.
        call_seconds: time for one call of a component.
        memory_mb: address space, beside what the libraries take.
        **sizes: as for any task. Trials of a split differ by their ``seed`` alone.
    """

    family = "Discovery"
    default_start = "modular/naive"
    has_fresh_instances: ClassVar[bool] = False  # there is one problem, and what solves it is verified exactly
    profile: str = "scientific"
    block_size: ClassVar[int] = 1
    solution: ClassVar[str]
    """What a solution is, as the contracts tell it."""
    starts_by_name: Mapping[str, StartTexts]
    """``naive``, ``stub``, ``parametric`` and ``working``."""

    def __init__(
        self, *, improve_calls: int = 20, call_seconds: float = 10.0, memory_mb: int = 1024, **sizes: Any
    ) -> None:
        super().__init__(**{"validation_size": 1, "test_size": 1} | sizes)
        self.improve_calls = whole_number("improve_calls", improve_calls, 0)
        self.max_inner_steps = 1 + improve_calls
        seconds = float(number("call_seconds", call_seconds, above=0))
        memory = whole_number("memory_mb", memory_mb, 1)
        self.limits = Limits(seconds, int((1 + improve_calls) * seconds) + 10, memory, answer_bytes=1 << 22)
        self.structures = self._structures()

    @abstractmethod
    def verify(self, solution: Any) -> Verdict:
        """What a solution is worth, in exact arithmetic.

        Raises:
            Refused: it is none; the message names what it violates.
        """

    @abstractmethod
    def draw(self, axes: Axes, solution: Any) -> None:
        """Draw a valid solution."""

    def score_of(self, verdict: Verdict) -> float:
        """The verdict's value as a score: rounded so that it is never better than the truth, and within the bounds."""
        low, high = self.metric.bounds
        return min(max(rounded(verdict.value, self.metric.sign), low), high)

    def run(self, session: Session, recorders: Sequence[Recorder]) -> None:
        """One trial after another, call by call."""
        for slot, recorder in enumerate(recorders):
            _Trial(self, session, slot, recorder).play()

    def score(self, trials: Sequence[Trial]) -> float:
        """The mean. What a mere window of a trial gains may lie outside the bounds."""
        low, high = self.metric.bounds
        return min(max(super().score(trials), low), high)

    def staged(self, score: float) -> str:
        if self.metric.is_beyond_record(score):
            return f"{score:.12g} is {BEYOND} ({self.metric.record:.12g})."
        if self.metric.better(self.metric.reference, score):
            known = f"The best value known before language models searched is {self.metric.reference:.12g}"
        else:
            known = f"The published value is {self.metric.record:.12g}"
        return f"{known}; this is {score:.12g}."

    def picture(self, actions: Sequence[Any]) -> NDArray[np.uint8] | None:
        from genopt_gym.core.drawing import as_picture

        best: tuple[float, Any] | None = None
        for solution in actions:
            try:
                score = self.score_of(self.verify(solution))
            except Refused:
                continue
            if best is None or self.metric.better(score, best[0]):
                best = score, solution
        if best is None:
            return None
        score, solution = best
        return as_picture(lambda axes: self.draw(axes, solution), f"{self.metric.name}: {score:.10g}")

    def _structures(self) -> dict[str, Structure]:
        seed = "seed is a whole number; with the same seed the result must be the same."
        start = Component("start", "start(seed: int) -> list", f"Returns {self.solution}\n{seed}\n{EXACT}")
        again = f"""\
solution is the last valid one, as start or improve returned it (arrays as lists);
step counts from 1 to {self.improve_calls}.
Returns another one of the same form; it may be worse, for the best one of all calls counts."""
        improve = Component("improve", "improve(solution: list, step: int) -> list", f"{again}\n{EXACT}")
        construct = Component("construct", "construct(seed: int) -> list", f"Returns {self.solution}\n{seed}\n{EXACT}")
        named = self.starts_by_name.items()
        modular = {name: {"start": each.start, "improve": each.improve} for name, each in named}
        whole = {name: {"construct": each.construct(20)} for name, each in named}
        return {
            "modular": Structure((start, improve), MODULAR, modular),
            "one_function": Structure((construct,), ONE_FUNCTION, whole),
        }


class _Trial:
    """One trial under way."""

    def __init__(self, task: DiscoveryTask, session: Session, slot: int, recorder: Recorder) -> None:
        self._task = task
        self._session = session
        self._slot = slot
        self._recorder = recorder
        self._seed = task.seed(recorder.instance)
        modular = any(name == "improve" for name, _, _ in session.program.components)
        self._names = ("start", "improve") if modular else ("construct", "")
        self._length = task.max_inner_steps if modular else 1
        self._given: Any = None
        """The last valid solution."""
        self._best: float | None = None
        self._best_verdict: Verdict | None = None
        self._best_solution: Any = None
        self._returned: list[Any] = []
        self._refused = 0

    def play(self) -> None:
        """Call until the trial's end, or its window's; leave a finished trial in the recorder."""
        recorder = self._recorder
        for solution in recorder.instance.prefix:  # trial_start="continue": up to here the trial was shown before
            self._judge(solution, 0)
        step = len(recorder.instance.prefix)
        self._returned.clear()
        while step < self._length and (recorder.step_limit is None or recorder.steps < recorder.step_limit):
            if not self._call(step):
                return
            step += 1
        if self._best is None:  # nothing but a prefix that is refused by now
            recorder.fail(Failure("contract_broken", "Refused", "no result was a solution"))
            return
        recorder.finish(self._best, ended=step >= self._length, metrics=self._metrics())
        self._keep_solutions()

    def _call(self, step: int) -> bool:
        """One inner step; whether the trial goes on."""
        name = self._names[min(step, 1)]
        arguments = (self._seed, self._given, step) if self._names[1] else (self._seed,)
        [reply] = self._session.call([self._slot], [arguments])
        told = {"call": name}
        if reply.failure is not None:
            self._recorder.fail(reply.failure, told, reply.calls)
            return False
        before = self._best
        words, score = self._judge(reply.result, self._session.reply_bytes)
        if self._best is None:
            self._recorder.fail(Failure("contract_broken", "Refused", words, name), told)
            return False
        gain = self._best - (before or 0.0)
        words = f"refused: {words}" if score is None else words
        self._recorder.step(told, [Call("verify", [], words)], score, gain, len(words) + 64)
        return True

    def _judge(self, solution: Any, weight: int) -> tuple[str, float | None]:
        """What becomes of one result, in words, and its score if it is valid."""
        kept = solution if weight <= KEPT_BYTES else None
        self._returned.append(kept)
        try:
            verdict = self._task.verify(solution)
        except Refused as refusal:
            self._refused += 1
            return str(refusal), None
        score = self._task.score_of(verdict)
        self._given = solution
        if self._best is None or self._task.metric.better(score, self._best):
            self._best, self._best_verdict, self._best_solution = score, verdict, kept
        shrunk = f" after a shrink by {float(verdict.shrink):.3g}" if verdict.shrink else ""
        return f"{score:.12g}{shrunk}" + (f"; {verdict.note}" if verdict.note else ""), score

    def _metrics(self) -> dict[str, float]:
        assert self._best is not None
        assert self._best_verdict is not None
        metrics = {"refused_results": float(self._refused), "shrink": float(self._best_verdict.shrink)}
        if self._task.metric.is_beyond_record(self._best):
            metrics[BEYOND] = self._best
        return metrics

    def _keep_solutions(self) -> None:
        """Leave solutions with the trial: those of a window that goes on later, or the best of a trial shown whole."""
        recorder = self._recorder
        assert recorder.trial is not None
        if recorder.view is not None and recorder.view.keep_actions:
            count = len(recorder.trial.actions) - len(recorder.instance.prefix)
            actions = recorder.instance.prefix + tuple(self._returned[:count])
        elif recorder.view is None or len(recorder.trial.events) == recorder.steps:
            actions = () if self._best_solution is None else (self._best_solution,)
        else:
            actions = ()
        recorder.trial = msgspec.structs.replace(recorder.trial, actions=actions)
