"""Blind edits of source text."""

from __future__ import annotations

from collections import Counter

import numpy as np

from genopt_gym.agents.mutation import mutate
from genopt_gym.core.literals import find_comparisons, find_literals

TEXTS = {
    "act": "def act(x):\n    return 1 if x < 0.5 else -20  # seven\n",
    "aim": "def aim(x):\n    return 300 * x\n",
    "prose": "Think of 3 things (",
}


def mutations(texts: dict[str, str], count: int = 300) -> list[dict[str, str]]:
    rng = np.random.default_rng(0)
    return [mutate(texts, rng) for _ in range(count)]


def test_only_numbers_and_comparisons_change() -> None:
    for edit in mutations(TEXTS):
        assert set(edit) <= {"act", "aim"}
        for name, text in edit.items():
            assert text != TEXTS[name]
            assert len(find_literals(text)) == len(find_literals(TEXTS[name]))
            skeletons = [
                [word for word in t.replace("(", " ").replace(")", " ").split() if word.isalpha()]
                for t in (text, TEXTS[name])
            ]
            assert skeletons[0] == skeletons[1]


def test_one_to_three_numbers_move_or_one_comparison_turns() -> None:
    moved: Counter[int | str] = Counter()
    for edit in mutations(TEXTS):
        new = {**TEXTS, **edit}
        numbers = sum(
            a.value != b.value
            for name in ("act", "aim")
            for a, b in zip(find_literals(TEXTS[name]), find_literals(new[name]), strict=True)
        )
        turned = find_comparisons(new["act"])[0].operator != "<"
        assert numbers == 0 if turned else numbers <= 3
        moved["turned" if turned else numbers] += 1
    assert 10 < moved["turned"] < 60
    assert min(moved[1], moved[2], moved[3]) > 30


def test_zero_can_leave_zero() -> None:
    values = {find_literals(edit["f"])[0].value for edit in mutations({"f": "x = 0.0"}) if edit}
    assert len(values) > 100
    assert max(values) > 3
    assert min(values) < -3


def test_text_without_numbers_and_comparisons_is_left_alone() -> None:
    assert mutations({"f": "def f(): return None", "prose": "(3"}, 20) == [{}] * 20


def test_text_with_comparisons_alone_turns_one() -> None:
    assert {edit["f"] for edit in mutations({"f": "a >= b"}, 20)} == {"a <= b"}
