"""Graders: what an answer is worth, held against the expected one. A new one is a class, and a row."""

from __future__ import annotations

import inspect
import json
import re
import unicodedata
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from genopt_gym.core.checks import number
from genopt_gym.core.errors import ParameterError
from genopt_gym.core.registry import Registry

MAX_ANSWER_CHARS = 20_000
_NUMBER = re.compile(r"[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")

Ask = Callable[[str], str]
"""Puts a prompt to the judge."""


@dataclass(frozen=True)
class Asked:
    """What a grader may know of a trial, beside the answer.

    Attributes:
        expected: the expected answer, as it stands in the data.
        example: all columns.
        where: the row, in words.
        judge: asks a model; None where there is none.
    """

    expected: Any
    example: Mapping[str, Any]
    where: str = ""
    judge: Ask | None = None


class Grader(ABC):
    """Scores answers from 0 to 1.

    Attributes:
        counts: when an answer is right, for the optimizer to read.
        score_name: what the score is called.
    """

    counts: ClassVar[str]
    score_name: ClassVar[str] = "share of examples answered right"
    needs_judge: ClassVar[bool] = False

    def problem(self, expected: Any) -> str:
        """Why no answer could be held against this expected one; empty if one can."""
        return "" if str(expected).strip() else "it is empty"

    @abstractmethod
    def grade(self, answer: str, asked: Asked) -> tuple[float, str]:
        """Score and words; the words must not tell the expected answer."""


@dataclass(frozen=True)
class Exact(Grader):
    """The answer is the expected text; blanks around it do not count."""

    counts: ClassVar[str] = "it is exactly the expected text"

    def grade(self, answer: str, asked: Asked) -> tuple[float, str]:
        return _judged(answer.strip() == str(asked.expected).strip(), answer)


@dataclass(frozen=True)
class Normalised(Grader):
    """The same text whatever its case, punctuation, accents and blanks."""

    counts: ClassVar[str] = "it is the expected text, whatever its case, punctuation and blanks"

    def grade(self, answer: str, asked: Asked) -> tuple[float, str]:
        return _judged(normalised(answer) == normalised(str(asked.expected)), answer)


@dataclass(frozen=True)
class Numeric(Grader):
    """The last number in the answer is the expected one, within a tolerance.

    Args:
        tolerance: how far off it may be.
        relative: how far off, as a part of the expected number.
    """

    counts: ClassVar[str] = "the last number in it is the expected one"

    tolerance: float = 1e-6
    relative: float = 0.0

    def __post_init__(self) -> None:
        number("tolerance", self.tolerance, 0)
        number("relative", self.relative, 0)

    def problem(self, expected: Any) -> str:
        found = _NUMBER.findall(str(expected))
        return "" if len(found) == 1 else "it is not one number"

    def grade(self, answer: str, asked: Asked) -> tuple[float, str]:
        found, (expected,) = numbers(answer), numbers(str(asked.expected))
        if not found:
            return 0.0, f"There is no number in the answer {answer[:200]!r}."
        slack = max(self.tolerance, self.relative * abs(expected))
        return _judged(abs(found[-1] - expected) <= slack, answer)


@dataclass(frozen=True)
class Contains(Grader):
    """The expected text stands somewhere in the answer, whatever its case, punctuation and blanks."""

    counts: ClassVar[str] = "the expected text stands in it"

    def problem(self, expected: Any) -> str:
        return "" if normalised(str(expected)) else "it has no letters or digits"

    def grade(self, answer: str, asked: Asked) -> tuple[float, str]:
        return _judged(f" {normalised(str(asked.expected))} " in f" {normalised(answer)} ", answer)


@dataclass(frozen=True)
class F1(Grader):
    """The harmonic mean of the shares of words that answer and expected text have in common."""

    counts: ClassVar[str] = "it has the words of the expected text and few others"
    score_name: ClassVar[str] = "F1 of the words of the answer"

    def grade(self, answer: str, asked: Asked) -> tuple[float, str]:
        mine, other = (Counter(normalised(text).split()) for text in (answer, str(asked.expected)))
        common = (mine & other).total()
        score = 2 * common / (mine.total() + other.total()) if common else 0.0
        return score, f"F1 {score:.2f}: {common} of the answer's {mine.total()} words were wanted."


