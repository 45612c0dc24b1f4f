"""A policy task under a disguise: what its program sees, answers, starts from and is told."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from genopt_gym.core.artifact import Component, Structure
from genopt_gym.core.parsing import parse_python
from genopt_gym.envs.actions import idle_action, random_action
from genopt_gym.envs.disguise.actions import ActionMap, disguised_actions
from genopt_gym.envs.disguise.observations import ObservationMap
from genopt_gym.envs.disguise.programs import neutral_program, with_shims
from genopt_gym.envs.disguise.words import Words
from genopt_gym.envs.simulator import TellsMishaps

if TYPE_CHECKING:
    from genopt_gym.envs.rollout import RolloutTask, Simulator

METRIC = "total reward of an episode, mean over episodes"
GOAL = """\
Write a policy: a program that is asked for an action at every step of an episode, and earns rewards. More is better. An
episode ends by itself, or after {steps:,} steps."""
NAMED = """\
obs is a dict. Its entries are numbers, words, lists, or dicts of numbers; an entry that is not there at a step is
absent, so look with obs.get."""
LISTED = "obs is a list of numbers."
STEPS = ("first_step", "second_step", "third_step", "fourth_step", "fifth_step")
"""What components are called, in the order in which they stand."""


class DisguisedEpisode:
    """A simulator as the disguise shows it."""

    @property
    def original(self) -> Simulator:
        """The simulator itself."""
        return self._episode

    def __init__(self, episode: Simulator, observations: ObservationMap, actions: ActionMap) -> None:
        self._episode = episode
        self._observations = observations
        self._actions = actions

    def observe(self) -> Any:
        return self._observations(self._episode.observe())

    def step(self, action: Any) -> tuple[float, bool]:
        return self._episode.step(self._actions.original(action))

    def mishap(self) -> str:
        """That there was one; what it was, the disguise hides."""
        return "setback" if isinstance(self._episode, TellsMishaps) and self._episode.mishap() else ""


class PolicyDisguise:
    """The disguise of one task: maps, words and texts.

    Args:
        number: which disguise, from 0; the same gives the same, anywhere.
        task: as it is without.
    """

    def __init__(self, number: int, task: RolloutTask) -> None:
        rng = random.Random(f"disguise {number}")
        self._words = Words(number, task.vocabulary())
        self.observations = task.observation_map(self._words, rng)
        self.actions = disguised_actions(task.action_space(), rng)
        self._seen = LISTED if task.vocabulary() == () else NAMED
        self._returns = task.returns

    def structures(self, structures: Mapping[str, Structure]) -> dict[str, Structure]:
        """The task's structures under neutral names, with the same programs."""
        return {name: self._structure(structure) for name, structure in structures.items()}

    def _structure(self, structure: Structure) -> Structure:
        names = [component.name for component in structure.components]
        rename = {names[0]: "policy"} if len(names) == 1 else dict(zip(names, STEPS, strict=False))
        last = self._answering(structure)
        components = tuple(self._component(c, rename, c.name == last) for c in structure.components)
        parameters = {c.name: _parameters(c.signature) for c in components}
        implementations = {}
        for how, texts in structure.implementations.items():
            implementations[how] = {
                rename[name]: self._program(name, text, rename, parameters[rename[name]], name == last, how)
                for name, text in texts.items()
            }
        workflow = (
            neutral_program(structure.workflow, {**rename, "workflow": "workflow"}, self._words, self._say) + "\n"
        )
        return replace(structure, components=components, workflow=workflow, implementations=implementations)

    def _answering(self, structure: Structure) -> str:
        """The component whose result is the action: the outermost call of what the workflow returns."""
        returned = parse_python(structure.workflow).body[0].body[-1].value  # type: ignore[attr-defined]
        name: str = returned.func.id
        return name

    def _component(self, component: Component, rename: Mapping[str, str], answers: bool) -> Component:
        neutral = neutral_program(f"def {component.signature}: ...", rename, self._words, self._say)
        signature = neutral.splitlines()[0].removeprefix("def ").removesuffix(":")
        parameters = _parameters(signature)
        told = [self._seen] if "obs" in parameters else []
        told += [f"{name} is what an earlier step returned." for name in parameters if name != "obs"]
        told.append(f"Returns the action, {self._returns()}." if answers else "Returns what later steps get.")
        return replace(component, name=rename[component.name], signature=signature, documentation="\n".join(told))

    def _program(
        self, name: str, text: str, rename: Mapping[str, str], parameters: list[str], answers: bool, how: str
    ) -> str:
        if how in ("random", "stub"):  # these see nothing, and know nothing of the actions either
            return self._ignorant(name, how, rename, parameters, answers)
        inner = {**rename, name: self._words(name)}
        program = neutral_program(text, inner, self._words, self._say)
        undo = self.observations.undo if "obs" in parameters else ""
        redo = self.actions.redo if answers else ""
        if not undo and not redo:
            return neutral_program(text, rename, self._words, self._say) + "\n"
        return with_shims(program, rename[name], inner[name], ", ".join(parameters), undo, redo)

    def _ignorant(self, name: str, how: str, rename: Mapping[str, str], parameters: list[str], answers: bool) -> str:
        head = f"def {rename[name]}({', '.join(parameters)}):\n    return "
        if not answers:
            return f"{head}None\n"
        if how == "stub":
            return f"{head}{idle_action(self.actions.space)}\n"
        return f"import random\n\n\n{head}{random_action(self.actions.space)}\n"

    def _say(self, text: str) -> str:
        return self._words.within(text)


def _parameters(signature: str) -> list[str]:
    [function] = parse_python(f"def {signature}: ...\n").body
    return [argument.arg for argument in function.args.args]  # type: ignore[attr-defined]


def put_on_policy(task: RolloutTask, number: int) -> None:
    """Put a task under a disguise, in place."""
    task.disguise = PolicyDisguise(number, task)
    task.structures = task.disguise.structures(task.structures)
    task.goal = GOAL.format(steps=task.max_inner_steps)
    task.strategy = ""
    task.ending = type(task).ending
    task.metric = replace(task.metric, name=METRIC)
