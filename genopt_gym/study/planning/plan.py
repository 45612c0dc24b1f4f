"""From what a plan says to the runs of a study, each of them checked; nothing is run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from genopt_gym.agents.model_agent import ModelAgent
from genopt_gym.core.errors import MissingOption, UserError, parameter_of
from genopt_gym.making import optimization_env
from genopt_gym.runs.config import Config
from genopt_gym.study.planning.document import OWN, Document, Entry, Given, presets, read_document, read_source
from genopt_gym.study.planning.estimate import count_trials
from genopt_gym.study.planning.source import Place, Source
from genopt_gym.study.records import Plan, PlannedRun

START = ("structure", "implementation")
"""Factors that make up the parameter ``start``, so that each can have an effect of its own."""


def load_plan(source: Given, **overrides: Any) -> Plan:
    """The plan of a study.

    Args:
        source: a YAML file, the name of a preset (``quick/credit-horizon``), or a mapping with the same keys.
        **overrides: keys of the plan, in place of what stands there. ``tasks`` may be a list of those to take; a
            task of the plan keeps its parameters.

    Raises:
        UserError: something is wrong with it; the sentence begins with the line.

    >>> plan = load_plan("quick/credit-horizon", seeds=1)
    >>> len(plan.runs), plan.runs[0].arm
    (10, 'hill-climbing, credit_horizon=1')
    """
    read = read_source(source, overrides)
    document = read_document(read)
    arms = list(_arms(read, document))
    configs = {
        task: _matched(read, document, arms, [_config(read, document, task, arm) for arm in arms])
        for task in document.task_parameters
    }
    runs = [
        _planned(document, arm, config, seed)
        for seed in document.replicates
        for task in configs
        for arm, config in zip(arms, configs[task], strict=True)
    ]
    return Plan(
        name=document.name or (read.name if read.name in presets() else Path(read.name).stem),
        question=" ".join(document.question.split()),
        runs=runs,
        factors=document.factors,
        controls=list(dict.fromkeys(arm.label for arm in arms if arm.place[0] == "controls")),
        match=document.match,
        budget=document.study_budget,
    )


@dataclass(frozen=True)
class _Arm:
    """An agent at one level of each factor."""

    entry: Entry
    label: str
    options: Mapping[str, Any]
    levels: Mapping[str, Any]
    place: Place

    @property
    def name(self) -> str:
        return ", ".join([self.label, *(f"{factor}={_word(level)}" for factor, level in self.levels.items())])


def _arms(source: Source, document: Document) -> Iterator[_Arm]:
    labels: set[str] = set()
    for key, entries in (("agents", document.agents), ("controls", document.controls)):
        for index, given in enumerate(entries):
            place: Place = (key, index)
            entry = Entry(given) if isinstance(given, str) else given
            label = entry.label or entry.agent
            if label in labels:
                raise source.error((*place, "label"), f"two agents are called {label!r}: give one of them a label")
            labels.add(label)
            options = _options(source, document, entry, place)
            for levels in _levels(source, document, entry, place):
                yield _Arm(entry, label, options, levels, place)


def _options(source: Source, document: Document, entry: Entry, place: Place) -> Mapping[str, Any]:
    """The agent's options, with the plan's model where it asks one; it is made once, to see that it can be."""
    options = dict(entry.options)
    config = Config("", entry.agent, agent_options=options)
    try:
        if document.model is not None and issubclass(config.agent_class(), ModelAgent):
            options.setdefault("model", document.model)
        config.make_agent()
    except UserError as problem:
        message, option = str(problem), parameter_of(problem)
        if isinstance(problem, MissingOption) and option == "model":
            message += ": name it with model: in the plan, or with --model"
        at: Place = ("options", option) if option in entry.options else ("agent",)
        raise source.error((*place, *at), message) from None
    return options


def _levels(source: Source, document: Document, entry: Entry, place: Place) -> Iterator[Mapping[str, Any]]:
    """Every combination of levels in which the agent takes part."""
    for name, level in entry.levels.items():
        if level not in document.factors.get(name, ()):
            message = f"{name}={_word(level)} is no level of a factor of this plan, so no agent can be held at it"
            raise source.error((*place, "levels", name), message)
    choices = [[entry.levels[name]] if name in entry.levels else every for name, every in document.factors.items()]
    for combination in product(*choices):
        yield dict(zip(document.factors, combination, strict=True))


def _config(source: Source, document: Document, task: str, arm: _Arm) -> Config:
    """The arm's run in a task, without its seeds."""
    own = document.task_parameters[task]
    levels = {name: level for name, level in arm.levels.items() if level != OWN}
    parameters = {**document.parameters, **own, **document.fixed, **levels}
    if document.model is not None and "model" in parameters and parameters["model"] is None:
        parameters["model"] = document.model
    halves = [parameters.pop(name) for name in START if name in parameters]
    if len(halves) == 1 or (halves and "start" in parameters):
        place = _places(document, task, arm)
        message = "structure and implementation together make up the start: give both, and no start"
        raise source.error(next(place[name] for name in START if name in place), message)
    if halves:
        parameters["start"] = "/".join(map(str, halves))
    return Config(task, arm.entry.agent, edits=document.edits, parameters=parameters, agent_options=dict(arm.options))


