"""``genopt_gym.wrap``: an environment of somebody's own function, texts and data."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gymnasium as gym

from genopt_gym.core.errors import ParameterError
from genopt_gym.core.scored import Text
from genopt_gym.registration import EXAMPLES, FUNCTION
from genopt_gym.wrapping.data import as_parameter
from genopt_gym.wrapping.references import reference

Scorer = Callable[..., Any] | str | Mapping[str, Any]
"""A function, or a grader: its name, or ``{"grader": name, ...}`` with what it takes."""


def wrap(
    function: Scorer, components: Sequence[Callable[..., Any]] = (), data: Any = None, **parameters: Any
) -> gym.Env[Any, Any]:
    """The environment whose artifact is ``components`` and ``texts``, scored by ``function``.

    Args:
        function: ``function(workflow, seed)``, or with ``data`` ``function(workflow, example)``, runs one trial and
            returns its score, a number from ``low`` to ``high``; or ``(score, words)``, ``(score, metrics)``, or
            ``genopt_gym.Scored``. ``workflow(...)`` asks the components, which run confined, and ``workflow.log(...)``
            leaves a note in the trace; the function itself runs in a trusted worker, once for each trial. ``seed`` (0
            to 2**31 - 1) is all that differs from trial to trial. It may raise ``genopt_gym.ContractBroken`` if what
            it was answered is no answer: that trial fails with these words. Any other exception of its own ends the
            run. With ``data`` a grader will do in its place, such as ``"numeric"`` (``genopt list --graders``).
        components: Python functions whose text is the starting artifact; a docstring is the documentation of the
            contract. Only this text is run: what it needs it has to import itself.
        data: examples, one a trial: a list of dicts, the path of a CSV or JSONL file, or a table of ``datasets`` or
            pandas. They are split without overlap; see ``genopt_gym.envs.examples``.
        **parameters: ``low`` and ``high``, the worst and the best score; what else the task takes (``texts``,
            ``workflow``, ``name``, ``goal``, ``model``, ...: docs/own-task.md lists it); and the keywords of
            ``gym.make``.

    Functions stand at the top level of a module, of a script (whatever it does beside definitions is under ``if
    __name__ == "__main__":``), or of a notebook's cell, whose source is sent.

    Returns:
        The environment, as ``gym.make`` gives it.

    Raises:
        ValueError: a function that workers could not have, or a parameter that is not allowed.
        TypeError: a keyword that nobody knows, or none where one is needed.

    >>> wrap(lambda workflow, seed: 1.0, [], low=0, high=1)
    Traceback (most recent call last):
    ValueError: workers cannot import <lambda>: define it with `def` at the top level of a module
    """
    row = FUNCTION if data is None else EXAMPLES
    spec = dataclasses.replace(gym.spec(row.id), nondeterministic=not parameters.get("deterministic", True))
    if callable(function):
        parameters["function"] = reference(function)
    elif data is None:
        raise ParameterError(f"without data a trial is scored by a function, not by {function!r}", "function")
    else:
        parameters["function"] = function
    if components:
        parameters["components"] = [_component(each) for each in components]
    if data is not None:
        parameters["data"] = as_parameter(data)
    if isinstance(texts := parameters.get("texts"), Mapping):
        parameters["texts"] = {name: _plain(text) for name, text in texts.items()}
    return gym.make(spec, **parameters)


def _component(function: Any) -> str:
    if isinstance(function, str):
        raise ParameterError(
            f"components are functions; a text goes into texts={{name: {function[:30]!r}...}}", "texts"
        )
    return reference(function, component=inspect.isfunction(function))


def _plain(text: Any) -> Any:
    """A text as the spec can hold it."""
    if not isinstance(text, Text):
        return text
    said = {field.name: getattr(text, field.name) for field in dataclasses.fields(text)}
    placeholders = None if text.placeholders is None else list(text.placeholders)
    return {name: value for name, value in {**said, "placeholders": placeholders}.items() if value not in (None, "")}
