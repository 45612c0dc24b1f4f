"""Which score is seen, what the reward is, and which edits stay."""

from __future__ import annotations

import pytest

from tests.helpers.loops import drawn, guess
from tests.helpers.toys import PERFECT

# --- score_split, reward


def test_score_split_train_observes_the_train_batch() -> None:
    env = guess(score_split="train", batch_size=1)
    _, info = env.reset(seed=0)
    observation, _, _, _, info = env.step({"hint": "7"})
    assert observation["score"] == [0 if drawn(info)[0] % 2 else 4]
    assert "validation" not in observation["feedback"]
    assert env.best[1] == 2


def test_improvement_sums_to_the_gain_of_the_run() -> None:
    env = guess(start="plain/nine", reward="improvement")
    env.reset(seed=0)
    rewards = [env.step(edit)[1] for edit in ({"hint": "5"}, {"hint": "9"}, {"guess": "def ("}, {"guess": PERFECT})]
    assert rewards == pytest.approx([2 / 3, 0, 0, 2 / 3])
    assert sum(rewards) == pytest.approx(4 / 3 - 0)


def test_improvement_counts_from_the_floor_on() -> None:
    env = guess(start="plain/zero", reward="improvement")
    env.reset(seed=0)
    assert env.step({"hint": "9"})[1] == 0  # from -1/3 to the floor
    assert env.step({"hint": "5"})[1] == pytest.approx(2 / 3)


def test_score_is_normalised_and_clipped_below() -> None:
    env = guess(reward="score")
    env.reset(seed=0)
    rewards = [env.step({"hint": hint})[1] for hint in ("5", "9", "0", "no number")]
    assert rewards == pytest.approx([2 / 3, 0, -1 / 3, -1])
    assert env.task.metric.normalise(9) < -1


def test_delta_is_the_change_from_step_to_step() -> None:
    env = guess(reward="delta")
    env.reset(seed=0)
    rewards = [env.step({"hint": hint})[1] for hint in ("9", "5", "5", "no number", "5")]
    assert rewards == pytest.approx([-2 / 3, 2 / 3, 0, -1, 7 / 3])


def test_best_score_is_the_best_so_far() -> None:
    env = guess(start="plain/nine")
    best = [env.reset(seed=0)[0]["best_score"][0]]
    best += [env.step({"hint": hint})[0]["best_score"][0] for hint in ("5", "9", "no number")]
    assert best == [4, 2, 2, 2]
    artifact, score = env.best
    assert (artifact.texts["hint"], score) == ("5", 2)


# --- accept


def kept(accept: str, *hints: str) -> list[tuple[str, bool]]:
    """After each edit, the artifact's hint, and whether the edit was accepted."""
    env = guess(accept=accept, batch_size=4, train_size=4)
    env.reset(seed=0)
    steps = [env.step({"hint": hint}) for hint in hints]
    return [(observation["artifact"]["hint"], info["accepted"]) for observation, *_, info in steps]


@pytest.mark.parametrize(
    ("accept", "after_failing", "after_worse", "after_equal"),
    [
        ("always", "no number", "9", "3"),
        ("valid", "5", "9", "3"),
        ("train", "5", "5", "3"),
        ("validation", "5", "5", "3"),
    ],
)
def test_accept_decides_which_edits_stay(accept: str, after_failing: str, after_worse: str, after_equal: str) -> None:
    assert kept(accept, "no number")[-1] == (after_failing, after_failing == "no number")
    assert kept(accept, "9")[-1] == (after_worse, after_worse == "9")
    assert kept(accept, "3")[-1] == (after_equal, True)


def test_validation_accepts_what_train_refuses_and_the_other_way_round() -> None:
    """One train instance, an odd one: hint 9 is as good as 5 on it, and worse over all."""
    taken = {}
    for accept in ("train", "validation"):
        env = guess(accept=accept, batch_sampler="fixed", train_size=2)
        seed = next(seed for seed in range(20) if drawn(env.reset(seed=seed)[1]) == [1])
        env.reset(seed=seed)
        taken[accept] = env.step({"hint": "9"})[4]["accepted"]
    assert taken == {"train": True, "validation": False}


def test_refused_edit_is_seen_but_does_not_stay() -> None:
    env = guess(accept="validation", batch_size=4, train_size=4)
    first, start = env.reset(seed=0)
    observation, _, _, _, info = env.step({"hint": "9"})
    assert observation["artifact"] == first["artifact"]
    assert info["artifact"] != start["artifact"]
    assert "Returned: 9" in observation["trace"]
    assert observation["score"] == [4]
    assert "The edit was not accepted" in observation["feedback"]
    observation, _, _, _, info = env.step({})
    assert (info["outcome"], info["artifact"]) == ("unchanged", start["artifact"])
    assert observation["score"] == [2]
