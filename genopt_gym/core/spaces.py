"""Gymnasium spaces for free text and for partial edits.

``gymnasium.spaces.Text`` refuses the empty string and anything outside a fixed character set, and its shared
memory corrupts such text; ``Unicode`` takes any string up to a length, in every vector mode.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Mapping, Sequence
from multiprocessing.context import BaseContext
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector.utils import create_shared_memory, read_from_shared_memory, write_to_shared_memory

from genopt_gym.core.literals import find_comparisons, find_literals, replace_comparison, replace_literals

GARBAGE = "abc xyz 0123456789 ()[]{}:=+-*/.,_\n\t'\"\\#@é漢\U0001f3ae\0"


class Unicode(gym.Space[str]):
    """Any string of at most ``max_length`` characters.

    >>> space = Unicode(5, seed=0)
    >>> "" in space, "é漢" in space, "longer" in space
    (True, True, False)
    """

    def __init__(self, max_length: int, seed: int | np.random.Generator | None = None) -> None:
        self.max_length = int(max_length)
        super().__init__(dtype=str, seed=seed)

    @property
    def is_np_flattenable(self) -> bool:
        return False

    def sample(self, mask: None = None, probability: None = None) -> str:
        """A short random string, garbage mostly."""
        length = int(self.np_random.integers(0, min(self.max_length, 40) + 1))
        return "".join(GARBAGE[i] for i in self.np_random.integers(0, len(GARBAGE), length))

    def contains(self, x: Any) -> bool:
        return isinstance(x, str) and len(x) <= self.max_length

    def __repr__(self) -> str:
        return f"Unicode({self.max_length})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unicode) and other.max_length == self.max_length


class Edits(gym.Space[dict[str, str]]):
    """New text for any subset of the editable components; the empty edit changes nothing.

    Args:
        texts: editable component to the text that ``sample`` starts from.
        max_length: characters a text may have.

    >>> space = Edits({"act": "def act(obs): return 1 if obs > 0.5 else 0"}, 20_000, seed=0)
    >>> {} in space, {"act": "x"} in space, {"other": "x"} in space
    (True, True, False)
    """

    def __init__(
        self, texts: Mapping[str, str], max_length: int, seed: int | np.random.Generator | None = None
    ) -> None:
        self.texts = dict(texts)
        self.max_length = int(max_length)
        super().__init__(dtype=None, seed=seed)

    @property
    def is_np_flattenable(self) -> bool:
        return False

    def sample(self, mask: None = None, probability: None = None) -> dict[str, str]:
        """A mix, for tests and baselines: components unchanged, slightly mutated, and plain garbage."""
        edit = {}
        for name, text in self.texts.items():
            dice = self.np_random.random()
            if dice < 0.25:
                continue
            if dice < 0.4:
                new = text
            elif dice < 0.9:
                new = self._mutated(text)
            else:
                new = Unicode(self.max_length, seed=self.np_random).sample()
            edit[name] = new[: self.max_length]
        return edit

    def contains(self, x: Any) -> bool:
        return isinstance(x, Mapping) and all(
            name in self.texts and isinstance(text, str) and len(text) <= self.max_length for name, text in x.items()
        )

    def to_jsonable(self, sample_n: Iterable[dict[str, str]]) -> list[Any]:
        return [dict(sample) for sample in sample_n]

    def from_jsonable(self, sample_n: list[Any]) -> list[dict[str, str]]:
        return [dict(sample) for sample in sample_n]

    def __repr__(self) -> str:
        return f"Edits({', '.join(self.texts)}; {self.max_length})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Edits) and (other.texts, other.max_length) == (self.texts, self.max_length)

    def _mutated(self, text: str) -> str:
        """The text with a number nudged, a comparison turned, or a line dropped or doubled."""
        rng = self.np_random
        try:
            numbers, comparisons = find_literals(text), find_comparisons(text)
        except SyntaxError:
            numbers, comparisons = [], []
        kind = rng.integers(3)
        if kind == 0 and numbers:
            values = [float(number.value) for number in numbers]
            values[rng.integers(len(values))] += float(rng.normal(0, 2))
            return replace_literals(text, values)
        if kind == 1 and comparisons:
            comparison = comparisons[rng.integers(len(comparisons))]
            return replace_comparison(text, comparison, "<" if ">" in comparison.operator else ">")
        lines = text.split("\n")
        at = int(rng.integers(len(lines)))
        lines[at : at + 1] = [lines[at]] * int(rng.choice([0, 2]))
        return "\n".join(lines)


def _create(space: Unicode, n: int = 1, ctx: BaseContext | Any = multiprocessing) -> Any:
    """Room for ``n`` texts: their lengths in bytes, and the bytes."""
    return ctx.Array("q", n), ctx.Array("B", n * space.max_length * 4)


def _write(space: Unicode, index: int, value: str, shared_memory: Any) -> None:
    lengths, content = shared_memory
    data = value.encode("utf-8", "surrogatepass")
    room = np.frombuffer(content.get_obj(), np.uint8)
    start = index * space.max_length * 4
    room[start : start + len(data)] = np.frombuffer(data, np.uint8)
    lengths[index] = len(data)


class _SharedTexts(Sequence[str]):
    """The texts in shared memory as they are now; a deep copy is a tuple of what they are at that moment.

    Gymnasium's vector environments read shared memory once, and give out a deep copy at every step.
    """

    def __init__(self, space: Unicode, shared_memory: Any, n: int) -> None:
        self._lengths, content = shared_memory
        self._rows = np.frombuffer(content.get_obj(), np.uint8).reshape(n, space.max_length * 4)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self)[index]
        return self._rows[index, : self._lengths[index]].tobytes().decode("utf-8", "surrogatepass")

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[str, ...]:
        return tuple(self)


def _read(space: Unicode, shared_memory: Any, n: int = 1) -> Any:
    return _SharedTexts(space, shared_memory, n)


create_shared_memory.register(Unicode, _create)
read_from_shared_memory.register(Unicode, _read)
write_to_shared_memory.register(Unicode, _write)
