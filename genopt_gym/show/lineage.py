"""Which earlier artifact each artifact of a run was made from, as far as their texts tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

Lines = frozenset[tuple[str, str, int]]
"""Component, line and how often it stood there before: two equal lines are two members."""


class Lineage:
    r"""The artifacts of a run as they come, and for each the earlier one that differs from it in the fewest lines.

    Agents that keep several artifacts (evolution, OpenEvolve, GEPA) edit any of them, and a run does not store which.

    >>> lineage = Lineage()
    >>> texts = {"a": "x\ny\nz", "b": "x\ny\nq", "c": "x\nw\nz"}
    >>> [lineage.add(id, {"f": texts[id]}) for id in "abca"]
    [None, 0, 0, None]
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, Lines]] = {}
        self._steps = 0

    def add(self, id: str, texts: Mapping[str, str]) -> int | None:
        """The next step's artifact.

        Returns:
            The step that made the nearest earlier one, the latest of several; ``None`` for the first, and for an
            artifact that was there before.
        """
        step, parent = self._steps, None
        self._steps += 1
        if id not in self._known:
            lines = _lines(texts)
            if self._known:
                parent = min((len(lines ^ other), -number) for number, other in self._known.values())[1] * -1
            self._known[id] = (step, lines)
        return parent


def _lines(texts: Mapping[str, str]) -> Lines:
    members = []
    for component, text in texts.items():
        seen: Counter[str] = Counter()
        for line in text.splitlines():
            members.append((component, line, seen[line]))
            seen[line] += 1
    return frozenset(members)
