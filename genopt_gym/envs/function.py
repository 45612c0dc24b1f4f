"""A task around somebody's own scoring function; ``genopt_gym.wrap`` makes environments of it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from numbers import Real
from typing import Any, TypeVar

import msgspec

from genopt_gym.core.checks import number, whole_number
from genopt_gym.core.errors import ContractBroken, ParameterError
from genopt_gym.core.evidence import MAX_DEPTH, Call, Failure, Recorder, is_nested_deeper
from genopt_gym.core.limits import Limits
from genopt_gym.core.task import Metric, ModelUse, Task
from genopt_gym.envs.structuring import inputs_of, structure_of
from genopt_gym.sandbox.capture import plain
from genopt_gym.sandbox.confine import PROFILES
from genopt_gym.sandbox.session import Session, SessionDied
from genopt_gym.wrapping import load, refuse_while_importing

Settings = TypeVar("Settings", Limits, ModelUse)
ROUNDING = 1e-9
"""By how much of the bounds' width a score may lie beyond them: what sums of rounded numbers do."""


class FunctionTask(Task):
    """Whatever a function scores; the artifact is what it calls as ``workflow``. A trial is one call of the function.

    Each call of the workflow is an inner step. The score comes with the last one, as its reward: a trial that the
    credit horizon ends before (``trace_window="first"``) has the lowest score.

    Args:
        function: ``module:name`` of ``function(workflow, seed)``; see ``genopt_gym.wrap``.
        components: ``module:name`` of Python functions whose text is the starting artifact, in the order in which
            they are loaded; later ones may call earlier ones.
        low: the worst score there is; a failed trial gets it. ``None`` if there is none: say ``failed_score`` then.
        high: the best score there is; below ``low``, less is better. ``None`` if nobody knows a bound.
        floor: 0 on the normalised scale, a score that is easily had; ``low`` if left out.
        reference: 1 on the normalised scale, a strong score; ``high`` if left out. Below ``floor``, less is better.
        record: the best published score; one beyond it is told, and ends no run.
        failed_score: what a failed trial gets where ``low`` is ``None``.
        solved: the validation score at which a run ends; ``None`` if there is none.
        goal: what the optimizer is asked for; the function's docstring if left out.
        texts: components that are no code, name to text; they are bound to their names as strings.
        workflow: source of ``def workflow(...)``, which calls the components; if there is but one function, it is
            that function unless this says otherwise.
        profile: which libraries components may import: ``bare`` (the standard library), ``numpy``,
            ``scientific`` (NumPy and SciPy) or ``data``.
        limits: of a confined process, as in ``genopt_gym.core.task.Limits``: ``{"call_seconds": 10}``.
        model: what components may ask by ``llm(prompt)``, as in ``genopt_gym.core.task.ModelUse``: ``{"name":
            "local/smollm2"}``. Several trials are under way at once then, in threads.
        max_calls: most calls of the workflow in a trial; one that takes more has failed.
        deterministic: whether the same components and seed give the same trial; if not, no trial is served twice.
        **sizes: as for any task.
    """

    family = "Function"
    default_start = "own/given"

    def __init__(
        self,
        *,
        function: str,
        components: Sequence[str],
        low: float | None,
        high: float | None,
        solved: float | None = None,
        floor: float | None = None,
        reference: float | None = None,
        record: float | None = None,
        failed_score: float | None = None,
        goal: str | None = None,
        texts: Mapping[str, str] | None = None,
        workflow: str | None = None,
        profile: str = "bare",
        limits: Mapping[str, Any] | None = None,
        model: Mapping[str, Any] | None = None,
        max_calls: int = 100,
        deterministic: bool = True,
        **sizes: Any,
    ) -> None:
        super().__init__(**sizes)
        refuse_while_importing()
        self._name = function
        self._function = load(function)
        scores = {"floor": floor, "reference": reference, "record": record, "failed_score": failed_score}
        self.metric = _metric(function, {"low": low, "high": high, "solved": solved, **scores})
        self.goal = _goal(self._function, goal)
        if isinstance(components, str) or not isinstance(components, Sequence):
            raise ParameterError(f"components must be a list of functions, got {components!r}", "components")
        functions = [load(name) for name in components]
        self.structures = {"own": structure_of(functions, texts or {}, workflow, asks_model=model is not None)}
        self._inputs = inputs_of(self.structures["own"].workflow)
        if profile not in PROFILES:
            raise ParameterError(f"profile={profile!r} is not one of {', '.join(PROFILES)}", "profile")
        self.profile = profile
        self.limits = _settings("limits", Limits, limits or {})
        self.model = None if model is None else _settings("model", ModelUse, model)
        self.max_inner_steps = whole_number("max_calls", max_calls, 1)
        self.deterministic = bool(deterministic)

    def run(self, session: Session, recorders: Sequence[Recorder]) -> None:
        """Call the function once for each trial, one after another."""
        for slot, recorder in enumerate(recorders):
            trial = _Trial(session, slot, recorder, self._inputs, self.max_inner_steps)
            try:
                returned = self._function(trial.workflow, self.seed(recorder.instance))
            except ContractBroken as error:
                trial.fail(Failure("contract_broken", "ContractBroken", str(error)[:500]))
            except SystemExit as error:
                if not trial.over:  # it would end the worker, and say nothing
                    raise RuntimeError(f"{self._name} ended its process by sys.exit({error.code!r})") from error
            except BaseException:
                if not trial.over:
                    raise
            else:
                if not trial.over:
                    trial.finish(*self._read(returned, recorder))
            if trial.death is not None:
                raise trial.death

    def _read(self, returned: Any, recorder: Recorder) -> tuple[float, dict[str, float]]:
        """Score and metrics of a trial; ValueError if the function returned none."""
        score, metrics = returned if isinstance(returned, tuple) and len(returned) == 2 else (returned, {})
        where = f"{self._name} returned {returned!r:.200} for {recorder.instance}"
        low, high = self.metric.bounds
        slack = 0.0 if None in (self.metric.low, self.metric.high) else ROUNDING * (high - low)
        number = _number(score)
        if number is None or not low - slack <= number <= high + slack:
            raise ValueError(f"{where}, but a score is a number {self.metric.range}")
        numbers = {name: _number(value) for name, value in metrics.items()} if isinstance(metrics, Mapping) else None
        read = {name: value for name, value in (numbers or {}).items() if isinstance(name, str) and value is not None}
        if numbers is None or len(read) < len(numbers):
            raise ValueError(f"{where}, but what comes with a score is a dict of finite numbers")
        return min(max(number, low), high) + 0.0, read  # + 0.0 makes 0.0 of -0.0


