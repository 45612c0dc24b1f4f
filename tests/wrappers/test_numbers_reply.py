"""NumbersReply: one reply is a line of numbers for the artifact's literals."""

from __future__ import annotations

from typing import Any

import pytest

from genopt_gym.core.edit import UnusableReply
from genopt_gym.core.spaces import Edits
from genopt_gym.envs.control.cart_pole import CartPole
from genopt_gym.wrappers import NumbersReply
from genopt_gym.wrappers.numbers_reply import NumbersCodec
from tests.wrappers.test_views import make

TEXTS = {"lean": "def lean(x):\n    return 4.0 * x - 2  # 7\n", "act": "def act(x):\n    return x > -0.125\n"}


def codec(texts: dict[str, str] = TEXTS) -> NumbersCodec:
    return NumbersCodec(Edits(texts, 1000), CartPole.metric)


def test_a_page_shows_score_and_numbers_and_ends_where_the_reply_begins() -> None:
    assert codec().page(TEXTS, 9.375) == "Score 9.375: [4, 2, -0.12]\nScore 475: ["


def test_what_is_better_than_the_reference_is_to_be_kept_at_least() -> None:
    assert codec().page(TEXTS, 481.26).endswith("\nScore 481.3: [")


@pytest.mark.parametrize(
    "reply", ["1.5, 3, -0.5]", "1.5 3 -0.5\n\nScore 475", "\n [1.5; 3; -.5].\n", "+1.5e0, 3.0, -5e-1"]
)
def test_a_line_of_numbers_in_any_usual_form_is_an_edit(reply: str) -> None:
    assert codec().edit(TEXTS, reply) == {
        "lean": "def lean(x):\n    return 1.5 * x - 3  # 7\n",
        "act": "def act(x):\n    return x > -0.5\n",
    }


@pytest.mark.parametrize(
    "reply", ["", "1, 2]", "1 2 3 4", "numbers: 1 2 3", "1, 2, x]", "1, 2, 1e999]", "1-2-3", "nan 1 2"]
)
def test_any_other_line_is_none(reply: str) -> None:
    found = codec().edit(TEXTS, reply)
    assert isinstance(found, UnusableReply)
    assert found.startswith("A reply is one line of 3 numbers and nothing else, not")


def test_an_artifact_without_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match=r"there is no number to set in act; .* start='modular/parametric'"):
        codec({"act": "def act(x):\n    return x\n"})


def test_a_reply_that_cannot_be_read_costs_a_step_and_changes_nothing() -> None:
    env: Any = NumbersReply(make(max_episode_steps=2))
    page, _ = env.reset(seed=0)
    again, reward, _, truncated, info = env.step("I would rather not.")
    assert (again, reward, info["outcome"], truncated) == (page, 0, "unparsable", False)
    assert env.step("0.1, -0.1, 5, -1.5, 0]")[3] is True


def test_it_earns_what_the_same_edit_earns() -> None:
    env: Any = NumbersReply(make())
    env.reset(seed=0)
    edit = env.codec.edit(env.unwrapped.artifact.texts, "0.1, -0.1, 5, -0.1, 0]")
    _, reward, *_ = env.step("0.1, -0.1, 5, -0.1, 0]")
    plain = make()
    plain.reset(seed=0)
    assert float(reward) == float(plain.step(edit)[1])
    assert float(reward) > 0
