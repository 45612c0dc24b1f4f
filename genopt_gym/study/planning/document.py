"""What a plan says: its keys, where plans are found, and what can be seen to be wrong by reading alone."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec

from genopt_gym.core.errors import UserError
from genopt_gym.core.ledger import Budget, Ledger
from genopt_gym.study.planning.source import Place, Source, read_yaml
from genopt_gym.study.records import Match
from genopt_gym.suites import expanded

OWN = "own"
"""The level of a factor that leaves the parameter to the task or its protocol."""

Given = str | Path | Mapping[str, Any]
"""A plan as ``load_plan`` takes it: a file, the name of a preset, or a mapping."""


class Entry(msgspec.Struct, frozen=True):
    """An agent: its name, what it is called in the study, its options, and the levels it is held at."""

    agent: str
    label: str | None = None
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    levels: dict[str, Any] = msgspec.field(default_factory=dict)


class Document(msgspec.Struct, frozen=True):
    """What a plan may say; ``docs/studies.md`` tells what each key means."""

    tasks: list[str] | dict[str, dict[str, Any] | None]
    agents: list[str | Entry]
    name: str = ""
    question: str = ""
    controls: list[str | Entry] = msgspec.field(default_factory=list)
    model: str | None = None
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    factors: dict[str, list[Any]] = msgspec.field(default_factory=dict)
    seeds: int | list[int] = 3
    seed_order: int | Literal["replicate"] = "replicate"
    seed_agent: int | Literal["replicate"] = "replicate"
    split_seed: int | Literal["own", "replicate"] = "own"
    edits: int | None = None
    budget: dict[str, int | float] = msgspec.field(default_factory=dict)
    study_budget: dict[str, int | float] = msgspec.field(default_factory=dict)
    match: Match = "updates"

    @property
    def task_parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """Each task with parameters of its own."""
        if isinstance(self.tasks, list):
            return {task: {} for task in self.tasks}
        return {task: parameters or {} for task, parameters in self.tasks.items()}

    @property
    def fixed(self) -> dict[str, Any]:
        """Keywords of ``gym.make`` that have a key of their own in the plan."""
        values = {"budget": self.budget or OWN, "split_seed": self.split_seed}
        return {name: value for name, value in values.items() if value != OWN}

    @property
    def replicates(self) -> list[int]:
        return list(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds


def presets() -> list[str]:
    """Names of the plans that come with genopt_gym."""
    folders = (files("genopt_gym.study") / "presets").iterdir()
    return sorted(f"{folder.name}/{Path(file.name).stem}" for folder in folders for file in folder.iterdir())


def plan_text(given: Given) -> str:
    """The text of a plan; of a mapping its JSON, which is YAML too.

    Raises:
        UserError: there is no such file and no such preset.
    """
    if isinstance(given, Mapping):
        return json.dumps(_plain(given), indent=1) + "\n"
    path = Path(given)
    if path.is_file():
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read: {error}") from None
    known = presets()
    if str(given) in known:
        return (files("genopt_gym.study") / "presets" / f"{given}.yaml").read_text(encoding="utf-8")
    near = difflib.get_close_matches(str(given), known, 1)
    hint = f"did you mean {near[0]}?" if near else f"the presets are {', '.join(known)}"
    raise UserError(f"{given} is neither a file nor a preset; {hint}")


def read_source(given: Given, overrides: Mapping[str, Any]) -> Source:
    """The plan's values, some replaced; a task that stays in keeps its parameters."""
    source = (
        Source("the plan", _plain(given)) if isinstance(given, Mapping) else read_yaml(plan_text(given), str(given))
    )
    if not isinstance(source.value, dict):
        raise source.error((), "a plan is a mapping with keys such as tasks, agents and factors")
    if "tasks" in source.value:
        source = _with_suites(source)
    for key, value in _plain(overrides).items():
        known = source.value.get("tasks")
        if key == "tasks":
            value = expanded(value)
            if isinstance(value, list) and isinstance(known, dict):
                value = {task: known.get(task) for task in value}
        source = source.replaced(key, value)
    return source


def _with_suites(source: Source) -> Source:
    """The same with each suite among the tasks replaced by its tasks."""
    tasks = source.value["tasks"]
    try:
        found = expanded(tasks)
    except UserError as problem:
        raise source.error(("tasks",), str(problem)) from None
    return source if found is tasks else source.replaced("tasks", found)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON gives it back, so that a plan made in Python is the one that is stored."""
    try:
        return dict(json.loads(json.dumps(dict(values), allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise UserError(f"the plan: it has to be plain data, as JSON has them: {error}") from None


def read_document(source: Source) -> Document:
    """The plan, its keys and values checked; UserError with the line."""
    _check_keys(source, (), source.value, Document)
    for key in ("agents", "controls"):
        entries = source.value.get(key)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                _check_keys(source, (key, index), entry, Entry)
    document = source.decode(Document)
    _check_lists(source, document)
    _check_numbers(source, document)
    return document


def _check_keys(source: Source, place: Place, value: Mapping[str, Any], kind: type[msgspec.Struct]) -> None:
    known = kind.__struct_fields__
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise source.error((*place, key), f"unknown key {key!r}; {hint}")


def _check_lists(source: Source, document: Document) -> None:
    """Nothing is empty, and nothing there twice."""
    for key in ("tasks", "agents"):
        if not getattr(document, key):
            raise source.error((key,), f"{key} is empty: name at least one")
    if isinstance(document.tasks, list):
        for index, task in enumerate(document.tasks):
            if task in document.tasks[:index]:
                raise source.error(("tasks", index), f"the task {task} is there twice")
    for name, levels in document.factors.items():
        if not levels:
            raise source.error(("factors", name), f"the factor {name} has no levels")
        for index, level in enumerate(levels):
            if level in levels[:index]:
                raise source.error(("factors", name, index), f"two levels of {name} are the same")
    parameters: list[Place] = [("parameters", name) for name in document.parameters]
    parameters += [("tasks", task, name) for task, own in document.task_parameters.items() for name in own]
    factors: list[Place] = [("factors", name) for name in document.factors]
    for places, above in ((factors, document.fixed), (parameters, {**document.fixed, **document.factors})):
        for place in places:
            if place[-1] in above:
                raise source.error(place, f"{place[-1]} is given twice: leave it out in one of the two places")


def _check_numbers(source: Source, document: Document) -> None:
    """Seeds, edits and budgets can be meant so."""
    seeds = document.replicates
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise source.error(("seeds",), "seeds is how many there are, from 1, or a list of different ones from 0")
    for key in ("seed_order", "seed_agent"):
        seed = getattr(document, key)
        if isinstance(seed, int) and seed < 0:
            raise source.error((key,), f"{key} must be a whole number from 0, or replicate, got {seed}")
    if document.edits is not None and document.edits < 1:
        raise source.error(("edits",), f"edits must be a whole number from 1, got {document.edits}")
    for name in document.study_budget:
        if name not in ("trials", "tokens", "money"):
            raise source.error(("study_budget", name), f"a study's budget has trials, tokens and money, not {name!r}")
    for key in ("study_budget", "budget"):
        try:
            Budget(getattr(document, key), Ledger())
        except ValueError as problem:
            raise source.error((key,), str(problem)) from None
    if document.match == "tokens" and "tokens" not in document.budget:
        raise source.error(("match",), "match: tokens needs the tokens of a run, such as budget: {tokens: 200000}")
