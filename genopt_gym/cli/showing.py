"""``genopt show ID``: every keyword of an environment, with its values and default."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import gymnasium as gym
from rich.console import Console

from genopt_gym.agents import Agent
from genopt_gym.cli.tables import print_table
from genopt_gym.core.errors import UserError
from genopt_gym.core.parameters import Parameters
from genopt_gym.core.registry import Registry, load
from genopt_gym.core.task import CONFIRMATION, SPLITS, Task, TaskSpec, starts_of

REGISTRIES = {
    "accept": "genopt_gym.core.acceptance:RULES",
    "trace_window": "genopt_gym.core.windows:WINDOWS",
    "feedback": "genopt_gym.core.feedback_kinds:FEEDBACK",
}
"""Keyword to the registry whose names are its values."""

WORDS = {int: "whole number", float: "number", str: "text", bool: "true, false", type(None): "null"}


@dataclass(frozen=True)
class Keyword:
    """A keyword of ``gym.make``, or of an agent: its values and default in words, and what it means."""

    name: str
    values: str
    default: str
    meaning: str


def show(what: str) -> None:
    """Print what an environment can be asked for. UserError if ``what`` names none."""
    spec, task_class = _find(what)
    print(f"{spec.id}: {_first_line(task_class)}\n{spec.max_episode_steps} edits, unless --edits says otherwise\n")
    _print("of every environment", list(environment_keywords(task_class)))
    _print(f"of {task_class.__name__}", list(task_keywords(task_class)))


def environment_keywords(task_class: type[Task]) -> Iterator[Keyword]:
    """Those that every environment has, with the defaults of this one."""
    meanings, hints = _sections(Parameters), get_type_hints(Parameters)
    protocols = task_class.protocols
    defaults = {"credit_horizon": task_class.horizon, "start": task_class.default_start, **protocols["default"]}
    for field in dataclasses.fields(Parameters):
        values = ", ".join(_starts(task_class)) if field.name == "start" else _values(field.name, hints[field.name])
        default = defaults.get(field.name, field.default)
        yield Keyword(field.name, values, _plain(default), meanings.get(field.name, ""))
    fills = "; ".join(f"{name}: {_filled(filled)}" for name, filled in protocols.items() if filled)
    yield Keyword("protocol", ", ".join(protocols), "default", f"fills what was not passed. {fills}".strip())


def task_keywords(task_class: type[Task]) -> Iterator[Keyword]:
    """Those that the task adds."""
    sizes = _sizes(task_class)
    seen: set[str] = set()
    for base in task_class.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        signature, hints = inspect.signature(vars(base)["__init__"]), get_type_hints(vars(base)["__init__"])
        meanings = _sections(base) | _sections(vars(base)["__init__"])
        for parameter in signature.parameters.values():
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY or parameter.name in seen:
                continue
            seen.add(parameter.name)
            default = "needed" if parameter.default is parameter.empty else _plain(parameter.default)
            default = sizes.get(parameter.name, default)
            values = _values(parameter.name, hints.get(parameter.name, Any))
            yield Keyword(parameter.name, values, default, meanings.get(parameter.name, ""))
        if not any(each.kind is inspect.Parameter.VAR_KEYWORD for each in signature.parameters.values()):
            break


def agent_keywords(agent_class: type[Agent]) -> Iterator[Keyword]:
    """The options of an agent."""
    meanings: dict[str, str] = {}
    for base in reversed(agent_class.__mro__):
        meanings |= _sections(base) | _sections(vars(base).get("__init__"))
    for name, parameter in inspect.signature(agent_class).parameters.items():
        default = "needed" if parameter.default is parameter.empty else _plain(parameter.default)
        # As it is written: some modules import the types for type checkers alone.
        yield Keyword(name, f"`{parameter.annotation}`", default, meanings.get(name, ""))


def _find(id: str) -> tuple[Any, type[Task]]:
    try:
        module, _, name = id.rpartition(":")
        if module:
            __import__(module)
        spec = gym.spec(name)
    except (gym.error.Error, ImportError) as error:
        raise UserError(str(error)) from error
    if "task" not in spec.kwargs or spec.entry_point != "genopt_gym.env:OptimizationEnv":
        raise UserError(f"{id} is an environment, but none whose steps are edits")
    return spec, TaskSpec(spec.kwargs["task"], {}).load()


def _print(title: str, keywords: list[Keyword]) -> None:
    rows = [[each.name, each.values, each.default, each.meaning] for each in keywords]
    print_table(Console(), ["keyword", "values", "default", "what it is"], rows, numbers_from=4, title=title)
    print()


def _starts(task_class: type[Task]) -> list[str]:
    """What ``start`` may be; nothing where the structures depend on the task's arguments."""
    structures = getattr(task_class, "structures", None)
    return starts_of(structures) if isinstance(structures, Mapping) else ["structure/implementation"]


def _sizes(task_class: type[Task]) -> dict[str, str]:
    """How many instances each split has by default: a task may have other numbers than all have."""
    try:
        task = task_class()
        return {f"{split}_size": f"{len(task.instances(split))}" for split in (*SPLITS, CONFIRMATION)}
    except Exception:  # it needs arguments, or data that is not here
        return {f"{split}_size": "the task's own" for split in (*SPLITS, CONFIRMATION)}


def _values(name: str, hint: Any) -> str:
    if name in REGISTRIES:
        registry: Registry[Any] = load(REGISTRIES[name])
        return f"{'list of ' if get_origin(hint) else ''}{', '.join(registry)}, module:Class"
    return ", ".join(_words(hint))


def _words(hint: Any) -> list[str]:
    """A type in words.

    >>> _words(int | None), _words(Literal["full", "none"])
    (['whole number', 'null'], ['full', 'none'])
    """
    origin = get_origin(hint)
    if origin is Literal:
        return [str(value) for value in get_args(hint)]
    if origin in (Union, types.UnionType):
        return [word for part in get_args(hint) for word in _words(part)]
    if isinstance(origin, type):
        return ["mapping" if issubclass(origin, Mapping) else "list"]
    return [WORDS.get(hint, "any")]


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _filled(filled: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_plain(value)}" for name, value in filled.items())


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _sections(thing: Any) -> dict[str, str]:
    """Name to meaning, of the sections Args and Attributes of a docstring."""
    found: dict[str, str] = {}
    name = ""
    within = False
    for line in (inspect.getdoc(thing) or "").splitlines():
        if re.fullmatch(r"(Args|Attributes):", line):
            within = True
        elif line and not line.startswith(" "):
            within = False
        elif within and (match := re.match(r" {4}(\w+): (.*)", line)):
            name = match[1]
            found[name] = match[2]
        elif within and name and line.startswith(" " * 8):
            found[name] += f" {line.strip()}"
    return {name: meaning.replace("``", "") for name, meaning in found.items()}