def _matched(source: Source, document: Document, arms: Sequence[_Arm], configs: Sequence[Config]) -> list[Config]:
    """The arms' runs in one task, with as many edits as the plan's ``match`` gives each.

    For ``trials`` the arm whose steps take the fewest keeps its edits; the others get as many as its trials bear.
    """
    made: dict[str, tuple[int, int]] = {}
    found = []
    for arm, config in zip(arms, configs, strict=True):
        key = json.dumps(config.parameters, sort_keys=True)
        if key not in made:
            made[key] = _make(source, document, arm, _seeded(document, config, document.replicates[0]))
        found.append(made[key])
    least = min(trials for _, trials in found)
    matched = []
    for arm, config, (edits, trials) in zip(arms, configs, found, strict=True):
        if document.match == "trials":
            edits = (edits + 1) * least // trials - 1
        if edits < 1:
            raise source.error(("match",), f"match: trials leaves {arm.name} no edit in {config.id}: give more edits")
        matched.append(replace(config, edits=edits))
    return matched


def _make(source: Source, document: Document, arm: _Arm, config: Config) -> tuple[int, int]:
    """Edits of a run, and trials of each step; its environment is made, to see that it can be."""
    by_position = isinstance(document.tasks, list)
    task_place: Place = ("tasks", list(document.tasks).index(config.id) if by_position else config.id)
    try:
        env = config.make()
    except UserError as problem:
        place = _places(document, config.id, arm).get(parameter_of(problem), task_place)
        raise source.error(place, str(problem)) from None
    edits = env.spec.max_episode_steps if env.spec else None
    if edits is None:
        raise source.error(task_place, f"{config.id} has no number of edits of its own: give edits")
    return edits, count_trials(optimization_env(env)).step


def _places(document: Document, task: str, arm: _Arm) -> dict[str, Place]:
    """Where each keyword of an environment stands in the plan."""
    places: dict[str, Place] = {name: ("parameters", name) for name in document.parameters}
    places |= {name: ("tasks", task, name) for name in document.task_parameters[task]}
    places |= {name: (name,) for name in document.fixed}
    for name, levels in document.factors.items():
        places[name] = ("factors", name, levels.index(arm.levels[name]))
    if "structure" in places:
        places["start"] = places["structure"]
    return places


def _seeded(document: Document, config: Config, seed: int) -> Config:
    """The run of one replicate."""
    if document.split_seed == "replicate":
        config = replace(config, parameters={**config.parameters, "split_seed": seed})
    if config.parameters.get("disguise") == "replicate":
        config = replace(config, parameters={**config.parameters, "disguise": seed})
    return replace(
        config,
        seed=seed if document.seed_order == "replicate" else document.seed_order,
        agent_seed=seed if document.seed_agent == "replicate" else document.seed_agent,
    )


def _planned(document: Document, arm: _Arm, config: Config, seed: int) -> PlannedRun:
    config = _seeded(document, config, seed)
    return PlannedRun(_key(config, arm.name, seed), config, arm.label, arm.levels, arm.name, seed)


def _key(config: Config, arm: str, seed: int) -> str:
    """A folder's name: readable, with a hash of all that makes the run."""
    task = re.sub(r"-v\d+$", "", config.id.split("/")[-1])
    words = re.sub(r"[^\w.]+", "-", f"{task}-{arm}", flags=re.ASCII).strip("-").lower()[:80]
    facts = json.dumps([arm, seed, asdict(config)], sort_keys=True)
    return f"{words}-seed{seed}-{hashlib.sha256(facts.encode()).hexdigest()[:8]}"


def _word(level: Any) -> str:
    """A level as ``--set`` takes it: JSON, or text that is none.

    >>> _word("own"), _word(None), _word("1"), _word(1)
    ('own', 'null', '"1"', '1')
    """
    if isinstance(level, str):
        try:
            json.loads(level)
        except ValueError:
            return level
    return json.dumps(level)
