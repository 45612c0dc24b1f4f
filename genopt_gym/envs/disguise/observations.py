"""Observations under a disguise: other names, another order, and numbers on other scales, exactly invertible.

Each map is called with an observation and gives the disguised one; ``undo`` is the text of a function ``plain(obs)``
that gives its numbers back (not its names), for programs that were written for the undisguised task.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from genopt_gym.envs.disguise.words import Words

BOX = ("x", "y", "w", "h", "dx", "dy")
"""Fields of an object on a screen."""
IN_BOX = itemgetter(*BOX)
MAX_BOXES = 8192
"""How many disguised boxes are kept at most: objects stand still, or come where others were."""
MAX_SCALE = 7
MAX_SHIFT = 900
MAX_POWER = 3
SIGNS = "#."
"""Letters of pictures that are made of text."""


class ObservationMap(Protocol):
    """What an observation becomes under a disguise."""

    undo: str

    def __call__(self, observation: Any) -> Any: ...


class Axis(NamedTuple):
    """An exact map of whole numbers: ``scale * x + shift``, or mirrored ``shift - scale * (x + extent)``.

    The methods take and give expressions. A number in the text of ``undone`` is no literal: a search of a program's
    numbers must not bend the axis.
    """

    scale: int
    shift: int
    mirrored: bool

    @classmethod
    def draw(cls, rng: random.Random) -> Axis:
        return cls(rng.randint(2, MAX_SCALE), rng.randint(-MAX_SHIFT, MAX_SHIFT), rng.random() < 0.5)

    @property
    def factor(self) -> int:
        return -self.scale if self.mirrored else self.scale

    def place(self, x: str, extent: str = "0") -> str:
        """
        >>> Axis(3, 10, mirrored=True).place("x", "w")
        '10 - 3 * (x + w)'
        """
        if self.mirrored:
            return f"{self.shift} - {self.scale} * ({x} + {extent})"
        return f"{self.scale} * {x} + {self.shift}"

    def undone(self, x: str, extent: str = "") -> str:
        """The original place; ``extent`` is the original one.

        >>> Axis(3, 10, mirrored=True).undone("x", "w")
        "(x - int('10')) // int('-3') - w"
        """
        behind = f" - {extent}" if self.mirrored and extent else ""
        return f"({x} - int('{self.shift}')) // int('{self.factor}'){behind}"


class ScreenMap:
    """Objects on a screen under neutral names, on axes of their own. Observations share their boxes: change none.

    Args:
        words: of the disguise.
        rng: draws the axes and the order of an object's fields.
        axes: entries beside the objects that are places (``x`` or ``y``) or movements (``dx`` or ``dy``).

    >>> screen = ScreenMap(Words(3), random.Random(3), {})
    >>> seen = screen({"Ball": {"x": 5, "y": 6, "w": 2, "h": 4, "dx": -1, "dy": 0}, "reward": 1})
    >>> "Ball" in seen, list(seen.values())[1]
    (False, 1)
    """

    def __init__(self, words: Words, rng: random.Random, axes: Mapping[str, str]) -> None:
        self._words = words
        self._axis = {"x": Axis.draw(rng), "y": Axis.draw(rng)}
        field = {name: words(name) for name in BOX}
        x, y = self._axis["x"], self._axis["y"]
        texts = {
            "x": x.place("box['x']", "box['w']"),
            "y": y.place("box['y']", "box['h']"),
            "w": f"{x.scale} * box['w']",
            "h": f"{y.scale} * box['h']",
            "dx": f"{x.factor} * box['dx']",
            "dy": f"{y.factor} * box['dy']",
        }
        entries = ", ".join(f"{field[name]!r}: {texts[name]}" for name in rng.sample(BOX, len(BOX)))
        # Compiled, since it runs for every object at every inner step.
        self._entries = entries
        self._box = self._compiled()
        self._boxes: dict[tuple[int, ...], dict[str, int]] = {}
        self._axes = dict(axes)
        self._names: dict[str, str] = {}
        self._texts = dict(zip(SIGNS, rng.sample("abcdefghijk", len(SIGNS)), strict=True))
        self.undo = self._undo(field)

    def _compiled(self) -> Callable[[dict[str, int]], dict[str, int]]:
        return eval(f"lambda box: {{{self._entries}}}")  # type: ignore[no-any-return]

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_box": None, "_boxes": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._box = self._compiled()

    def __call__(self, observation: dict[str, Any]) -> dict[str, Any]:
        names, boxes, axes = self._names, self._boxes, self._axes
        seen: dict[str, Any] = {}
        for name, value in observation.items():
            neutral = names.get(name) or self._name(name)
            if type(value) is dict and len(value) == len(BOX):
                seen[neutral] = boxes.get(numbers := IN_BOX(value)) or self._kept(numbers, value)
            elif name in axes:
                seen[neutral] = self._number(axes[name], value)
            else:
                seen[neutral] = value if type(value) is int else self._other(value)
        return seen

    def _kept(self, numbers: tuple[int, ...], box: dict[str, int]) -> dict[str, int]:
        if len(self._boxes) == MAX_BOXES:
            self._boxes.clear()
        disguised = self._boxes[numbers] = self._box(box)
        return disguised

    def text(self, text: str) -> str:
        """A text among the values: words become neutral words, signs other signs."""
        if text not in self._texts:
            if set(text) <= set(SIGNS):
                self._texts[text] = "".join(self._texts[sign] for sign in text)
            else:
                self._texts[text] = self._words.within(text)
        return self._texts[text]

    def _name(self, name: str) -> str:
        self._names[name] = self._words.within(name)
        return self._names[name]

    def _number(self, kind: str, value: int) -> int:
        axis = self._axis[kind[-1]]
        return axis.factor * value + (0 if kind.startswith("d") else axis.shift)

    def _other(self, value: Any) -> Any:
        """Objects with fields of their own, texts, and lists of these; any other value stays."""
        if type(value) is dict:
            return self._box(value) | {self._name(name): inner for name, inner in value.items() if name not in BOX}
        if type(value) is str:
            return self.text(value)
        if type(value) is list and value and type(value[0]) is str:
            return [self.text(each) for each in value]
        return value

    def _undo(self, field: Mapping[str, str]) -> str:
        x, y = self._axis["x"], self._axis["y"]
        lines = ["def plain(obs):", "    seen = dict(obs)", "    for name, box in obs.items():"]
        lines += ["        if isinstance(box, dict):"]
        lines += [
            f"            w, h = box['{field['w']}'] // int('{x.scale}'), box['{field['h']}'] // int('{y.scale}')"
        ]
        lines += ["            seen[name] = box | {"]
        texts = {
            "x": x.undone(f"box['{field['x']}']", "w"),
            "y": y.undone(f"box['{field['y']}']", "h"),
            "w": "w",
            "h": "h",
            "dx": f"box['{field['dx']}'] // int('{x.factor}')",
            "dy": f"box['{field['dy']}'] // int('{y.factor}')",
        }
        lines += [f"                '{field[name]}': {text}," for name, text in texts.items()]
        lines += ["            }"]
        for name, kind in self._axes.items():
            axis, neutral = self._axis[kind[-1]], self._words.within(name)
            shifted = axis if not kind.startswith("d") else axis._replace(shift=0)
            lines += [f"    seen['{neutral}'] = {shifted.undone(f'''obs['{neutral}']''')}"]
        return "\n".join([*lines, "    return seen", ""])


class NumbersMap:
    """Numbers by name, or in a list, in another order, each with another sign and scale (a power of two, so that a
    float comes back as it was).

    Args:
        words: of the disguise.
        rng: draws order and scales.
        names: of the numbers, in order; a whole number is how many there are where they have no names.

    >>> numbers = NumbersMap(Words(3), random.Random(3), 2)
    >>> scope = {}
    >>> exec(numbers.undo, scope)
    >>> scope["plain"](numbers([0.1, -2.5]))
    [0.1, -2.5]
    """

    def __init__(self, words: Words, rng: random.Random, names: Sequence[str] | int) -> None:
        count = names if isinstance(names, int) else len(names)
        order = rng.sample(range(count), count)
        factors = [rng.choice((-1.0, 1.0)) * 2.0 ** rng.randint(-MAX_POWER, MAX_POWER) for _ in range(count)]
        self._parts: list[tuple[Any, Any, float]]
        if isinstance(names, int):
            self._parts = [(place, place, factors[place]) for place in order]
            back = sorted(range(count), key=order.__getitem__)
            items = [f"obs[int('{back[place]}')] * float('{1 / factors[place]}')" for place in range(count)]
            body = f"[{', '.join(items)}]"
        else:
            self._parts = [(names[place], words.within(names[place]), factors[place]) for place in order]
            undone = {words.within(name): 1 / factors[place] for place, name in enumerate(names)}
            body = "{" + ", ".join(f"'{n}': obs['{n}'] * float('{factor}')" for n, factor in undone.items()) + "}"
        self._named = not isinstance(names, int)
        self.undo = f"def plain(obs):\n    return {body}\n"

    def __call__(self, observation: Any) -> Any:
        if self._named:
            return {neutral: observation[name] * factor for name, neutral, factor in self._parts}
        return [observation[place] * factor for place, _, factor in self._parts]
