"""Summaries in events: one text, a text for each named value, or one for each item of a tuple."""

from __future__ import annotations

from typing import Any

import pytest

from genopt_gym.core.evidence import Call, Event, Instance, Trial, View
from genopt_gym.core.summary import is_summary, summarized
from genopt_gym.core.trace import render


@pytest.mark.parametrize("told", ["a frame", ["a frame", "an array"], {"x": "a frame"}, [], {}])
def test_all_three_forms_are_summaries(told: Any) -> None:
    assert is_summary(summarized(told))


@pytest.mark.parametrize(
    "value", [{"$summary": 3}, {"$summary": [3]}, {"$summary": {"x": 3}}, {"$summary": "a", "x": 1}, {}, "$summary", 3]
)
def test_what_an_artifact_makes_up_is_none(value: Any) -> None:
    assert not is_summary(value)


def test_the_trace_tells_parts_as_it_tells_one_text() -> None:
    def shown(observation: Any, result: Any) -> str:
        event = Event(0, observation, [Call("split", [{"$ref": "x"}], result)], 1, 0.0)
        return render([Trial(Instance("train", 0), 0.0, 0.0, 1, True, [event])], View(None), 10_000).text

    in_parts = shown(summarized({"x": "a frame\n  a: 1", "y": "more"}), summarized(["a frame\n    a: 1", "more"]))
    in_one = shown(
        summarized("\nx: a frame\n  a: 1\ny: more"), summarized("tuple of 2\n[0] a frame\n    a: 1\n[1] more")
    )
    assert in_parts == in_one
    assert "\n    [0] a frame\n        a: 1\n    [1] more" in in_parts