class _TrialOver(BaseException):
    """Takes a function off its trial; no ``except Exception`` of its own stops that."""


class _Trial:
    """One trial under way: what the function calls as ``workflow``, and what is recorded of it."""

    def __init__(self, session: Session, slot: int, recorder: Recorder, inputs: Sequence[str], max_calls: int) -> None:
        self.death: SessionDied | None = None
        self._session = session
        self._slot = slot
        self._recorder = recorder
        self._inputs = inputs
        self._calls = 0
        self._max_calls = max_calls
        self._step: tuple[Any, list[Call], Any, int] | None = None
        """The last inner step; recorded when it is known whether the score comes with it, or a failure."""

    @property
    def over(self) -> bool:
        """Whether there is nothing more to learn, whatever the function does."""
        return self._recorder.trial is not None or self.death is not None

    def workflow(self, *arguments: Any) -> Any:
        """Ask the artifact. Arguments and result are plain data or NumPy arrays."""
        if self.over:
            raise _TrialOver
        recorder, prefix = self._recorder, self._recorder.instance.prefix
        self._calls += 1
        if self._calls <= len(prefix):  # trial_start="continue": up to here the trial was shown before
            return prefix[self._calls - 1]
        self._record(0.0)
        if self._calls > self._max_calls:
            words = f"there were more than the {self._max_calls} calls of the workflow that a trial may have"
            recorder.fail(Failure("timeout", "TooManyCalls", words))
            raise _TrialOver
        if recorder.step_limit is not None and recorder.steps >= recorder.step_limit:
            recorder.finish(recorder.failed_score, ended=False)
            raise _TrialOver
        shown = msgspec.to_builtins(arguments, enc_hook=plain)
        named = dict(zip(self._inputs, shown, strict=True)) if len(self._inputs) == len(shown) else list(shown)
        try:
            [reply] = self._session.call([self._slot], [arguments])
        except SessionDied as death:
            self.death = death
            raise _TrialOver from None
        failure = reply.failure
        if failure is None and is_nested_deeper((reply.result,), MAX_DEPTH):
            failure = Failure(
                "contract_broken", "ValueError", f"what it returned is nested deeper than {MAX_DEPTH} levels"
            )
        if failure is not None:
            recorder.fail(failure, named, reply.calls)
            raise _TrialOver
        answer = msgspec.to_builtins(reply.result, enc_hook=plain)
        self._step = (named, reply.calls, answer, self._session.reply_bytes)
        return reply.result

    def fail(self, failure: Failure) -> None:
        """Close the trial: it is the last answer that was refused."""
        if not self.over:
            observation, calls, *_ = self._step or (None, [])
            self._recorder.fail(failure, observation, calls)

    def finish(self, score: float, metrics: dict[str, float]) -> None:
        """Close the trial with its score."""
        recorder = self._recorder
        self._record(score)
        recorder.finish(score, ended=True, metrics=metrics)
        assert recorder.trial is not None
        if not recorder.trial.ended:  # its window had no room for the step that the score comes with
            recorder.trial = msgspec.structs.replace(recorder.trial, window_score=recorder.failed_score)

    def _record(self, reward: float) -> None:
        if self._step is not None:
            observation, calls, answer, weight = self._step
            self._recorder.step(observation, calls, answer, reward, weight)
            self._step = None


