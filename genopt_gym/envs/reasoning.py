"""Procedural reasoning: questions that ``reasoning-gym`` makes up, so that nothing has to be downloaded.

A question is known by a number from which its generator draws it. Each split takes its numbers from a range of its
own, far from the others: a generator adds its seed to an item's number, so data sets of neighbouring seeds share all
their items but one, and seeds are no way to keep splits apart. Generators that repeat themselves are kept
apart by the text too: its hash decides for which split it may be used. The same number gives the same question in
any process; another version of ``reasoning-gym`` may give others.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from genopt_gym.core.errors import UserError
from genopt_gym.core.evidence import Instance
from genopt_gym.core.task import CONFIRMATION, SPLITS
from genopt_gym.envs.questions import (
    LAST_NUMBER,
    FirstTry,
    QuestionTask,
    always,
    model_structures,
    program_structures,
    share_metric,
)

if TYPE_CHECKING:
    from reasoning_gym.dataset import ProceduralDataset

SPAN: Final = 10**12
"""Numbers of one split; no two splits, of whatever ``split_seed``, share one."""
TRIES: Final = 1000
"""Numbers of one instance, until one gives a text that belongs to its split."""
RIGHT: Final = 0.999
"""What the generator's own scorer must give: most of them praise a little what is nearly right."""
PAPER: Final[Mapping[str, Any]] = {
    "train_size": 15,
    "validation_size": 10,
    "test_size": 175,
    "score_split": "train",
    "feedback": ["score", "answer"],
}


class ReasoningTask(QuestionTask):
    """Questions of one generator.

    Args:
        train_size: questions that give evidence.
        validation_size: questions that select.
        test_size: hidden questions.
        **more: as for any task: ``split_seed``.

    Raises:
        UserError: ``reasoning-gym`` is not installed.
        ValueError: an argument is not allowed.
    """

    family: ClassVar[str] = "Reasoning"
    generator: ClassVar[str]
    """Its name in ``reasoning-gym``."""
    options: ClassVar[Mapping[str, Any]]
    """How its questions differ from its usual ones."""
    repeats: ClassVar[bool]
    """Whether it has so few questions that some come twice."""
    default_start: ClassVar[str] = "program/naive"
    protocols: ClassVar[Mapping[str, Mapping[str, Any]]] = {"default": {}, "paper": PAPER}

    def __init__(self, *, train_size: int = 200, validation_size: int = 40, test_size: int = 100, **more: Any) -> None:
        super().__init__(train_size=train_size, validation_size=validation_size, test_size=test_size, **more)
        if max(self._sizes.values()) * TRIES > SPAN // 2:
            raise ValueError(f"a split has at most {SPAN // TRIES // 2:,} questions")
        if importlib.util.find_spec("reasoning_gym") is None:
            raise UserError(f"{type(self).__name__} needs reasoning-gym: pip install 'genopt-gym[reasoning]'")
        self._dataset: ProceduralDataset | None = None
        self._items: dict[tuple[str, int], dict[str, Any]] = {}

    def question(self, instance: Instance) -> str:
        return str(self._item(instance)["question"])

    def expected(self, instance: Instance) -> str:
        return str(self._item(instance)["answer"])

    def is_right(self, instance: Instance, answer: str) -> bool:
        try:
            return float(self._generator().score_answer(answer, self._item(instance))) >= RIGHT
        except Exception:  # the scorers read numbers and names out of the answer, which may be anything
            return False

    def _item(self, instance: Instance) -> dict[str, Any]:
        key = instance.split, instance.index
        if key not in self._items:
            self._items[key] = self._draw(*key)
        return self._items[key]

    def _draw(self, split: str, index: int) -> dict[str, Any]:
        # Confirmation has numbers of the second half of those of validation, and texts of the same kind.
        again = split == CONFIRMATION
        place = SPLITS.index("validation" if again else split)
        # split_seed may be below 0, but a generator takes a number and its negative for the same.
        turn = 2 * self.split_seed if self.split_seed >= 0 else -2 * self.split_seed - 1
        first = (turn * len(SPLITS) + place) * SPAN + index * TRIES + again * SPAN // 2
        taken = self._validation_texts() if again and self.repeats else frozenset()
        for number in range(first, first + TRIES):
            item: dict[str, Any] = self._generator()[number]
            if not self.repeats or (place == _place(item["question"]) and item["question"] not in taken):
                return item
        raise RuntimeError(f"{self.generator} gave no question for {split}/{index} in {TRIES} tries")

    def _validation_texts(self) -> frozenset[str]:
        return frozenset(self.question(instance) for instance in self.instances("validation"))

    def _generator(self) -> ProceduralDataset:
        if self._dataset is None:
            import reasoning_gym  # takes a second

            self._dataset = reasoning_gym.create_dataset(self.generator, seed=0, size=SPAN, **self.options)
        return self._dataset

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_dataset": None}


def _place(question: str) -> int:
    """The split, by its place, for which a text may be used, whatever the ``split_seed``."""
    return hashlib.sha256(question.encode()).digest()[0] % len(SPLITS)


