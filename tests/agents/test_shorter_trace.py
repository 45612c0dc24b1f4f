"""A trace in fewer characters: what gives way, and what stays."""

from __future__ import annotations

import pytest

from genopt_gym.agents.shorter_trace import LEAST, shorter_trace

TABLE = "Trial train/7: 300 of 300 inner steps; score 3\nstep,x,push()\n" + "".join(f"{i},1,2\n" for i in range(300))


OBJECTS = "Objects, and which of their numbers a row gives, in this order: Car0 to Car9 (x y)\n"
WIDE = f"Trial train/7: 300 of 300 inner steps; score 3\n{OBJECTS}" + "".join(f"{i}: Car0 1 2\n" for i in range(300))


def question(number: int, lines: int) -> str:
    told = "".join(f"    rule {line} of question {number}\n" for line in range(lines))
    return (
        f"Trial train/{number}: 1 of 1 inner steps; score 0\nInput:\n{told}    What follows?\nReturned: answer {number}"
    )


def test_a_short_trace_stays_as_it_is() -> None:
    trace = question(0, 10)
    assert shorter_trace(trace, len(trace)) == trace


@pytest.mark.parametrize("most", [3_500, 6_000, 9_000])
def test_each_trial_keeps_its_beginning_and_its_end(most: int) -> None:
    trace = "\n\n".join(question(number, 120) for number in range(3))
    shorter = shorter_trace(trace, most)
    assert most - 3 * 300 < len(shorter) <= most
    for number in range(3):
        assert (
            f"Trial train/{number}: 1 of 1 inner steps; score 0\nInput:\n    rule 0 of question {number}\n" in shorter
        )
        assert f"    What follows?\nReturned: answer {number}" in shorter
    assert shorter.count("characters left out of this prompt") == 3


def test_a_short_question_is_not_cut_for_a_long_one() -> None:
    short = question(0, 10)
    shorter = shorter_trace("\n\n".join([short, question(1, 400)]), 3_000)
    assert short in shorter
    assert len(shorter) <= 3_000


def test_what_is_left_out_is_counted() -> None:
    trace = question(0, 400)
    kept, note = [], ""
    for line in shorter_trace(trace, 2_000).splitlines(keepends=True):
        if line.startswith("(..."):
            note = line
        else:
            kept.append(line)
    assert f"{len(trace) - len(''.join(kept)):,} characters" in note


def test_one_long_line_is_cut_itself() -> None:
    shorter = shorter_trace(
        "Trial train/0: 1 of 1 inner steps\nsolve(question) = '" + "x" * 9_000 + "'\nReturned: x", 2_000
    )
    assert 1_800 < len(shorter) <= 2_000
    assert shorter.endswith("'\nReturned: x")


@pytest.mark.parametrize("table", [TABLE, WIDE], ids=["by columns", "by objects"])
def test_tables_of_steps_stay_whole(table: str) -> None:
    shorter = shorter_trace("\n\n".join([table, question(0, 300)]), 100)
    assert shorter.startswith(table)
    assert len(shorter) <= len(table) + LEAST + 2