# --- what a function task is made of


def _metric(function: str, scores: Mapping[str, float | None]) -> Metric:
    """The metric of what was said of a function's scores; ValueError for what cannot be."""
    for name, value in scores.items():
        if value is not None:
            number(name, value)
    low, high, solved, record = scores["low"], scores["high"], scores["solved"], scores["record"]
    floor = low if scores["floor"] is None else scores["floor"]
    reference = high if scores["reference"] is None else scores["reference"]
    if floor is None or reference is None:
        raise ValueError("where low or high is None, say floor (a poor score) and reference (a strong one)")
    if low is None and scores["failed_score"] is None:
        raise ValueError("where low is None, say failed_score, which a failed trial gets")
    metric = Metric(
        name=f"what {function.partition(':')[2]} returns, mean over trials",
        low=low,
        high=high,
        floor=floor,
        reference=reference,
        solved=solved,
        direction="maximize" if floor < reference else "minimize",
        sources={
            "floor": "the worst score there is" if scores["floor"] is None else "as given",
            "reference": "the best score there is" if scores["reference"] is None else "as given",
        },
        record=record,
        failed_score=scores["failed_score"],
    )
    smallest, largest = metric.bounds
    within = [value for value in (floor, reference, solved, record) if value is not None]
    if floor == reference or smallest == largest or not smallest <= min(within) <= max(within) <= largest:
        told = ", ".join(f"{name}={value}" for name, value in scores.items() if value is not None)
        raise ValueError(
            f"{told}: scores lie between two numbers, solved among them, and so do floor, reference and record"
        )
    if low is not None and high is not None and (low < high) != (floor < reference):
        raise ValueError(f"low={low}, high={high} and floor={floor}, reference={reference} go in opposite directions")
    return metric


def _goal(function: Callable[..., Any], goal: str | None) -> str:
    words = inspect.getdoc(function) if goal is None else goal
    if not (isinstance(words, str) and words.strip()):
        raise ValueError("nothing says what the optimizer is asked for: give the function a docstring, or pass goal=")
    return words


def _settings(name: str, kind: type[Settings], values: Mapping[str, Any]) -> Settings:
    known = [field.name for field in fields(kind)]
    if not isinstance(values, Mapping) or not set(values) <= set(known):
        raise ParameterError(f"{name} must be a mapping with keys out of {', '.join(known)}, got {values!r}", name)
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise ParameterError(f"{name}={values!r}: {error}", name) from None


def _number(value: Any) -> float | None:
    """A Python or NumPy number, or an array that holds just one, as a float; None if it is none, or not finite."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, Real | Decimal):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None
