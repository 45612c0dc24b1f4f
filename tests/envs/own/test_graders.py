"""What each grader counts as right."""

from __future__ import annotations

from typing import Any

import pytest

from genopt_gym.envs.own.graders import GRADERS, Asked, make_grader


@pytest.mark.parametrize(
    ("grader", "expected", "answer", "score"),
    [
        ("exact", "Paris", " Paris\n", 1),
        ("exact", "Paris", "paris", 0),
        ("normalised", "Café, au lait", "CAFE au  lait!", 1),
        ("normalised", "tea", "teas", 0),
        ("numeric", "1,200", "So 7 of 1200.0", 1),
        ("numeric", "5", "It is 5, or rather 6", 0),
        ("numeric", "5", "five", 0),
        ({"grader": "numeric", "tolerance": 0.5}, "5", "5.4", 1),
        ({"grader": "numeric", "relative": 0.1}, "100", "109", 1),
        ("contains", "New York", "I think it's new york.", 1),
        ("contains", "art", "party", 0),
        ("f1", "the red house", "a red house", 2 / 3),
        ("json", '{"a": 1, "b": "X"}', 'Here: {"a": 1, "b": "y"}', 0.5),
        ({"grader": "json", "fields": ["a"]}, {"a": 1, "b": 2}, '{"a": 1}', 1),
        ("json", '{"a": 1}', "nothing", 0),
        ("regex", r"^\d{4}$", "2026", 1),
        ("regex", r"^\d{4}$", "in 2026", 0),
    ],
)
def test_scores(grader: Any, expected: Any, answer: str, score: float) -> None:
    _, made = make_grader(grader)
    assert made.problem(expected) == ""
    given, words = made.grade(answer, Asked(expected, {}))
    assert given == pytest.approx(score)
    assert words


@pytest.mark.parametrize(
    ("grader", "expected", "problem"),
    [
        ("exact", " ", "it is empty"),
        ("numeric", "about 5 or 6", "it is not one number"),
        ("contains", "?!", "it has no letters or digits"),
        ("json", "[1]", "it is no JSON object with fields"),
        ({"grader": "json", "fields": ["c"]}, '{"a": 1}', "it has no field c"),
        ("regex", "(", "it is no regular expression: missing ), unterminated subpattern at position 0"),
    ],
)
def test_expected_answers_that_cannot_be_read(grader: Any, expected: str, problem: str) -> None:
    assert make_grader(grader)[1].problem(expected) == problem


def test_every_grader_says_what_it_is() -> None:
    assert all(GRADERS.describe().values())
