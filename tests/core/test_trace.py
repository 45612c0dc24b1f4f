"""Traced trials as text: everything once, then what changed, never more than the budget, and never a lie."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genopt_gym.core.evidence import Call, Event, Failure, Instance, Trial, View
from genopt_gym.core.trace import render

ALL = View(None)


def trial(events: list[Event], steps: int | None = None, failure: Failure | None = None, score: float = 1.0) -> Trial:
    steps = len(events) if steps is None else steps
    return Trial(Instance("train", 3), score, score, steps, ended=True, events=events, failure=failure)


def walk(n: int, first: int = 0) -> list[Event]:
    """A trial in which y never changes, x each step, and the mood every tenth."""
    return [
        Event(i, {"y": 5, "x": i * 0.5, "mood": f"mood{i // 10}"}, [Call("act", [{"$ref": "obs"}], i % 3)], i % 3, 0.0)
        for i in range(first, first + n)
    ]


def rows(text: str) -> list[list[str]]:
    """The cells of a rendered table, blanks filled in from above, steps that share a row apart: its header first."""
    lines = text.split("\n")
    start = next(i for i, line in enumerate(lines) if line.split(",")[0] == "step")
    table: list[list[str]] = []
    for line in lines[start:]:
        step, *cells = line.split(",")
        first, _, last = step.partition(" to ")
        for number in range(int(first), int(last or first) + 1) if table else [step]:
            table.append([str(number), *(cell or table[-1][column] for column, cell in enumerate(cells, start=1))])
    return table


def test_trial_of_one_step_is_written_out() -> None:
    event = Event(0, {"ball": {"x": 3, "y": 4.5}, "lives": [1, 2]}, [Call("aim", [{"$ref": "obs"}, 7], "up")], 2, -1.0)
    assert render([trial([event], score=-1)], ALL, 2000).text == (
        "Trial train/3: 1 of 1 inner steps; score -1\n"
        "Calls: aim(obs, argument1)\n"
        "(a blank cell is as in the row above; - is absent)\n"
        "step,ball.x,ball.y,lives[0],lives[1],aim():argument1,aim(),action,reward\n"
        "0,3,4.5,1,2,7,up,2,-1"
    )


def test_constants_are_named_once_and_unchanged_cells_are_blank() -> None:
    text = render([trial(walk(12))], ALL, 5000).text
    assert "Constant: y=5, reward=0\n" in text
    lines = text.split("\n")
    assert lines[-12].split(",") == ["0", "0", "mood0", "0", "0"]
    assert lines[-11].split(",") == ["1", "0.5", "", "1", "1"]
    assert lines[-2].split(",") == ["10", "5", "mood1", "1", "1"]


def test_absent_value_is_told_from_an_unchanged_one() -> None:
    events = [
        Event(0, {"a": 1, "b": 1}, [], 0, 0.0),
        Event(1, {"a": 2}, [], 1, 0.0),
        Event(2, {"a": 3, "b": 1}, [], 2, 0.0),
    ]
    assert [row[2] for row in rows(render([trial(events)], ALL, 2000).text)] == ["b", "1", "-", "1"]


@pytest.mark.parametrize("value", ["", "-", "a,b", 'say "x"'])
def test_texts_that_could_be_misread_are_quoted(value: str) -> None:
    events = [Event(i, {"n": i}, [Call("f", [], value if i else "x")], 0, 0.0) for i in range(2)]
    assert render([trial(events)], ALL, 2000).text.endswith(f"1,1,{value!r}")


def test_line_breaks_do_not_break_the_table() -> None:
    events = [Event(i, {"n": i}, [Call("f", [], f"a\n{i}")], 0, 0.0) for i in range(2)]
    assert render([trial(events)], ALL, 2000).text.endswith("\n1,1,a\\n1")


def test_repeated_calls_get_columns_of_their_own() -> None:
    calls = [Call("f", [{"$ref": "obs"}], 1), Call("f", [{"$ref": "f"}], 2), Call("f", [5], 3)]
    events = [Event(i, {"n": i}, calls, 0, 0.0) for i in range(2)]
    text = render([trial(events)], ALL, 2000).text
    assert "Calls: f(obs), f#2(f), f#3(argument0)\n" in text
    assert "f()=1, f()#2=2, f()#3:argument0=5, f()#3=3" in text


@pytest.mark.parametrize("argument", [{"$ref": 5}, {"$ref": ["obs"]}, {"$ref": None}, {"$ref": "obs", "x": 1}])
def test_argument_that_only_looks_like_a_reference_is_shown(argument: Any) -> None:
    events = [Event(0, {"n": 0}, [Call("f", [argument], 1)], 0, 0.0)]
    assert "$ref" in render([trial(events)], ALL, 2000).text
    events = [Event(0, "question", [Call("f", [argument], 1)], 0, 0.0)]
    assert "$ref" in render([trial(events)], ALL, 2000).text


def test_inputs_that_are_no_table_get_a_paragraph_each() -> None:
    event = Event(0, "Which digit?", [Call("guess", [{"$ref": "question"}, "hint"], 5)], 5, 0.0)
    assert render([trial([event], score=2)], ALL, 2000).text == (
        "Trial train/3: 1 of 1 inner steps; score 2\nInput: Which digit?\nguess(question, 'hint') = 5\nReturned: 5"
    )


def test_failure_closes_the_trial() -> None:
    failure = Failure("runtime_error", "ValueError", "no", "act", 2, "raise ValueError('no')", step=1)
    text = render([trial(walk(2), failure=failure)], ALL, 2000).text
    assert text.endswith("\nFailed: ValueError: no in act, line 2 (`raise ValueError('no')`), at inner step 1")
    assert "score" not in text


def test_trial_without_events_is_named() -> None:
    assert render([trial([], steps=9)], ALL, 1000).text == (
        "Trial train/3: 0 of 9 inner steps; score of the whole trial 1\n"
    )
    assert render([], ALL, 1000) == ("", 0)


# --- the size budget


@pytest.mark.parametrize(("window", "kept"), [("first", (0, 33)), ("last", (66, 99)), ("around_reward", (33, 66))])
def test_steps_give_way_from_the_far_side_of_the_window(window: str, kept: tuple[int, int]) -> None:
    text, shown = render([trial(walk(100))], View(100, window), 800)
    numbers = [int(row[0]) for row in rows(text)[1:]]
    assert numbers == list(range(numbers[0], numbers[0] + shown))
    assert 20 < shown < 60
    assert abs(numbers[0] - kept[0]) <= 12
    assert abs(numbers[-1] - kept[1]) <= 12
    assert f"{100 - shown} more were cut" in text


def test_first_row_that_is_left_names_what_the_cut_rows_had_said() -> None:
    text, _ = render([trial(walk(100))], View(100, "last"), 800)
    header, first, *_ = rows(text)
    number = int(first[0])
    assert first[header.index("mood")] == f"mood{number // 10}"


def test_trials_share_the_budget_and_leave_each_other_what_they_do_not_need() -> None:
    short, long = trial(walk(2)), trial(walk(100))
    text, shown = render([short, long], ALL, 2000)
    assert len(text) <= 2000
    assert shown > render([long], ALL, 1000).horizon_shown
    equal, _ = render([long, long], ALL, 2000)
    halves = equal.split("\n\n")
    assert min(map(len, halves)) > 800


cells = st.none() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5) | st.booleans()
observations = st.dictionaries(st.text("abc", min_size=1, max_size=2), cells | st.lists(cells, max_size=3), max_size=3)
calls = st.lists(st.builds(Call, st.sampled_from("fg"), st.lists(cells, max_size=2), cells), max_size=3)


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    seen = draw(st.lists(st.tuples(observations | st.text(max_size=20), calls, cells), max_size=30))
    events = [Event(i, observation, list(made), action, 0.0) for i, (observation, made, action) in enumerate(seen)]
    failure = draw(st.none() | st.builds(Failure, st.just("crashed"), st.text(), st.text(max_size=3000)))
    return trial(events, steps=len(events) + draw(st.integers(0, 5)), failure=failure)


@settings(deadline=None)
@given(
    st.lists(trials(), max_size=4),
    st.sampled_from(["first", "last", "around_reward", "highlights"]),
    st.integers(1000, 6000),
)
def test_any_trial_fits_its_budget_and_the_steps_shown_are_counted(
    batch: list[Trial], window: str, budget: int
) -> None:
    text, shown = render(batch, View(None, window), budget)
    assert len(text) <= budget
    for part in text.split("Trial train/3: ")[1:]:
        assert int(part.split(" ", 1)[0]) <= shown
    assert shown <= max((len(trial.events) for trial in batch), default=0)
    if budget == 6000 and all(len(trial.events) < 3 for trial in batch):
        assert shown == max((len(trial.events) for trial in batch), default=0)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=2), min_size=1, max_size=40), st.integers(1000, 1400))
def test_table_can_be_read_back(values: list[list[int]], budget: int) -> None:
    """From what a trace shows, every shown observation can be told exactly."""
    events = [Event(i, {"a": a, "b": b}, [], a, 0.0) for i, (a, b) in enumerate(values)]
    text, shown = render([trial(events)], View(None, "last"), budget)
    constants: dict[str, str] = {}
    for line in text.split("\n"):
        if line.startswith("Constant: "):
            constants = dict(pair.split("=") for pair in line.removeprefix("Constant: ").split(", "))
    header, *table = rows(text)
    assert len(table) == shown > 0
    for row in table:
        told = constants | dict(zip(header, row, strict=True))
        if len(table) > 1 or "step" in told:
            a, b = values[int(told["step"])]
            assert (told["a"], told["b"], told["action"]) == (str(a), str(b), str(a))


def test_what_has_come_to_rest_shares_a_row() -> None:
    """A swing that dies out: its last digits are no evidence, and rows that would read the same are one."""
    events = [Event(i, {"angle": 3.0 * 0.1**i}, [], 0, 0.0) for i in range(20)]
    text = render([trial(events)], ALL, 5000).text
    assert "\n6,3e-06\n" in text
    assert text.endswith("\n7,0\n8 to 19,")


def test_small_numbers_stay_where_all_are_small() -> None:
    events = [Event(i, {"area": i * 1e-9}, [], 0, 0.0) for i in range(1, 4)]
    assert "1,1e-09\n2,2e-09\n3,3e-09" in render([trial(events)], ALL, 5000).text


def test_numbers_within_a_result_have_no_more_digits_than_one_alone() -> None:
    plan = {"turn": [0.29714818513020874, 2.0], "side": "left.", "none": None}
    events = [Event(i, {"x": i}, [Call("plan", [{"$ref": "obs"}], {**plan, "step": i})], 0, 0.0) for i in range(2)]
    assert "{'turn': [0.29715, 2], 'side': 'left.', 'none': None, 'step': 1}" in render([trial(events)], ALL, 5000).text


def test_long_answer_is_written_once() -> None:
    long, short = "word " * 100, "word"
    events = [Event(0, "Which?", [Call("solve", [{"$ref": "question"}], long)], long, 0.0)]
    text = render([trial(events)], ALL, 5000).text
    assert text.count(long) == 1
    assert text.endswith("\nReturned: what solve returned")
    other = [Event(0, "Which?", [Call("solve", [{"$ref": "question"}], long)], short, 0.0)]
    assert render([trial(other)], ALL, 5000).text.endswith("\nReturned: word")


def test_a_frame_that_is_passed_on_is_named_and_not_told_again() -> None:
    """An item of a tuple is written with more indentation than the same value alone."""
    frame = "DataFrame, 480 rows x 10 columns\n" + "\n".join(f"  x{i}: float64, 0.001 to 0.99" for i in range(10))
    inner = frame.replace("\n", "\n  ")
    call = Call("preprocess", [{"$ref": "x"}], {"$summary": [inner, inner]})
    text = render([trial([Event(0, {"$summary": {"x": frame}}, [call], 1, 0.0)])], ALL, 9000).text
    assert "[0] the same as x\n    [1] the same as x" in text
