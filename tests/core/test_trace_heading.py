"""The line above a trial's trace: how much is shown, what cut it, and whose score it is."""

from __future__ import annotations

import msgspec

from genopt_gym.core.evidence import Instance, Trial, View
from genopt_gym.core.trace import render
from tests.core.test_trace import ALL, trial, walk


def title(trial: Trial, view: View, most_steps: int | None = None) -> str:
    return render([trial], view, 5000, most_steps).text.split("\n")[0]


def test_heading_says_how_much_of_the_trial_is_shown_and_whose_score_it_is() -> None:
    assert title(trial(walk(10), score=77), ALL) == "Trial train/3: 10 of 10 inner steps; score 77"
    part = trial(walk(10), steps=50, score=77)
    assert title(part, View(10, "last")) == "Trial train/3: 10 of 50 inner steps (0 to 9); score of the whole trial 77"
    cut = msgspec.structs.replace(trial(walk(10), score=146250), ended=False, window_score=2.5)
    told = "the first 10 of up to 4,000 inner steps; cut by the credit horizon; reward of these 10 steps 2.5"
    assert title(cut, View(10), 4000) == f"Trial train/3: {told}"
    one = msgspec.structs.replace(trial(walk(1)), ended=False, window_score=0)
    assert title(one, View(1), 4000).endswith("cut by the credit horizon; reward of this step 0")


def test_heading_of_one_step_does_not_count_it() -> None:
    """Questions and pipelines have one step; of an episode's one step that is shown it is told which."""
    assert title(trial(walk(1), score=0.5), ALL, 1) == "Trial train/3: score 0.5"
    last = trial(walk(1, first=203), steps=204, score=77)
    assert title(last, View(1, "last"), 1000).startswith("Trial train/3: 1 of 204 inner steps (step 203); score")


def test_heading_of_a_trial_that_goes_on_names_its_steps() -> None:
    later = Instance("train", 3, prefix=(0,) * 10)
    on = msgspec.structs.replace(trial(walk(10, first=10), steps=10), instance=later, ended=False)
    assert title(on, View(10), 500).startswith("Trial train/3: 10 to 19 of up to 500 inner steps; cut by the credit")
