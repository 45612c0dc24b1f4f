"""Which earlier artifacts each artifact of a run was made from: as its agent told, else as far as their texts tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Lines = frozenset[tuple[str, str, int]]
"""Component, line and how often it stood there before: two equal lines are two members."""


class Descent(NamedTuple):
    """Where a step's artifact comes from.

    Attributes:
        parent: the step that made what it was made from; ``None`` for the first, and for one that was there before.
        others: steps whose artifacts went into it as well.
        told: whether the agent has told, or it is a guess.
    """

    parent: int | None
    others: Sequence[int]
    told: bool


class Lineage:
    r"""The artifacts of a run as they come, and the parents of each.

    Runs that were written before agents told them, and agents that do not tell, leave a guess: the earlier artifact
    that differs in the fewest lines, the latest of several.

    >>> lineage = Lineage()
    >>> texts = {"a": "x\ny\nz", "b": "x\ny\nq", "c": "x\nw\nz"}
    >>> [lineage.add(id, {"f": texts[id]}).parent for id in "abca"]
    [None, 0, 0, None]
    >>> lineage.add("d", {"f": "x"}, ["c", "a"])
    Descent(parent=2, others=[0], told=True)
    """

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._texts: dict[str, Mapping[str, str]] = {}
        self._lines: dict[str, Lines] = {}
        self._steps = 0

    def add(self, id: str, texts: Mapping[str, str], parents: Sequence[str] | None = None) -> Descent:
        """The next step's artifact.

        Args:
            id: of it.
            texts: component to text.
            parents: ids, as the run has stored them; ``None`` if it has not.
        """
        step, self._steps = self._steps, self._steps + 1
        if id in self._known:
            return Descent(None, (), parents is not None)
        if parents is not None:
            steps = [self._known[parent] for parent in parents if parent in self._known]
            found = Descent(steps[0] if steps else None, steps[1:], True)
        else:
            found = Descent(self._nearest(id, texts), (), False)
        self._known[id] = step
        self._texts[id] = texts
        return found

    def _nearest(self, id: str, texts: Mapping[str, str]) -> int | None:
        lines = self._lines[id] = _lines(texts)
        for other in self._known:
            if other not in self._lines:
                self._lines[other] = _lines(self._texts[other])
        distances = ((len(lines ^ self._lines[other]), -step) for other, step in self._known.items())
        return -min(distances)[1] if self._known else None


def _lines(texts: Mapping[str, str]) -> Lines:
    members = []
    for component, text in texts.items():
        seen: Counter[str] = Counter()
        for line in text.splitlines():
            members.append((component, line, seen[line]))
            seen[line] += 1
    return frozenset(members)
