"""Neutral words: always the same, never shared by two disguises."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from genopt_gym.envs.disguise.words import Words, in_syllables

NAMES = st.text("abcdefghijklmnopqrstuvwxyzABC_", min_size=1, max_size=12)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_in_syllables_differ_as_the_numbers_do(a: int, b: int) -> None:
    assert (in_syllables(a) == in_syllables(b)) == (a == b)


@given(st.lists(NAMES, unique=True, max_size=40), st.integers(0, 1000))
def test_no_two_words_of_a_vocabulary_become_the_same(vocabulary: list[str], disguise: int) -> None:
    words = Words(disguise, vocabulary)
    assert len({words(word) for word in vocabulary}) == len(vocabulary)


@given(NAMES, NAMES, st.integers(0, 1000), st.integers(0, 1000))
def test_two_disguises_have_no_word_in_common(a: str, b: str, one: int, other: int) -> None:
    if one != other:
        assert Words(one)(a) != Words(other)(b)


def test_the_same_number_gives_the_same_words_whatever_was_asked_before() -> None:
    first, second = Words(7), Words(7)
    second("Enemy")
    assert first("Ball") == second("Ball") == Words(7)("Ball")


def test_within_a_text_numbers_and_signs_stay() -> None:
    words = Words(4)
    assert words.within("Car12 up") == f"{words('Car')}12 {words('up')}"