@dataclass(frozen=True)
class JsonFields(Grader):
    """The share of the expected JSON object's fields that the answer's has with the same values.

    Args:
        fields: that count; all of the expected object if left out.
    """

    counts: ClassVar[str] = "it holds a JSON object with the expected fields and values"
    score_name: ClassVar[str] = "share of JSON fields right"

    fields: Sequence[str] | None = None

    def problem(self, expected: Any) -> str:
        read = _json_object(expected)
        if not read:
            return "it is no JSON object with fields"
        missing = [name for name in self.fields or () if name not in read]
        return f"it has no field {', '.join(missing)}" if missing else ""

    def grade(self, answer: str, asked: Asked) -> tuple[float, str]:
        expected, found = _json_object(asked.expected) or {}, _json_object(answer)
        if found is None:
            return 0.0, f"There is no JSON object in the answer {answer[:200]!r}."
        names = list(self.fields or expected)
        wrong = [name for name in names if name not in found or not _same(found[name], expected[name])]
        score = 1 - len(wrong) / len(names)
        return score, f"Wrong or missing fields: {', '.join(wrong)}." if wrong else "All fields are right."


@dataclass(frozen=True)
class Pattern(Grader):
    """The expected answer is a regular expression; the answer has to match it somewhere."""

    counts: ClassVar[str] = "it matches the expected pattern"

    def problem(self, expected: Any) -> str:
        try:
            re.compile(str(expected))
        except re.error as error:
            return f"it is no regular expression: {error}"
        return super().problem(expected)

    def grade(self, answer: str, asked: Asked) -> tuple[float, str]:
        return _judged(re.search(str(asked.expected), answer) is not None, answer)


GRADERS: Final = Registry(
    "grader",
    Grader,  # type: ignore[type-abstract]
    {
        "exact": "genopt_gym.envs.own.graders:Exact",
        "normalised": "genopt_gym.envs.own.graders:Normalised",
        "numeric": "genopt_gym.envs.own.graders:Numeric",
        "contains": "genopt_gym.envs.own.graders:Contains",
        "f1": "genopt_gym.envs.own.graders:F1",
        "json": "genopt_gym.envs.own.graders:JsonFields",
        "regex": "genopt_gym.envs.own.graders:Pattern",
        "judge": "genopt_gym.envs.own.judge:Judge",
    },
)


def make_grader(given: str | Mapping[str, Any]) -> tuple[str, Grader]:
    """Name and grader, of a name or of ``{"grader": name, ...}`` with what it takes.

    >>> make_grader({"grader": "numeric", "tolerance": 0.1})
    ('numeric', Numeric(tolerance=0.1, relative=0.0))
    """
    options = {"grader": given} if isinstance(given, str) else dict(given) if isinstance(given, Mapping) else {}
    name = options.pop("grader", None)
    if not isinstance(name, str):
        raise ParameterError(f"a grader is a name out of {', '.join(GRADERS)}, or {{'grader': name, ...}}", "function")
    kind = GRADERS.find(name)
    try:
        return name, kind(**options)
    except TypeError:
        known = ", ".join(inspect.signature(kind).parameters) or "nothing"
        raise ParameterError(f"the grader {name} takes {known}, got {', '.join(options)}", "function") from None


def normalised(text: str) -> str:
    """Small letters and digits of any script with single blanks between.

    >>> normalised("  The Café, No. 5! ")
    'the cafe no 5'
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w\s]|_", " ", plain).split())


def numbers(text: str) -> list[float]:
    """All numbers in a text, in order; commas between thousands are left out.

    >>> numbers("1,200 of 3e3, or -.5")
    [1200.0, 3000.0, -0.5]
    """
    return [float(found.replace(",", "")) for found in _NUMBER.findall(text)]


def _judged(right: bool, answer: str) -> tuple[float, str]:
    return (1.0, "Right.") if right else (0.0, f"Wrong: {answer[:300]!r}.")


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return normalised(a) == normalised(b)
    return bool(a == b)


def _json_object(value: Any) -> dict[str, Any] | None:
    """The first JSON object in a text, or the value itself if it is one."""
    if isinstance(value, Mapping):
        return dict(value)
    text, decoder = str(value), json.JSONDecoder()
    for found in re.finditer(r"\{", text):
        try:
            read, _ = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            continue
        return read if isinstance(read, dict) else None
    return None
