"""Texts of models and programs made harmless for a terminal: what hides, moves or reorders is shown by name."""

from __future__ import annotations

import unicodedata

HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that are not seen as what they are."""


def visible(text: str) -> str:
    r"""The text with each control, format and direction character by its code; line ends and tabs stay.

    >>> visible("a\x1b[31mb\u202ec\n")
    'a<U+001B>[31mb<U+202E>c\n'
    """
    return "".join(
        f"<U+{ord(letter):04X}>" if unicodedata.category(letter) in HIDDEN and letter not in "\n\t" else letter
        for letter in text
    )