class GeneratorRow(NamedTuple):
    """One task: its name in ids, its generator, what it asks, and how it is answered."""

    name: str
    generator: str
    goal: str
    form: str
    floor: float
    """What the most frequent answer scores, given to every question; over 2,000 test questions."""
    naive: FirstTry
    options: Mapping[str, Any] = {}
    repeats: bool = True


INTEGER: Final = "a whole number in digits, such as '42'."

TABLE: Final = (
    GeneratorRow(
        "BaseConversion",
        "base_conversion",
        "Convert a number from one base to another, between 2 and 16.",
        "the digits alone, with small letters above 9.",
        0.0,
        LAST_NUMBER,
        options={"max_value": 1000000},
    ),
    GeneratorRow(
        "BasicArithmetic",
        "basic_arithmetic",
        "Work out sums with brackets, the four operations and signs; every division comes out even.",
        INTEGER,
        0.015,
        LAST_NUMBER,
    ),
    GeneratorRow(
        "CalendarArithmetic",
        "calendar_arithmetic",
        "Several kinds of questions about the calendar: weekdays, days between dates, recurring events, leap years.",
        "as the question asks for it: a weekday, a number, or Yes or No.",
        0.1,
        always("Monday"),
    ),
    GeneratorRow(
        "CircuitLogic",
        "circuit_logic",
        "Read a drawing of a logic circuit, its legend and its inputs, and tell its output.",
        "0 or 1.",
        0.62,
        always("1"),
    ),
    GeneratorRow(
        "CourseSchedule",
        "course_schedule",
        "Courses have others as prerequisites; can all of them be taken in some order?",
        "True or False.",
        0.51,
        always("True"),
    ),
    GeneratorRow(
        "FamilyRelationships",
        "family_relationships",
        "Sentences tell who is married to whom and whose children they have; what is one person to another?",
        "one word, such as 'father'.",
        0.17,
        always("mother"),
    ),
    GeneratorRow(
        "KnightsKnaves",
        "knights_knaves",
        "Some people always tell the truth and some always lie, under changing names for the two; from what they say "
        "about one another find out who is what.",
        "a sentence such as 'Zoey is a hero, and Aria is a villain.', in the question's own words.",
        0.0,
        always("nobody knows"),
        options={"n_people": 3},
    ),
    GeneratorRow(
        "LegCounting",
        "leg_counting",
        "How many legs do so many animals of so many kinds have together?",
        INTEGER,
        0.01,
        LAST_NUMBER,
    ),
    GeneratorRow(
        "ShortestPath",
        "shortest_path",
        "Find a shortest way through a grid with blocked cells.",
        "the directions with blanks between them, such as 'right down', or infeasible.",
        0.38,
        always("right down"),
    ),
    GeneratorRow(
        "StringManipulation",
        "string_manipulation",
        "Numbered rules change a string; the first that applies is used, again and again, until none does or a string "
        "comes back. What is left?",
        "the string alone.",
        0.0,
        always(""),
    ),
    GeneratorRow(
        "Syllogism",
        "syllogism",
        "Does a statement about all, some or none of a kind follow from two others? Wanted is what the "
        "questions' author computes, mostly by the rules of classical syllogisms; it is not always what logic says.",
        "Yes or No.",
        0.7,
        always("No"),
    ),
    GeneratorRow(
        "TimeIntervals",
        "time_intervals",
        "How long is it from one time, or date, to another, some in different time zones?",
        "the duration in the form that the question names.",
        0.0,
        always("0 days"),
    ),
    GeneratorRow(
        "WordSorting",
        "word_sorting",
        "Sort words by the codes of their characters, upwards or downwards.",
        "the words with commas between them, such as 'Ant, bee, wasp'.",
        0.0,
        always(""),
    ),
    GeneratorRow(
        "ZebraPuzzles",
        "zebra_puzzles",
        "People live in houses in a row and differ in several properties; clues tell who is who. Who lives in one of "
        "the houses?",
        "the person's name.",
        0.27,
        always("alice"),
        repeats=False,
    ),
)


def _task(row: GeneratorRow) -> type[ReasoningTask]:
    facts = {
        "__doc__": f"``{row.generator}`` of ``reasoning-gym``. {row.goal}\n\nAn answer is {row.form} "
        "Arguments as for ``ReasoningTask``.",
        "__module__": __name__,
        "generator": row.generator,
        "options": row.options,
        "repeats": row.repeats,
        "form": row.form,
        "goal": f"Write a program that answers questions of one kind. {row.goal}\nAn answer is {row.form}",
        "metric": share_metric(row.floor, "the most frequent answer, given to 2,000 test questions"),
        "structures": program_structures(row.form, row.naive) | model_structures(row.form),
    }
    return type(row.name, (ReasoningTask,), facts)


TASKS: Final = {row.name: _task(row) for row in TABLE}
"""The task classes by name; each is an attribute of this module too, so that an id can name it."""

globals().update(TASKS)
