"""What tasks say is true: numbers in their words follow their arguments, and stages speak of the score they are about.

What no test can check is listed in ``docs/claims.md``, with how it was checked.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import numpy as np
import pytest

from genopt_gym.core.scale_words import on_scale
from genopt_gym.core.task import Task, TaskSpec
from genopt_gym.registration import TABLE, Row

OTHER_METRICS = re.compile(r"\b(F1|r2|precision|recall|percentile)\b", re.I)
CAPPED = ("GenOpt/Atari-", "GenOpt/NetHack-")
"""Families whose ``max_steps`` is an argument, and told in the goal."""
STAGED = (
    *("GenOpt/Atari-", "GenOpt/Control-", "GenOpt/MLAgentBench-", "GenOpt/Tabular-", "GenOpt/Heuristics-"),
    *("GenOpt/MiniGrid-", "GenOpt/Reasoning-LegCounting"),
)
"""All stages but those of open problems, which tell the published value; all questions have the same."""
LIVES = ("Asterix", "Breakout", "Qbert", "Seaquest", "SpaceInvaders")


def rows(*families: str) -> list[Any]:
    return [pytest.param(row, id=row.id) for row in TABLE if row.id.startswith(families or "GenOpt/")]


def made(row: Row, **arguments: Any) -> Task:
    try:
        return TaskSpec(row.task, arguments).make()
    except Exception as error:
        pytest.skip(f"{row.id}: {error}")  # data or a library is not here


def numbers(text: str) -> set[int]:
    return {int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\d|\d", text)}


@pytest.mark.parametrize("row", rows(*CAPPED))
def test_steps_that_goals_tell_are_those_of_the_task(row: Row) -> None:
    usual, short = made(row), made(row, max_steps=317)
    assert 317 in numbers(short.goal)
    assert usual.max_inner_steps not in numbers(short.goal)
    assert "{" not in usual.goal + short.goal
    assert numbers(usual.goal) - numbers(short.goal) <= {usual.max_inner_steps, 2048}


@pytest.mark.parametrize("row", rows("GenOpt/Control-"))
def test_steps_of_an_episode_are_told(row: Row) -> None:
    task = made(row)
    assert task.max_inner_steps in numbers(task.goal)


@pytest.mark.parametrize("name", LIVES)
def test_an_episode_of_one_life_is_told(name: str) -> None:
    (row,) = (row for row in TABLE if row.id == f"GenOpt/Atari-{name}-v0")
    words = "an episode is a single life"
    assert words in made(row, one_life=True).goal
    assert words not in made(row).goal


@pytest.mark.parametrize("row", rows(*STAGED))
def test_stages_are_about_the_score_and_never_an_end(row: Row) -> None:
    """Whatever the score, something is said; it names no other metric; and the way to the reference is told."""
    task = made(row)
    metric = task.metric
    spread = 3 * abs(metric.reference - metric.floor)
    low, high = (float(np.clip(bound, metric.floor - spread, metric.reference + spread)) for bound in metric.bounds)
    said = {task.staged(float(score)) for score in np.linspace(low, high, 400)}
    if said == {""}:
        return
    assert all(said)
    assert not any(OTHER_METRICS.search(words) for words in said)
    if metric.record is None:
        assert all(on_scale(metric, float(score)) for score in np.linspace(low, high, 5))


@pytest.mark.parametrize("row", rows("GenOpt/Atari-", "GenOpt/Control-", "GenOpt/MLAgentBench-", "GenOpt/Tabular-"))
def test_stages_get_better_with_the_score_and_tell_floor_from_reference(row: Row) -> None:
    task = made(row)
    best = task.metric.reference if task.metric.record is None else task.metric.record
    scores = np.linspace(task.metric.floor, best, 400)
    said = [task.staged(float(score)) for score in scores]
    order = list(dict.fromkeys(said))
    assert [order.index(words) for words in said] == sorted(order.index(words) for words in said)
    assert said[0] != said[-1]


STATEMENT = re.compile(r"(All|No|Some) (\w+) are (not )?(\w+)")


def holds(statement: tuple[str, ...], inhabited: frozenset[tuple[bool, ...]], terms: list[str]) -> bool:
    """Whether a statement is true where there are just these kinds of things, each in or out of the three terms."""
    quantifier, subject, negated, predicate = statement
    s, p = terms.index(subject), terms.index(predicate)
    inside = [kind[p] for kind in inhabited if kind[s]]
    return {"All": all(inside), "No": not any(inside), "Some": any(not i if negated else i for i in inside)}[quantifier]


def follows(question: str, of_something: bool) -> bool:
    """Whether the last of the question's statements is true wherever the others are."""
    *premises, conclusion = STATEMENT.findall(question)
    terms = sorted({term for _, a, _, b in (*premises, conclusion) for term in (a, b)})
    kinds = list(product((False, True), repeat=3))
    for choice in product((False, True), repeat=8):
        there = frozenset(kind for kind, chosen in zip(kinds, choice, strict=True) if chosen)
        if of_something and not all(any(kind[i] for kind in there) for i in range(3)):
            continue
        if all(holds(premise, there, terms) for premise in premises) and not holds(conclusion, there, terms):
            return False
    return True


@pytest.mark.parametrize("of_something", [False, True], ids=["terms may be empty", "terms are of something"])
def test_the_key_of_syllogisms_is_not_always_what_logic_says(of_something: bool) -> None:
    (row,) = (row for row in TABLE if row.id == "GenOpt/Reasoning-Syllogism-v0")
    task: Any = made(row)
    assert "not always what logic says" in task.goal
    asked = [task.question(instance) for instance in task.instances("train")]
    keyed = [task.answer(instance) == "Yes" for instance in task.instances("train")]
    wrong = sum(
        follows(q, of_something) != key for q, key in zip(asked, keyed, strict=True) if len(STATEMENT.findall(q)) == 3
    )
    assert 0 < wrong < len(asked) / 2
