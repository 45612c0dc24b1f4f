"""What the heuristics share: instances out of named distributions, one rule, and how a decision is shown."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from genopt_gym.core.artifact import Component, Structure
from genopt_gym.core.evidence import Call, Instance
from genopt_gym.core.limits import Limits
from genopt_gym.core.task import CONFIRMATION
from genopt_gym.envs.rollout import RolloutTask, Simulator

MEMORY = """\
State may be kept in global variables: they last for one trial, which is one instance, and every trial begins anew."""


class Decider(Simulator, Protocol):
    """A simulator that waits for a decision."""

    def lacks(self, result: Any) -> str | None:
        """What a decision has to be here, if ``result`` is none."""


class HeuristicTask(RolloutTask):
    """A rule that a simulator asks at every decision; a trial is one instance, and its score tells how far from the
    limit the result is."""

    family: ClassVar[str] = "Heuristics"
    block_size: ClassVar[int] = 8
    limits = Limits(call_seconds=2.0, cpu_seconds=300)
    default_start: ClassVar[str] = "one_function/naive"
    max_inner_steps = 1_000_000
    cap_is_told: ClassVar[bool] = False  # an instance ends when all is decided, long before
    decision: ClassVar[str]
    """What the workflow returns."""
    protocols: ClassVar[Mapping[str, Mapping[str, Any]]] = {"default": {}, "paper": {}}
    distributions: Mapping[str, Sequence[str]]
    """By split, the distributions its instances are drawn from in turn; some are in ``test`` alone."""

    def __init__(self, **sizes: Any) -> None:
        super().__init__(**{"validation_size": 8, "test_size": 24} | sizes)

    def distribution(self, instance: Instance) -> str:
        """Where an instance is drawn from."""
        names = self.distributions["validation" if instance.split == CONFIRMATION else instance.split]
        return names[instance.index % len(names)]

    @abstractmethod
    def start_episode(self, instance: Instance, slot: int) -> Decider:
        """The instance's simulator, at its first decision."""

    def returns(self) -> str:
        return self.decision

    def checks(self, episodes: Sequence[Decider]) -> list[Callable[[Any], str | None]]:
        return [episode.lacks for episode in episodes]

    def arguments(self, observation: Any) -> Sequence[Any]:
        return tuple(observation.values())

    def measures(self, instance: Instance, score: float) -> dict[str, float]:
        return {self.distribution(instance): score}

    def shown(self, observation: Any, calls: list[Call]) -> tuple[Any, list[Call]]:
        return {name: in_a_cell(value) for name, value in observation.items()}, [
            Call(call.component, call.arguments, in_a_cell(call.result)) for call in calls
        ]


def in_a_cell(value: Any) -> Any:
    """A list as one text, so that it is one column of the trace however long it is.

    >>> in_a_cell([3, 0.25, [1, 10314.2]]), in_a_cell(4)
    ('3 0.25 1:10314', 4)
    """
    if type(value) is not list:
        return value
    return " ".join(":".join(map(_short, entry)) if type(entry) is list else _short(entry) for entry in value)


def _short(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return str(round(value)) if 1000 <= abs(value) < 1e15 else f"{value:.4g}"


def structures_of(component: Component, workflow: str, implementations: Mapping[str, str]) -> Mapping[str, Structure]:
    """The one structure, ``one_function``: a rule and what asks it."""
    texts = {name: {component.name: text} for name, text in implementations.items()}
    return {"one_function": Structure((component,), workflow, texts)}
