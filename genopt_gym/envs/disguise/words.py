"""Neutral words: what names become under a disguise."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable

SYLLABLES = tuple(consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou")
STEM_SYLLABLES = 3
RUN = re.compile(r"[A-Za-z_]+")
"""What is replaced of a name: ``Car0`` and ``Car1`` keep their numbers, and so what they have in common."""


def in_syllables(number: int, least: int = 1) -> str:
    """A whole number from 0 as at least so many syllables; two numbers never give the same.

    >>> in_syllables(0), in_syllables(71), in_syllables(5, least=3)
    ('ba', 'bebe', 'babada')
    """
    digits: list[str] = []
    while number or len(digits) < least:
        number, digit = divmod(number, len(SYLLABLES))
        digits.append(SYLLABLES[digit])
    return "".join(reversed(digits))


class Words:
    """Neutral words of one disguise: the same word for the same word, anywhere.

    A word is a stem of three syllables, drawn by a hash, and the disguise's number in syllables. So two disguises have
    no word in common.

    Args:
        disguise: the number of the disguise, from 0.
        vocabulary: words to come, of which no two get the same neutral one.

    >>> words = Words(1, ["Ball", "Paddle"])
    >>> words("Ball") == words("Paddle"), words("Ball") == Words(2)("Ball")
    (False, False)
    """

    def __init__(self, disguise: int, vocabulary: Iterable[str] = ()) -> None:
        self._disguise = disguise
        self._suffix = in_syllables(disguise)
        self._known: dict[str, str] = {}
        taken: set[str] = set()
        for word in sorted(set(vocabulary)):
            tries = (self._draw(word, attempt) for attempt in itertools.count())
            self._known[word] = next(each for each in tries if each not in taken)
            taken.add(self._known[word])

    def __call__(self, word: str) -> str:
        """The neutral word for a whole word."""
        if word not in self._known:
            self._known[word] = self._draw(word, 0)
        return self._known[word]

    def within(self, text: str) -> str:
        """A text in which each run of letters is a neutral word; digits and signs stay."""
        return RUN.sub(lambda run: self(run[0]), text)

    def _draw(self, word: str, attempt: int) -> str:
        hashed = hashlib.sha256(f"{self._disguise}/{attempt}/{word}".encode()).digest()
        stem = int.from_bytes(hashed[:8], "big") % len(SYLLABLES) ** STEM_SYLLABLES
        return in_syllables(stem, STEM_SYLLABLES) + self._suffix
