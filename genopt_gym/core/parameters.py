"""The learning loop's design choices, as parameters of ``gym.make``."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, TypedDict, get_args, get_origin, get_type_hints

from genopt_gym.core.acceptance import RULES
from genopt_gym.core.artifact import Documentation
from genopt_gym.core.checks import whole_number
from genopt_gym.core.errors import ParameterError, UnknownParameter
from genopt_gym.core.evidence import View
from genopt_gym.core.feedback_kinds import FEEDBACK
from genopt_gym.core.registry import ExtensionError, Registry
from genopt_gym.core.sampling import Kind
from genopt_gym.core.task import Task, TaskSpec
from genopt_gym.core.windows import WINDOWS

MIN_TRACE_CHARS = 1000


class ParameterDict(TypedDict, total=False):
    """The keywords of ``gym.make`` that every task takes, for editors and type checkers; see ``Parameters``.

    Beside the environment's own: ``protocol``, and what the base class of all tasks takes. A task may add others.
    """

    start: str | None
    documentation: Documentation
    context: Literal["full", "goal", "none"]
    editable: Sequence[str] | None
    credit_horizon: int | None
    trace_window: str
    trial_start: Literal["restart", "continue"]
    batch_size: int
    batch_sampler: Kind
    feedback: Sequence[str]
    feedback_horizon: Literal["episode", "credit"]
    score_split: Literal["validation", "train"]
    reward: Literal["improvement", "score", "delta"]
    accept: str
    max_trace_chars: int
    budget: Mapping[str, float] | None
    confirm: int | None
    protocol: str
    split_seed: int
    train_size: int
    validation_size: int
    test_size: int
    confirmation_size: int | None


@dataclass(frozen=True)
class Parameters:
    """What an optimization environment can be asked for, beside what its task adds (such as ``split_seed``).

    Attributes:
        start: the starting artifact, ``structure/implementation``; ``None`` is the task's first choice.
        documentation: how much the contracts say.
        context: the problem context: objective and strategy hints, the objective alone, or nothing.
        editable: components the optimizer may change; ``None`` is all.
        credit_horizon: inner steps of each trial that the trace shows; ``None`` is all.
        trace_window: which steps these are, a name of ``core/windows.py`` or ``module:Class``; ``first`` also ends
            the traced trial there; ``highlights`` are segments around what went wrong, large rewards and the end.
        trial_start: whether the next traced trial begins anew or where the last window ended.
        batch_size: trials pooled for one observation.
        batch_sampler: train instances in random order without repeat, always the same ones, those on which the
            artifact fails now (up to four batches are run to find them), or these with a success beside.
        feedback: what the words say, a list of names of ``core/feedback_kinds.py`` (``score``, ``metrics``,
            ``trials``, ``staged``, ``progress``, ``answer``, ``own``) or ``module:Class``.
        feedback_horizon: whether words, scores and rewards may use more than the trace shows.
        score_split: where the observed score comes from. Selection is always by validation.
        reward: rise of the best normalised score; the normalised score; or its change from step to step.
        accept: which edits stay: all (``always``); those that run (``valid``); those that do not lose on the same
            train batch (``train``), or on ``validation``; or ``module:Class`` of a rule, see ``core/acceptance.py``.
        max_trace_chars: the trace's size budget.
        budget: hard limits for the environment's whole life, such as ``{"trials": 500}``; cached trials are free.
            Of model calls, the agent's too: ``tokens``, ``money`` in US dollars, and ``calls``.
        confirm: how many of a run's best artifacts by validation are run again on fresh instances when its loop has
            ended; the best there is tested. The budget keeps what they need from the start. ``None``: 3, or none
            where the protocol is the paper's, the task has no fresh instances or the budget is too small.
    """

    start: str | None = None
    documentation: Documentation = "full"
    context: Literal["full", "goal", "none"] = "full"
    editable: Sequence[str] | None = None
    credit_horizon: int | None = None
    trace_window: str = "first"
    trial_start: Literal["restart", "continue"] = "restart"
    batch_size: int = 1
    batch_sampler: Kind = "epoch"
    feedback: Sequence[str] = ("score", "staged")
    feedback_horizon: Literal["episode", "credit"] = "episode"
    score_split: Literal["validation", "train"] = "validation"
    reward: Literal["improvement", "score", "delta"] = "improvement"
    accept: str = "always"
    max_trace_chars: int = 60_000
    budget: Mapping[str, float] | None = None
    confirm: int | None = None

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(type(self)).items():
            value = getattr(self, name)
            if get_origin(hint) is Literal and value not in get_args(hint):
                raise ParameterError(f"{name}={value!r} is not one of {', '.join(map(repr, get_args(hint)))}", name)
        if self.credit_horizon is not None:
            whole_number("credit_horizon", self.credit_horizon, 1)
        whole_number("batch_size", self.batch_size, 1)
        if self.confirm is not None:
            whole_number("confirm", self.confirm, 0)
        whole_number("max_trace_chars", self.max_trace_chars, MIN_TRACE_CHARS)
        for name, value in (("editable", self.editable or ()), ("feedback", self.feedback)):
            if isinstance(value, str) or not isinstance(value, Sequence):
                raise ParameterError(f"{name} must be a list of names, got {value!r}", name)
        _find("feedback", FEEDBACK, *self.feedback)
        _find("trace_window", WINDOWS, self.trace_window)
        _find("accept", RULES, self.accept)
        if self.feedback_horizon == "credit" and WINDOWS.find(self.trace_window).tells_skipped:
            raise ParameterError(
                f"trace_window={self.trace_window!r} chooses steps by the whole episode, which "
                "feedback_horizon='credit' must not show: take 'first'",
                "trace_window",
            )
        if not isinstance(self.budget, Mapping | None):
            raise ParameterError(f"budget must be a mapping such as {{'trials': 500}}, got {self.budget!r}", "budget")

    @property
    def view(self) -> View:
        """What the traces of an environment's trials hold."""
        return View(self.credit_horizon, self.trace_window, keep_actions=self.trial_start == "continue")

    @property
    def observed_split(self) -> Literal["validation", "train"]:
        """The split whose score is observed."""
        return "train" if self.feedback_horizon == "credit" else self.score_split

    @classmethod
    def resolve(cls, entry: str, passed: Mapping[str, Any]) -> tuple[Self, TaskSpec]:
        """Parameters and task from the keywords of ``gym.make``.

        What was not passed comes from the protocol, then from the task, then from the defaults above.

        Raises:
            TypeError: a keyword that neither the environment nor the task knows; it names the nearest.
            ValueError: a value that is not allowed.
        """
        task_class = TaskSpec(entry, {}).load()
        passed = dict(passed)
        protocol = passed.pop("protocol", "default")
        if protocol not in task_class.protocols:
            raise ParameterError(
                f"protocol={protocol!r} is not one of {', '.join(map(repr, task_class.protocols))}", "protocol"
            )
        values: dict[str, Any] = {"start": None, "credit_horizon": task_class.horizon}
        if protocol == "paper":
            values["confirm"] = 0
        values |= {**task_class.protocols[protocol], **passed}
        if "trace_window" not in passed and not _takes_whole_trials(values):
            values.pop("trace_window", None)
        if values["start"] is None:
            disguised = values.get("disguise") is not None
            values["start"] = task_class.disguised_start if disguised else task_class.default_start
        own = {field.name for field in dataclasses.fields(cls)}
        of_task = _keywords(task_class) | {"disguise"}
        for name in values:
            if name not in own | of_task:
                names = sorted({*own, *of_task, "protocol"})
                near = difflib.get_close_matches(name, names, 1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(names)}"
                raise UnknownParameter(f"unknown keyword {name!r}{hint}", name)
        spec = TaskSpec(entry, {name: values[name] for name in values if name in of_task})
        return cls(**{name: values[name] for name in values if name in own}), spec


def _takes_whole_trials(values: Mapping[str, Any]) -> bool:
    """Whether a protocol's window may go by whole trials: not if nothing beyond it counts, or they go on at its end."""
    return values.get("feedback_horizon") != "credit" and values.get("trial_start") != "continue"


class ViewChange(TypedDict, total=False):
    """Parameters that a wrapper may change between two steps."""

    credit_horizon: int | None
    trace_window: str
    batch_size: int


def _find(keyword: str, registry: Registry[Any], *names: str) -> None:
    """ExtensionError, with the keyword in front, if one of the names stands for nothing that can be used."""
    for name in names:
        try:
            registry.find(name)
        except ExtensionError as error:
            raise ExtensionError(f"{keyword}: {error}", keyword) from error


def _keywords(task_class: type[Task]) -> set[str]:
    """Keyword arguments of the task's constructor, those of its bases included where it passes them on."""
    names: set[str] = set()
    for base in task_class.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
        names |= {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
        if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
            break
    return names
