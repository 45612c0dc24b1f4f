"""What a scoring function may give back, and the texts that it may hand over to be optimized."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from genopt_gym.core.checks import whole_number
from genopt_gym.core.errors import ParameterError


@dataclass(frozen=True)
class Scored:
    """A score with what there is to say about it, for a scoring function to return.

    Attributes:
        score: a number from ``low`` to ``high``.
        metrics: further numbers by name; ``feedback=["metrics"]`` shows their means.
        feedback: words to whoever improves the components; ``feedback=["own"]`` shows those of train trials.
        trace: notes that stand at the end of the trial's trace, as those of ``workflow.log`` stand within it.

    >>> Scored(0.5, {"seconds": 3}, "Too slow on long lists.").feedback
    'Too slow on long lists.'
    """

    score: Any
    metrics: Mapping[str, Any] = field(default_factory=dict)
    feedback: str = ""
    trace: Sequence[Any] = ()


@dataclass(frozen=True)
class Text:
    """A component that is a text, with its contract.

    Attributes:
        text: what it is at the start.
        documentation: what it is for: the part of the contract that ``documentation="full"`` adds.
        placeholders: names that have to stand in it in braces, as in ``{question}``; an edit without one is refused.
            ``None`` takes those that the starting text has.
        max_chars: most characters of an edit; ``None`` is the limit of all components.

    Raises:
        ParameterError: a placeholder is missing from the start, or it is longer than ``max_chars``.
    """

    text: str
    documentation: str = ""
    placeholders: Sequence[str] | None = None
    max_chars: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or not isinstance(self.documentation, str):
            raise ParameterError(f"a text and its documentation are texts, got {self.text!r:.100}", "texts")
        if self.max_chars is not None:
            whole_number("max_chars of a text", self.max_chars, 1, parameter="texts")
        if isinstance(self.placeholders, str):
            raise ParameterError("placeholders of a text are a list of names", "texts")
        for name in self.placeholders or ():
            if "{" + str(name) + "}" not in self.text:
                raise ParameterError(f"the text lacks its own placeholder {{{name}}}: {self.text!r:.100}", "texts")
        if self.max_chars is not None and len(self.text) > self.max_chars:
            raise ParameterError(f"a text of {len(self.text):,} characters begins beyond its max_chars", "texts")
