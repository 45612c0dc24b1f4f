"""MenuEdits: an action nudges one number or turns one comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genopt_gym.core.spaces import Edits
from genopt_gym.envs.control.cart_pole import CartPole
from genopt_gym.wrappers.menu import MenuCodec

TEXTS = {"lean": "def lean(x):\n    return 4.0 * x\n", "act": "def act(x):\n    return x > 0 or x == 1  # <\n"}


def codec(texts: dict[str, str] = TEXTS) -> MenuCodec:
    return MenuCodec(Edits(texts, 1000), CartPole.metric, None, 0.5)


def test_the_menu_in_order() -> None:
    menu = codec()
    assert menu.action_space.n == 1 + 2 * 3 + 2
    changed = [{n: t for n, t in menu.edit(TEXTS, i).items() if t != TEXTS[n]} for i in range(9)]
    assert changed == [
        {},
        {"lean": TEXTS["lean"].replace("4.0", "6.0")},
        {"lean": TEXTS["lean"].replace("4.0", "2.0")},
        {"act": TEXTS["act"].replace("0", "1")},
        {"act": TEXTS["act"].replace("0", "-1")},
        {"act": TEXTS["act"].replace("1", "2")},
        {"act": TEXTS["act"].replace("1", "0")},
        {"act": TEXTS["act"].replace(">", "<")},
        {"act": TEXTS["act"].replace("==", "!=")},
    ]


def test_a_nudge_up_and_one_down_and_two_turns_cancel() -> None:
    menu = codec()
    for there, back in ((1, 2), (3, 4), (7, 7), (8, 8)):
        texts = {**TEXTS, **menu.edit(TEXTS, there)}
        assert {**texts, **menu.edit(texts, back)} == TEXTS


def test_observation_tells_which_comparisons_are_turned() -> None:
    menu = codec()
    observation = {"score": np.array([22.6]), "best_score": np.array([475.0])}
    turned = {**TEXTS, **menu.edit(TEXTS, 8)}
    assert menu.vector(TEXTS, observation, 0).tolist() == [1, 0, 1, -1, 1, 0, 1, 1]
    assert menu.vector(turned, observation, 0).tolist() == [1, 0, 1, -1, -1, 0, 1, 1]


def test_comparisons_alone_make_a_menu() -> None:
    assert codec({"act": "def act(x):\n    return x > x\n"}).action_space.n == 2


@pytest.mark.parametrize("action", [9, -1, 1.5, np.nan, None, np.array([1, 2]), "1"])
def test_what_is_not_on_the_menu_is_refused(action: Any) -> None:
    with pytest.raises(ValueError, match="an action is a whole number from 0 to 8"):
        codec().edit(TEXTS, action)


def test_numpys_numbers_are_on_the_menu() -> None:
    assert codec().edit(TEXTS, np.int64(1)) == codec().edit(TEXTS, np.array(1)) == codec().edit(TEXTS, 1)
