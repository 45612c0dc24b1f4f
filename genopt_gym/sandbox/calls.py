"""Component calls for the trace: noted as they begin, without changing what the program does.

A component's own name is its plain function. Calls are noted where they pass from one text to another: in the workflow,
whose text is ours, and in ``ReadOnly``, which is how components see each other, traced or not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from genopt_gym.core.evidence import CALLS_NOT_SHOWN, RAISED, Call
from genopt_gym.sandbox.capture import SCALARS, capture, warnings_told
from genopt_gym.sandbox.dataflow import Reference, Site
from genopt_gym.sandbox.summaries import is_data

MAX_PARTS = 8
"""Parts of a tuple that the trace refers to singly."""
MAX_CALLS = 16
"""Traced calls of one inner step; of what is beyond, the number is told. Calls that the workflow makes go first."""
INTERNED_CHARS = 32
"""Equal texts that are shorter may be one object, whoever made them."""


class CallTracer:
    """The calls of one workflow call, in the order in which they ended: a call within another stands before it."""

    def __init__(self) -> None:
        self.begin_step([], [])

    def begin_step(self, inputs: Sequence[Any], references: Sequence[Reference]) -> None:
        """Forget the calls before; ``inputs`` are what the workflow gets now."""
        self.ended: list[Call] = []
        self.by_workflow = self.within = self.missing = 0
        self.known: dict[int, tuple[Any, Reference]] = {}
        """Values of this step by identity (they are kept alive here), and how the trace refers to them."""
        for value, reference in zip(inputs, references, strict=False):
            self.known[id(value)] = (value, reference)

    @property
    def calls(self) -> list[Call]:
        """What is told of this step."""
        return [*self.ended, Call(CALLS_NOT_SHOWN, [], self.missing)] if self.missing else self.ended

    def arguments(self, site: Site, values: tuple[Any, ...]) -> list[Any]:
        """What a call of the workflow's passes, as the trace tells it."""
        told = site.arguments if len(site.arguments) == len(values) else (None,) * len(values)
        return [self.shown(v) if source is None else source for v, source in zip(values, told, strict=True)]

    def end(self, component: str, arguments: list[Any], result: Any, reference: Reference) -> None:
        """A call has returned that."""
        self.ended.append(Call(component, arguments, result if type(result) in SCALARS else capture(result)))
        self.known[id(result)] = (result, reference)

    def know_parts(self, result: Any, reference: Reference) -> None:
        """What a tuple holds goes on singly."""
        if type(result) is tuple and len(result) <= MAX_PARTS:
            for position, part in enumerate(result):
                if is_data(part):
                    self.known[id(part)] = (part, {"$ref": f"{reference['$ref']}[{position}]"})

    def shown(self, value: Any) -> Any:
        """A reference to a value's source, or else a snapshot."""
        if not _may_be_shared(value) and (seen := self.known.get(id(value))):
            return seen[1]
        return capture(value)


def _may_be_shared(value: Any) -> bool:
    """Whether somebody else's equal value may be this very object: its identity tells nothing then."""
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value) < INTERNED_CHARS
    return value is None or kind in (bool, int) or (kind is tuple and not value)


def at_site(
    tracer: CallTracer | None, site: Site, function: Callable[..., Any], warns: bool = False
) -> Callable[..., Any]:
    """A component as the workflow calls it at one place.

    Args:
        tracer: what notes the call, if anything.
        site: the place.
        function: the component.
        warns: whether libraries may warn in it. What it sets for its own warnings ends with the call then, traced or
            not, and nothing is printed of them.
    """
    name, reference = site.component, site.result
    told = None if None in site.arguments or not site.arguments else [*site.arguments]

    def call(*args: Any, **kwargs: Any) -> Any:
        assert tracer is not None
        if tracer.by_workflow >= MAX_CALLS:
            tracer.missing += 1
            return function(*args, **kwargs)
        tracer.by_workflow += 1
        arguments = told or tracer.arguments(site, (*args, *kwargs.values()))
        try:
            result = function(*args, **kwargs)
        except BaseException:
            tracer.ended.append(Call(name, arguments, RAISED))
            raise
        tracer.end(name, arguments, result, reference)
        return result

    def call_that_warns(*args: Any, **kwargs: Any) -> Any:
        shown = tracer is not None and tracer.by_workflow < MAX_CALLS
        with warnings_told() as warnings:
            result = (call if tracer is not None else call_plainly)(*args, **kwargs)
        if tracer is not None:
            tracer.know_parts(result, reference)
            if shown and warnings:
                tracer.ended.append(Call(f"warnings of {name}", [], warnings))
        return result

    def call_plainly(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return call_that_warns if warns else call if tracer is not None else function


class ComponentIsReadOnly(PermissionError):
    """A component would change another one."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is another component, and can be called but not changed")


class ReadOnly:
    """Another component as a component sees it: it can be called and looked at, and not changed."""

    __slots__ = ("function", "name", "tracer")

    def __init__(self, name: str, function: Callable[..., Any], tracer: CallTracer | None) -> None:
        _set(self, "name", name)
        _set(self, "function", function)
        _set(self, "tracer", tracer)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        # One frame whether it is traced or not, and no error of the tracer's own: a recursion gets equally deep.
        tracer, function = _tracer_of(self), function_of(self)
        if tracer is None:
            return function(*args, **kwargs)
        arguments = None
        if tracer.by_workflow + tracer.within < MAX_CALLS:
            tracer.within += 1
            try:
                arguments = [*map(tracer.shown, (*args, *kwargs.values()))]
            except RecursionError:
                arguments = ["..."]
        else:
            tracer.missing += 1
        try:
            result = function(*args, **kwargs)
        except BaseException:
            if arguments is not None:
                tracer.ended.append(Call(_name_of(self), arguments, RAISED))
            raise
        if arguments is not None:
            try:
                tracer.end(_name_of(self), arguments, result, {"$ref": _name_of(self)})
            except RecursionError:
                tracer.missing += 1
        return result

    def __getattribute__(self, name: str) -> Any:
        value = getattr(function_of(self), name)
        return dict(value) if name == "__dict__" else value

    def __setattr__(self, name: str, value: Any) -> None:
        raise ComponentIsReadOnly(_name_of(self))

    def __delattr__(self, name: str) -> None:
        raise ComponentIsReadOnly(_name_of(self))

    def __repr__(self) -> str:
        return repr(function_of(self))


_set = object.__setattr__
function_of: Callable[[ReadOnly], Callable[..., Any]] = ReadOnly.__dict__["function"].__get__
_name_of: Callable[[ReadOnly], str] = ReadOnly.__dict__["name"].__get__
_tracer_of: Callable[[ReadOnly], CallTracer | None] = ReadOnly.__dict__["tracer"].__get__


def libraries_warn() -> bool:
    """Whether this process holds libraries whose warnings belong to the evidence."""
    return "sklearn" in sys.modules
