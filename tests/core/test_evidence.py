"""What of a trial is kept: which steps the window holds, and what they were worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genopt_gym.core.evidence import Call, Failure, Instance, Recorder, Trial, View

FAILURE = Failure("runtime_error", "ValueError", "no")
LOW = -9.0


def record(rewards: Sequence[float], view: View | None, instance: Instance | None = None, ended: bool = True) -> Trial:
    """A trial with these rewards, stopped where its view says so, as tasks do."""
    recorder = Recorder(instance or Instance("train", 0), view, LOW)
    for number, reward in enumerate(rewards):
        if recorder.steps == recorder.step_limit:
            ended = False
            break
        recorder.step({"n": number}, [], number % 2, reward)
    recorder.finish(recorder.total, ended=ended)
    return sent(recorder)


def sent(recorder: Recorder) -> Trial:
    """The recorded trial as the main process gets it."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(recorder.trial), type=Trial)


def shown(trial: Trial) -> list[int]:
    return [event.step for event in trial.events]


# --- which steps


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View(None), range(10)),
        (View(10), range(10)),
        (View(99), range(10)),
        (View(3), range(3)),
        (View(3, "last"), range(7, 10)),
        (View(3, "around_reward"), range(4, 7)),
        (View(4, "around_reward"), range(3, 7)),
        (View(1, "around_reward"), range(5, 6)),
    ],
)
def test_window_of_a_trial_whose_first_reward_is_in_step_five(view: View, expected: range) -> None:
    assert shown(record([0, 0, 0, 0, 0, 1, 0, 0, 1, 0], view)) == list(expected)


def test_window_around_a_reward_near_an_end_keeps_its_width() -> None:
    assert shown(record([1, 0, 0, 0, 0, 0], View(3, "around_reward"))) == [0, 1, 2]
    assert shown(record([0, 0, 0, 0, 0, 1], View(3, "around_reward"))) == [3, 4, 5]


def test_window_around_no_reward_is_the_last() -> None:
    assert shown(record([0] * 6, View(2, "around_reward"))) == [4, 5]


@given(
    st.lists(st.sampled_from([0.0, 0.0, 1.0, -1.0]), max_size=30),
    st.none() | st.integers(1, 40),
    st.sampled_from(["first", "last", "around_reward"]),
)
def test_window_is_as_long_as_it_can_be_and_holds_its_reward(
    rewards: list[float], horizon: int | None, window: str
) -> None:
    steps = View(horizon, window).choose(rewards)
    assert isinstance(steps, range)
    assert 0 <= steps.start <= steps.stop <= len(rewards)
    assert len(steps) == min(len(rewards), len(rewards) if horizon is None else horizon)
    where = next((i for i, reward in enumerate(rewards) if reward), None)
    if window == "around_reward" and where is not None:
        assert where in steps


def test_window_first_ends_the_trial() -> None:
    trial = record([1.0] * 10, View(4))
    assert (trial.steps, trial.score, trial.window_score, trial.ended) == (4, 4, 4, False)


@pytest.mark.parametrize("window", ["last", "around_reward"])
def test_other_windows_need_the_whole_trial(window: str) -> None:
    trial = record([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], View(4, window))
    assert (trial.steps, trial.score) == (10, 5)
    assert trial.window_score == (4 if window == "last" else 2)


def test_untraced_trial_keeps_no_events() -> None:
    trial = record([1.0] * 10, None)
    assert (trial.events, trial.steps, trial.score, trial.window_score) == ([], 10, 10, 10)


# --- going on


def test_events_are_numbered_from_the_episodes_start() -> None:
    trial = record([0, 0, 0], View(2), Instance("train", 0, prefix=(1, 0, 1)))
    assert shown(trial) == [3, 4]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View(2, keep_actions=True), (9, 0, 1)),
        (View(2, "last", keep_actions=True), (9, 0, 1, 0, 1, 0, 1)),
        (View(2, "around_reward", keep_actions=True), (9, 0, 1, 0)),
        (View(2), (9,)),
    ],
)
def test_actions_up_to_the_windows_end_are_kept_to_go_on_from(view: View, expected: tuple[int, ...]) -> None:
    trial = record([0, 0, 1, 0, 0, 0], view, Instance("train", 0, prefix=(9,)))
    assert trial.actions == expected


def test_episode_has_ended_only_if_the_window_reaches_its_end() -> None:
    assert record([0] * 6, View(2, "last")).ended
    assert record([0] * 6, View(6)).ended
    assert not record([0, 1, 0, 0, 0, 0], View(2, "around_reward")).ended
    assert not record([0] * 6, View(None), ended=False).ended


# --- failures


def test_failing_step_is_the_last_event_and_costs_the_lowest_score() -> None:
    recorder = Recorder(Instance("train", 0, prefix=(1, 1)), View(5, keep_actions=True), LOW)
    recorder.step({"n": 0}, [], 1, 3.0)
    recorder.fail(FAILURE, {"n": 1}, [Call("act", [], "oops")])
    trial = sent(recorder)
    assert (trial.score, trial.window_score, trial.ended, trial.actions) == (LOW, LOW, True, ())
    assert shown(trial) == [2, 3]
    assert (trial.events[-1].calls, trial.events[-1].action) == ([Call("act", [], "oops")], None)
    assert trial.failure == msgspec.structs.replace(FAILURE, step=3)


def test_failure_without_an_observation_keeps_the_steps_before_it() -> None:
    recorder = Recorder(Instance("train", 0), View(5), LOW)
    recorder.step({"n": 0}, [], 1, 3.0)
    recorder.fail(FAILURE)
    assert shown(sent(recorder)) == [0]
    assert sent(recorder).failure == msgspec.structs.replace(FAILURE, step=1)


# --- size


def test_tracing_stops_when_the_events_weigh_too_much() -> None:
    recorder = Recorder(Instance("train", 0), View(None), LOW)
    for number in range(10):
        recorder.step({"n": number}, [], 0, 1.0, weight=3 << 20)
    recorder.finish(recorder.total, ended=True)
    trial = sent(recorder)
    assert shown(trial) == [0, 1, 2]
    assert (trial.steps, trial.score, trial.window_score) == (10, 10, 3)


def nested(depth: int, value: Any = 0) -> Any:
    for number in range(depth):
        value = [value] if number % 2 else {"in": value}
    return value


@pytest.mark.parametrize(
    ("call", "kept"),
    [
        (Call("f", [nested(20)], nested(20)), True),
        (Call("f", [nested(2000)], 0), False),
        (Call("f", [], nested(2000)), False),
        (Call("f", [], {("deep",): 1}), True),
    ],
)
def test_bottomless_values_are_left_out_of_the_trace(call: Call, kept: bool) -> None:
    recorder = Recorder(Instance("train", 0), View(None), LOW)
    recorder.step({"n": 0}, [Call("g", [], 1), call], 0, 1.0)
    recorder.finish(1.0, ended=True)
    assert [c.component for c in sent(recorder).events[0].calls] == ["g", "f" if kept else "more calls not shown"]


def test_trial_as_plain_data() -> None:
    trial = record([1.0], View(None))
    assert trial.plain() == {
        "failed_in_window": False,
        "instance": {"split": "train", "index": 0, "prefix": []},
        "score": 1.0,
        "window_score": 1.0,
        "steps": 1,
        "ended": True,
        "events": [{"step": 0, "observation": {"n": 0}, "calls": [], "action": 0, "reward": 1.0}],
        "failure": None,
        "metrics": {},
        "actions": [],
        "mishaps": [],
        "skipped": [],
    }
