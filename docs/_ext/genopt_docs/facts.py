"""What the registry says of each environment, without data, keys or a network."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from genopt_docs.fingerprint import ROOT
from genopt_gym.cli.environments import family_of
from genopt_gym.core.metric import Metric
from genopt_gym.core.task import Task, TaskSpec
from genopt_gym.registration import EXAMPLES, FUNCTION, NESTED, TABLE, Row

PICTURES = ROOT / "docs" / "_static" / "environments"
"""Pictures that ``python -m genopt_docs.pictures`` has drawn of artifacts at play; small, and part of the
repository."""
WITHOUT_DATA = {"GENOPT_DATA": os.devnull, "GENOPT_BBEH_DIR": os.devnull, "HF_HUB_OFFLINE": "1"}
"""Environment variables under which no task finds data of others: what a page says must not depend on the machine."""
GUIDES = {
    "Atari": "atari",
    "BBEH": "bbeh",
    "Control": "control",
    "Discovery": "discovery",
    "Function": "your-own-task",
    "Heuristics": "heuristics",
    "MiniGrid": "minigrid",
    "MLAgentBench": "mlagentbench",
    "Nested": "training",
    "NetHack": "nethack",
    "Objects": "deep-rl",
    "Policy": "control",
    "Reasoning": "bbeh",
    "Tabular": "mlagentbench",
}
"""Family to the guide about it."""
NEEDS = {
    "BBEH": "BBEH's questions, which are yours to get",
    "MiniGrid": "the extra `minigrid`",
    "Nested": "a model",
    "NetHack": "the extra `nethack`, in an environment of its own",
    "Reasoning": "the extra `reasoning`",
    "Tabular": "the extra `ml`",
    "Control-LunarLander": "the extra `box2d`",
    "MLAgentBench-HousePrice": "the extra `ml` and Kaggle's table, which is yours to get",
    "MLAgentBench-SpaceshipTitanic": "the extra `ml` and Kaggle's table, which is yours to get",
}
"""Family or name of an environment to what it needs beside the core."""


@contextmanager
def without_data() -> Iterator[None]:
    """``WITHOUT_DATA`` holds inside: no hub is asked, which would be tried for half a minute for each task of BBEH."""
    before = {name: os.environ.get(name) for name in WITHOUT_DATA}
    os.environ |= WITHOUT_DATA
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@dataclass(frozen=True)
class Facts:
    """An environment as its pages show it.

    Attributes:
        row: of the registry.
        kind: the task's class.
        task: the task with its default arguments, or its class where it cannot be made without data.
    """

    row: Row
    kind: type[Task]
    task: Task | type[Task]

    @property
    def id(self) -> str:
        return self.row.id

    @property
    def name(self) -> str:
        """As in ``Atari-Pong``."""
        return self.id.removeprefix("GenOpt/").removesuffix("-v0")

    @property
    def family(self) -> str:
        return family_of(self.id)

    @property
    def place(self) -> str:
        """Its page, without the ending, within the folder of the environments.

        Lower case, as addresses are.
        """
        return self.name.lower()

    @property
    def metric(self) -> Metric | None:
        """What scores mean; None where somebody's own function says it."""
        found = getattr(self.task, "metric", None)
        return found if isinstance(found, Metric) else None

    @property
    def structures(self) -> Mapping[str, Any]:
        """Empty where somebody's own function says it."""
        found = getattr(self.task, "structures", None)
        return found if isinstance(found, Mapping) else {}

    @property
    def needs(self) -> str:
        return NEEDS.get(self.name) or NEEDS.get(self.family, "")

    @property
    def image(self) -> str:
        """The picture's place, from the folder of the environments: of play where there is one, else of its scores."""
        if (PICTURES / f"{self.place}.png").exists():
            return f"../_static/environments/{self.place}.png"
        return f"{self.place}.svg"


@cache
def all_facts() -> tuple[Facts, ...]:
    """Of every environment whose steps are edits."""
    return tuple(map(_facts, (*TABLE, NESTED, FUNCTION, EXAMPLES)))


def _facts(row: Row) -> Facts:
    kind = TaskSpec(row.task, {}).load()
    try:
        return Facts(row, kind, kind())
    except Exception:  # it needs arguments, or data that is not here
        return Facts(row, kind, kind)
