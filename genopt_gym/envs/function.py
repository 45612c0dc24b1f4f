"""A task around somebody's own scoring function; ``genopt_gym.wrap`` makes environments of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import msgspec

from genopt_gym.core.checks import whole_number
from genopt_gym.core.errors import ContractBroken, ParameterError, UserError
from genopt_gym.core.evidence import Failure, Instance, Recorder
from genopt_gym.core.limits import Limits
from genopt_gym.core.task import ModelUse, Task
from genopt_gym.envs.own.metric import metric_of
from genopt_gym.envs.own.overlap import overlap_caution
from genopt_gym.envs.own.returned import read_returned
from genopt_gym.envs.own.trial import Workflow
from genopt_gym.envs.structuring import inputs_of, structure_of
from genopt_gym.sandbox.confine import PROFILES
from genopt_gym.sandbox.session import Session
from genopt_gym.wrapping import load, refuse_while_importing, short_name

Settings = TypeVar("Settings", Limits, ModelUse)


class FunctionTask(Task):
    """Whatever a function scores; the artifact is what it calls as ``workflow``. A trial is one call of the function.

    Each call of the workflow is an inner step. The score comes with the last one, as its reward: a trial that the
    credit horizon ends before (``trace_window="first"``) has the lowest score.

    Args:
        function: ``module:name`` of ``function(workflow, seed)``, or its source; see ``genopt_gym.wrap``.
        components: ``module:name`` of Python functions whose text is the starting artifact, or their sources, in the
            order in which they are loaded; later ones may call earlier ones.
        low: the worst score there is; a failed trial gets it. ``None`` if there is none: say ``failed_score`` then.
        high: the best score there is; below ``low``, less is better. ``None`` if nobody knows a bound.
        floor: 0 on the normalised scale, a score that is easily had; ``low`` if left out.
        reference: 1 on the normalised scale, a strong score; ``high`` if left out. Below ``floor``, less is better.
        record: the best published score; one beyond it is told, and ends no run.
        failed_score: what a failed trial gets where ``low`` is ``None``.
        solved: the validation score at which a run ends; ``None`` if there is none.
        name: what the score is, as in ``gap in m``; if left out the goal has to say it.
        goal: what the optimizer is asked for; the function's docstring if left out.
        texts: components that are no code, name to text or to what ``genopt_gym.Text`` takes; they are bound to their
            names as strings.
        workflow: source of ``def workflow(...)``, which calls the components; if there is but one function, it is
            that function unless this says otherwise; a text alone is filled in and put to the model.
        profile: which libraries components may import: ``bare`` (the standard library), ``numpy``,
            ``scientific`` (NumPy and SciPy) or ``data``.
        limits: of a confined process, as in ``genopt_gym.core.task.Limits``: ``{"call_seconds": 10}``.
        model: what components may ask by ``llm(prompt)``: ``provider/name`` or ``local/smollm2``, or all that
            ``genopt_gym.core.task.ModelUse`` has. Several trials are under way at once then, in threads.
        base_url: of an OpenAI-compatible server that has the model.
        max_calls: most calls of the workflow in a trial; one that takes more has failed.
        deterministic: whether the same components and seed give the same trial; if not, no trial is served twice.
        **sizes: as for any task.
    """

    family = "Function"
    default_start = "own/given"
    protocols = {"default": {"feedback": ["score", "own"]}, "paper": {}}  # noqa: RUF012

    def __init__(
        self,
        *,
        function: str,
        components: Sequence[str] = (),
        low: float | None,
        high: float | None,
        solved: float | None = None,
        floor: float | None = None,
        reference: float | None = None,
        record: float | None = None,
        failed_score: float | None = None,
        name: str | None = None,
        goal: str | None = None,
        texts: Mapping[str, Any] | None = None,
        workflow: str | None = None,
        profile: str = "bare",
        limits: Mapping[str, Any] | None = None,
        model: str | Mapping[str, Any] | None = None,
        base_url: str | None = None,
        max_calls: int = 100,
        deterministic: bool = True,
        **sizes: Any,
    ) -> None:
        super().__init__(**sizes)
        refuse_while_importing()
        self._name, self._function = self._scorer(function)
        scores = {"floor": floor, "reference": reference, "record": record, "failed_score": failed_score}
        self.metric = metric_of(name, {"low": low, "high": high, "solved": solved, **scores})
        self.goal = _goal(self._function, goal)
        if isinstance(components, str) or not isinstance(components, Sequence):
            raise ParameterError(f"components must be a list of functions, got {components!r}", "components")
        functions = [load(each) for each in components]
        self.structures = {"own": structure_of(functions, texts or {}, workflow, asks_model=model is not None)}
        self._inputs = inputs_of(self.structures["own"].workflow)
        if profile not in PROFILES:
            raise ParameterError(f"profile={profile!r} is not one of {', '.join(PROFILES)}", "profile")
        self.profile = profile
        self.limits = _settings("limits", Limits, limits or {})
        self.model = None if model is None else model_use("model", model, base_url)
        self.max_inner_steps = whole_number("max_calls", max_calls, 1)
        self.deterministic = bool(deterministic)

    def cautions(self) -> Sequence[str]:
        words = overlap_caution(self._name, self._function)
        return [words] if words else []

    def run(self, session: Session, recorders: Sequence[Recorder]) -> None:
        """Call the function once for each trial, one after another."""
        for slot, recorder in enumerate(recorders):
            trial = Workflow(session, slot, recorder, self._inputs, self.max_inner_steps)
            where = f"{self._name} for {self._told(recorder.instance)}"
            try:
                returned = self._score(trial, recorder.instance, session)
            except ContractBroken as error:
                trial.fail(Failure("contract_broken", "ContractBroken", str(error)[:500]))
            except SystemExit as error:
                if not trial.over:  # it would end the worker, and say nothing
                    raise UserError(f"{self._name} ended its process by sys.exit({error.code!r})") from error
            except BaseException:
                if not trial.over:
                    raise
            else:
                trial.end_copies()
                if not trial.over:
                    trial.finish(read_returned(returned, self.metric, where))
            if trial.death is not None:
                raise trial.death

    def _scorer(self, function: Any) -> tuple[str, Callable[..., Any]]:
        """What scores a trial, and what it is called."""
        return short_name(function), load(function)

    def _score(self, workflow: Workflow, instance: Instance, session: Session) -> Any:
        """What the function says of one trial."""
        return self._function(workflow, self.seed(instance))

    def _told(self, instance: Instance) -> str:
        """An instance as a sentence names it."""
        return str(instance)


def _goal(function: Callable[..., Any], goal: str | None) -> str:
    words = inspect.getdoc(function) if goal is None else goal
    if not (isinstance(words, str) and words.strip()):
        raise ValueError("nothing says what the optimizer is asked for: give the function a docstring, or pass goal=")
    return words


def model_use(parameter: str, model: str | Mapping[str, Any], base_url: str | None) -> ModelUse:
    """The model of a name, or of all that is said of it."""
    said = {"name": model} if isinstance(model, str) else dict(model) if isinstance(model, Mapping) else model
    if base_url is not None and isinstance(said, dict):
        said.setdefault("base_url", base_url)
    return _settings(parameter, ModelUse, said)


def _settings(name: str, kind: type[Settings], values: Any) -> Settings:
    known = [field.name for field in fields(kind)]
    if not isinstance(values, Mapping) or not set(values) <= set(known):
        raise ParameterError(f"{name} must be a mapping with keys out of {', '.join(known)}, got {values!r}", name)
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise ParameterError(f"{name}={values!r}: {error}", name) from None
