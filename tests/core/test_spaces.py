"""Spaces for free text and for partial edits, alone and in vector environments."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.vector.utils import create_shared_memory, read_from_shared_memory, write_to_shared_memory
from hypothesis import given, settings
from hypothesis import strategies as st

from genopt_gym.core.spaces import Edits, Unicode

write: Any = write_to_shared_memory
"""As Gymnasium types it, it takes arrays alone."""

TEXTS = {
    "act": "def act(obs):\n    # é漢\n    return 1 if obs['x'] > 0.5 else -2\n",
    "broken": "def (",
    "empty": "",
}


@pytest.mark.parametrize("text", ["", "é漢\U0001f3ae", "\0", "\ud800", "12345"])
def test_unicode_holds_any_text_up_to_its_length(text: str) -> None:
    assert text in Unicode(5)


@pytest.mark.parametrize("value", ["123456", None, 3, b"bytes", ["a"]])
def test_unicode_holds_nothing_else(value: Any) -> None:
    assert value not in Unicode(5)


@pytest.mark.parametrize(
    "edit",
    [{}, {"act": ""}, {"act": "é", "broken": "x" * 50}],
)
def test_edits_hold_texts_for_any_of_the_components(edit: Any) -> None:
    assert edit in Edits(TEXTS, 50)


@pytest.mark.parametrize("edit", [{"stranger": ""}, {"act": None}, {"act": "x" * 51}, {3: ""}, "act", None, ["act"]])
def test_edits_hold_nothing_else(edit: Any) -> None:
    assert edit not in Edits(TEXTS, 50)


@pytest.mark.parametrize("space", [Unicode(30), Unicode(0), Edits(TEXTS, 100), Edits(TEXTS, 5), Edits({}, 5)])
def test_samples_lie_in_their_space_and_come_again_with_the_seed(space: gym.Space[Any]) -> None:
    space.seed(3)
    samples = [space.sample() for _ in range(200)]
    assert all(sample in space for sample in samples)
    space.seed(3)
    assert [space.sample() for _ in range(200)] == samples


def test_samples_are_a_mix_of_unchanged_mutated_and_garbage() -> None:
    space = Edits(TEXTS, 1000, seed=0)
    drawn = [space.sample().get("act") for _ in range(400)]
    kinds = {"absent": 0, "unchanged": 0, "compiles": 0, "garbage": 0}
    for text in drawn:
        if text is None:
            kinds["absent"] += 1
        elif text == TEXTS["act"]:
            kinds["unchanged"] += 1
        else:
            try:
                compile(text, "act", "exec")
                kinds["compiles"] += 1
            except (SyntaxError, ValueError):
                kinds["garbage"] += 1
    assert min(kinds.values()) > 40, kinds


def test_samples_survive_json() -> None:
    space = Edits(TEXTS, 1000, seed=0)
    samples = [space.sample() for _ in range(20)]
    assert space.from_jsonable(json.loads(json.dumps(space.to_jsonable(samples)))) == samples


@pytest.mark.parametrize("make", [copy.deepcopy, lambda space: pickle.loads(pickle.dumps(space))])
def test_copies_are_equal_and_sample_alike(make: Any) -> None:
    for space in (Unicode(30, seed=1), Edits(TEXTS, 100, seed=1)):
        twin = make(space)
        assert twin == space
        assert [twin.sample() for _ in range(10)] == [space.sample() for _ in range(10)]


def test_spaces_are_equal_by_what_they_hold() -> None:
    assert Unicode(5) == Unicode(5, seed=3)
    assert Unicode(5) != Unicode(6)
    assert Edits({"a": "x"}, 5) == Edits({"a": "x"}, 5, seed=3)
    assert Edits({"a": "x"}, 5) != Edits({"b": "x"}, 5)
    assert Edits({"a": "x"}, 5) != Edits({"a": "x"}, 6)
    assert Unicode(5) != Edits({}, 5)


def test_reprs_are_short() -> None:
    assert repr(Unicode(5)) == "Unicode(5)"
    assert repr(Edits(TEXTS, 50)) == "Edits(act, broken, empty; 50)"


# --- shared memory


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(st.characters(), max_size=9), min_size=3, max_size=3))
def test_texts_survive_shared_memory(texts: list[str]) -> None:
    space = Unicode(9)
    memory = create_shared_memory(space, n=3, ctx=multiprocessing)
    for index, text in enumerate(texts):
        write(space, index, text, memory)
    assert list(read_from_shared_memory(space, memory, n=3)) == texts


def test_what_was_read_once_shows_what_is_written_later() -> None:
    """Gymnasium reads when a vector environment is made, and copies at every step."""
    space = Unicode(5)
    memory = create_shared_memory(space, n=2, ctx=multiprocessing)
    seen: Any = read_from_shared_memory(space, memory, n=2)
    write(space, 0, "long", memory)
    write(space, 1, "é", memory)
    first = copy.deepcopy(seen)
    write(space, 0, "a", memory)
    assert first == ("long", "é")
    assert (seen[0], seen[-1], seen[:], len(seen)) == ("a", "é", ("a", "é"), 2)


def test_text_of_the_greatest_length_fits_in_any_letters() -> None:
    space = Unicode(3)
    memory = create_shared_memory(space, n=2, ctx=multiprocessing)
    for index in (1, 0):
        write(space, index, "\U0001f3ae" * 3, memory)
    assert list(read_from_shared_memory(space, memory, n=2)) == ["\U0001f3ae" * 3] * 2
