"""The window ``highlights``: the end, what went wrong, the largest rewards, in as many steps as any window."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genopt_gym.core.errors import ParameterError
from genopt_gym.core.evidence import Call, Event, Failure, Instance, Recorder, Trial, View
from genopt_gym.core.trace import render
from genopt_gym.core.windows import WINDOWS
from tests.core.test_evidence import LOW, sent
from tests.helpers.loops import cartpole


def choose(rewards: list[float], horizon: int, mishaps: list[int] | None = None) -> list[int]:
    return list(View(horizon, "highlights").choose(rewards, mishaps or []))


def segments(steps: list[int]) -> int:
    return 1 + sum(b != a + 1 for a, b in pairwise(steps))


def test_end_mishaps_and_largest_rewards_are_shown_with_what_led_to_them() -> None:
    rewards = [0.0] * 1000
    rewards[300], rewards[500], rewards[501] = 5.0, -3.0, 1.0
    shown = choose(rewards, 100, mishaps=[700])
    for step in (300, 500, 700, 999):
        assert set(range(step - 8, step + 1)) <= set(shown)
    assert len(shown) == 100
    assert segments(shown) <= 6


def test_among_equal_rewards_those_far_apart_are_taken() -> None:
    rewards = [float(step % 10 == 0) for step in range(1000)]
    shown = choose(rewards, 100)
    assert {step // 250 for step in shown} == {0, 1, 2, 3}


def test_many_mishaps_make_segments_shorter_down_to_a_bound() -> None:
    shown = choose([0.0] * 4000, 96, mishaps=list(range(100, 4000, 100)))
    assert 10 <= segments(shown) <= 12
    assert len(shown) == 96


def test_horizon_of_one_shows_the_end() -> None:
    assert choose([1.0, 0.0, 9.0, 0.0], 1) == [3]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0, -1.0, 7.5]), min_size=2, max_size=300),
    st.integers(1, 120),
    st.sets(st.integers(0, 299), max_size=20),
)
def test_any_trial_has_a_window_of_exactly_the_horizon_with_its_end(
    rewards: list[float], horizon: int, mishaps: set[int]
) -> None:
    steps = [step for step in sorted(mishaps) if step < len(rewards)]
    shown = choose(rewards, horizon, steps)
    assert len(shown) == min(horizon, len(rewards))
    assert shown == sorted(set(shown))
    assert shown[-1] == len(rewards) - 1
    few = len(steps) + 3 <= horizon // 8
    assert not few or set(steps) <= set(shown)


@settings(deadline=None)
@given(st.sets(st.integers(0, 500), min_size=1, max_size=80), st.integers(0, 2000))
def test_where_there_is_no_room_segments_shorten_and_the_end_goes_last(steps: set[int], room: int) -> None:
    numbers = sorted(steps)
    sizes = [10 + number % 7 for number in numbers]
    kept = list(WINDOWS.make("highlights").fit(sizes, room, numbers))
    assert sum(sizes[position] for position in kept) <= room
    assert kept == sorted(set(kept))
    assert sum(sizes) > room or kept == list(range(len(sizes)))


# --- as the trace tells it


def recorded(rewards: list[float], horizon: int, lost: dict[int, str], failure: Failure | None = None) -> Trial:
    recorder = Recorder(Instance("train", 3), View(horizon, "highlights"), LOW)
    for step, reward in enumerate(rewards):
        recorder.step({"x": step}, [], 0, reward, mishap=lost.get(step, ""))
    if failure is None:
        recorder.finish(recorder.total, ended=True)
    else:
        recorder.fail(failure, {"x": len(rewards)}, [])
    return sent(recorder)


def test_what_was_skipped_is_told() -> None:
    rewards = [1.0 if step in (20, 50) else 0.0 for step in range(200)]
    trial = recorded(rewards, 16, {50: "life lost", 120: "life lost"})
    text, shown = render([trial], View(16, "highlights"), 5000)
    assert shown == 16
    assert text.startswith("Trial train/3: 16 of 200 inner steps (out of ")
    assert "; score of the whole trial 2\n" in text
    told = [line for line in text.split("\n") if "are not shown" in line]
    assert len(told) == segments([event.step for event in trial.events]) - (trial.events[0].step == 0)
    assert sum(gap.reward for gap in trial.skipped) + sum(event.reward for event in trial.events) == 2
    lines = text.split("\n")
    for step in dict(trial.mishaps):
        assert f"(step {step}: life lost)" in lines
    assert sum(line.count("life lost") for line in lines) == 2


def test_rows_cut_for_their_length_count_as_skipped() -> None:
    trial = recorded([1.0] * 300, 200, {})
    text, shown = render([trial], View(200, "highlights"), 1000)
    assert shown < 200
    (told,) = [line for line in text.split("\n") if "are not shown: reward" in line][-1:]
    assert text.count("\n299,") == 1
    assert f"reward {300 - shown}" in told or text.count("are not shown") > 1


def test_failure_is_shown_at_its_step() -> None:
    failure = Failure("runtime_error", "ValueError", "no")
    trial = recorded([0.0] * 200, 10, {}, failure)
    assert trial.failed_in_window
    assert [event.step for event in trial.events] == list(range(191, 201))
    assert "Failed: ValueError: no, at inner step 200" in render([trial], View(10, "highlights"), 5000).text


def test_window_has_the_score_of_its_trial() -> None:
    assert recorded([1.0] * 50, 5, {}).window_score == 50


# --- bad input


def test_megabytes_from_an_artifact_leave_the_end_and_the_mishaps() -> None:
    recorder = Recorder(Instance("train", 0), View(10, "highlights"), LOW)
    for step in range(200):
        calls = [Call("f", [], "x" * (1 << 20))]
        recorder.step({"x": step}, calls, 0, 0.0, weight=1 << 20, mishap="life lost" if step == 100 else "")
    recorder.finish(0.0, ended=True)
    assert recorder.trial is not None
    trial = sent(recorder)
    steps = [event.step for event in trial.events]
    assert steps[-1] == 199
    assert steps == sorted(steps)
    text = render([trial], View(10, "highlights"), 20_000).text
    assert len(text) <= 20_000
    assert "more calls not shown" in text


def test_texts_with_control_characters_are_escaped() -> None:
    bad = "a\x1b[2J\x00\r\u202eb"
    event = Event(0, {"n": 0}, [Call("f", [bad], {bad: bad})], bad, 0.0)
    question = Event(0, bad, [Call("f", [bad], bad)], bad, 0.0)
    for each in (event, question):
        trial = Trial(Instance("train", 0), 0.0, 0.0, 1, True, [each], Failure("runtime_error", "E", bad))
        text = render([trial], View(None), 5000).text
        assert all(character.isprintable() or character == "\n" for character in text)
        assert "\\x1b[2J" in text


# --- as a parameter


def test_default_protocol_shows_highlights_and_paper_the_first_steps() -> None:
    assert cartpole().parameters.trace_window == "highlights"
    assert cartpole(protocol="paper").parameters.trace_window == "first"


def test_whole_trials_are_not_taken_where_only_the_window_counts_or_trials_go_on() -> None:
    assert cartpole(feedback_horizon="credit").parameters.trace_window == "first"
    assert cartpole(trial_start="continue").parameters.trace_window == "first"


def test_credit_feedback_refuses_highlights() -> None:
    with pytest.raises(ParameterError, match="trace_window='highlights' chooses steps by the whole episode"):
        cartpole(feedback_horizon="credit", trace_window="highlights")
    env = cartpole(feedback_horizon="credit")
    env.reset(seed=0)
    with pytest.raises(ParameterError, match="take 'first'"):
        env.set_view(trace_window="highlights")


def test_horizon_of_one_is_readable() -> None:
    env = cartpole(credit_horizon=1, trace_window="highlights")
    observation, info = env.reset(seed=0)
    steps = info["trials"][0]["steps"]
    assert info["horizon_shown"] == 1
    assert f"1 of {steps} inner steps (step {steps - 1}); score of the whole trial {steps}" in str(observation["trace"])
