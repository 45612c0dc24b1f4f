"""The 23 tasks of BIG-Bench Extra Hard, one class each, made from one table.

The questions come from ``genopt_gym.envs.bbeh.data``; splits, graders and known oddities are told in ``docs/bbeh.md``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from genopt_gym.core.artifact import Structure
from genopt_gym.core.errors import ParameterError
from genopt_gym.core.evidence import Instance
from genopt_gym.envs.bbeh import data
from genopt_gym.envs.bbeh.grading import GRADERS
from genopt_gym.envs.bbeh.table import TABLE, TaskRow
from genopt_gym.envs.questions import QuestionTask, cut, model_structures, program_structures, share_metric

PAPER: Final[Mapping[str, Any]] = {
    "split_order": "fixed",
    "train_size": 15,
    "validation_size": 10,
    "grader": "paper",
    "score_split": "train",
    "feedback": ["score", "answer"],
}


RECORDS: Final[Mapping[str, float]] = {
    "CausalUnderstanding": 0.391667,
    "DyckLanguages": 0.991667,
    "GeometricShapes": 0.966667,
}
"""Test scores of the reference programs that leave something to be answered right."""


class BBEHTask(QuestionTask):
    """Questions of one BBEH task.

    Args:
        data_dir: checkout of the official repository; by default as ``data.load`` finds it.
        grader: ``official`` (the benchmark's lenient rules) or ``paper`` (the study's metric).
        split_order: ``seeded`` (by ``split_seed``; questions with the same text are left out) or ``fixed`` (as
            published).
        train_size: questions that give evidence; the first of the order.
        validation_size: questions that select; the next.
        test_size: hidden questions; ``None`` takes all the others.
        confirmation_size: questions between validation and test for ``confirm``; a task has 200 in all, so that these
            are none unless asked for.
        **more: as for any task: ``split_seed``.

    Raises:
        QuestionsError: the questions are missing or damaged.
        ValueError: an argument is not allowed, or there are too few questions for the sizes.
    """

    family: ClassVar[str] = "BBEH"
    slug: ClassVar[str]
    """The task's name in the official repository, without ``bbeh_``."""
    has_fresh_instances: ClassVar[bool] = False  # they would have to come from test
    default_start: ClassVar[str] = "program/naive"
    protocols: ClassVar[Mapping[str, Mapping[str, Any]]] = {"default": {}, "paper": PAPER}

    def __init__(
        self,
        *,
        data_dir: str | None = None,
        grader: str = "official",
        split_order: str = "seeded",
        train_size: int = 40,
        validation_size: int = 40,
        test_size: int | None = None,
        confirmation_size: int = 0,
        **more: Any,
    ) -> None:
        sizes: dict[str, Any] = {"train_size": train_size, "validation_size": validation_size, "test_size": test_size}
        sizes = {name: size for name, size in sizes.items() if size is not None}
        super().__init__(**sizes, confirmation_size=confirmation_size, **more)
        if grader not in GRADERS:
            raise ParameterError(f"grader={grader!r} is not one of {', '.join(map(repr, GRADERS))}", "grader")
        if split_order not in ("seeded", "fixed"):
            raise ParameterError(f"split_order={split_order!r} is not one of 'seeded', 'fixed'", "split_order")
        self._is_right = GRADERS[grader]
        self._examples = data.load(self.slug, data_dir)
        order = self._seeded_order() if split_order == "seeded" else list(range(len(self._examples)))
        self._positions = cut(order, train_size, validation_size, test_size, confirmation_size)
        self._sizes = {split: len(positions) for split, positions in self._positions.items()}

    def question(self, instance: Instance) -> str:
        return self._example(instance).input

    def expected(self, instance: Instance) -> str:
        return self._example(instance).target

    def is_right(self, instance: Instance, answer: str) -> bool:
        return self._is_right(answer, self.expected(instance))

    def _example(self, instance: Instance) -> data.Example:
        return self._examples[self._positions[instance.split][instance.index]]

    def _seeded_order(self) -> list[int]:
        """Positions of the questions in an order by ``split_seed``, without those whose text is not their own."""
        times = Counter(example.input for example in self._examples)
        own = [position for position, example in enumerate(self._examples) if times[example.input] == 1]
        return sorted(own, key=self._lot)

    def _lot(self, position: int) -> bytes:
        return hashlib.sha256(f"{self.slug}/{self.split_seed}/{position}".encode()).digest()


def _task(row: TaskRow) -> type[BBEHTask]:
    facts = {
        "__doc__": f"BBEH's ``{row.slug}``. {row.goal}\n\nAn answer is {row.form} Arguments as for ``BBEHTask``.",
        "__module__": __name__,
        "slug": row.slug,
        "form": row.form,
        "goal": f"Write a program that answers questions of one kind. {row.goal}\nAn answer is {row.form}",
        "metric": share_metric(row.floor, row.floor_source, RECORDS.get(row.name)),
        "structures": structures(row),
    }
    return type(row.name, (BBEHTask,), facts)


def structures(row: TaskRow) -> Mapping[str, Structure]:
    """The artifacts that a task can start from."""
    return program_structures(row.form, row.naive) | model_structures(row.form)


TASKS: Final = {row.name: _task(row) for row in TABLE}
"""The task classes by name; each is an attribute of this module too, so that an id can name it."""

globals().update(TASKS)
