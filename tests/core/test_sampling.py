"""Which train instances an observation pools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest

from genopt_gym.core.evidence import Failure, Instance, Trial
from genopt_gym.core.sampling import SEARCHED, BatchSampler, Kind
from tests.helpers.toys import Guess

TrialStart = Literal["restart", "continue"]
FAILURE = Failure("crashed", "ProcessEnded", "gone")


def sampler(
    size: int, kind: Kind = "epoch", trial_start: TrialStart = "restart", train: int = 10, seed: int = 0
) -> BatchSampler:
    return BatchSampler(Guess(train_size=train), size, kind, trial_start, np.random.default_rng(seed))


def indices(batch: Sequence[Instance]) -> list[int]:
    return [instance.index for instance in batch]


def run(instance: Instance, score: float = 5.0, failure: Failure | None = None, ended: bool = True) -> Trial:
    """A trial that has played one more action; less than 5 is better, 0 is solved."""
    actions = (*instance.prefix, len(instance.prefix))
    return Trial(instance, score, score, 1, ended=ended, failure=failure, actions=actions)


def test_epoch_shows_every_instance_once_before_any_twice() -> None:
    drawing = sampler(3, train=12)
    for _ in range(3):
        epoch = [index for _ in range(4) for index in indices(drawing.draw())]
        assert sorted(epoch) == list(range(12))


def test_batch_holds_no_instance_twice_where_one_epoch_meets_the_next() -> None:
    drawing = sampler(3, train=5)
    for _ in range(50):
        assert len(set(indices(drawing.draw()))) == 3


def test_seed_alone_decides_the_order() -> None:
    orders = [[indices(sampler.draw()) for _ in range(5)] for sampler in (sampler(2), sampler(2), sampler(2, seed=1))]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_batch_may_be_as_large_as_the_split_and_no_larger() -> None:
    assert sorted(indices(sampler(10).draw())) == list(range(10))
    with pytest.raises(ValueError, match="batch_size=11 is more than the 10 train instances"):
        sampler(11)


def test_fixed_is_always_the_same_batch() -> None:
    drawing = sampler(3, "fixed")
    first = drawing.draw()
    for score in (5.0, 0.0):
        drawing.pick([run(instance, score) for instance in first], None)
        assert drawing.draw() == first


def test_failures_come_again_and_the_rest_is_new() -> None:
    drawing = sampler(3, "failures")
    first = drawing.draw()
    drawing.pick([run(first[0], 0.0), run(first[1], 5.0), run(first[2], 0.0, FAILURE)], None)
    second = drawing.draw()
    assert second[:2] == [first[1], first[2]]
    assert second[2] not in first


def test_nothing_failed_is_an_epoch() -> None:
    drawing = sampler(5, "failures")
    first = drawing.draw()
    drawing.pick([run(instance, 0.0) for instance in first], None)
    assert sorted(indices(first) + indices(drawing.draw())) == list(range(10))


def searched(kind: Kind, failing: set[int], size: int = 3, train: int = 30) -> tuple[list[int], list[int]]:
    """Of the first batch, the indices that are shown and those that were run, where these instances fail."""
    drawing = sampler(size, kind, train=train)
    tried: list[int] = []

    def play(batch: Sequence[Instance]) -> list[Trial]:
        tried.extend(indices(batch))
        return [run(instance, 5.0 if instance.index in failing else 0.0) for instance in batch]

    return indices([trial.instance for trial in drawing.pick(play(drawing.draw()), play)]), tried


def test_failures_looks_for_instances_that_fail_now() -> None:
    shown, tried = searched("failures", failing=set(range(0, 30, 3)))
    assert len(shown) == 3
    assert all(index % 3 == 0 for index in shown[: sum(index % 3 == 0 for index in tried)])
    assert len(tried) <= SEARCHED * 3


def test_search_for_failures_ends_with_the_batch_where_all_fail_and_is_bounded_where_none_does() -> None:
    assert len(searched("failures", failing=set(range(30)))[1]) == 3
    assert len(searched("failures", failing=set())[1]) == SEARCHED * 3
    assert len(searched("failures", failing=set(), train=4)[1]) == 4
    assert len(searched("epoch", failing=set())[1]) == 3


def test_mixed_shows_a_success_beside_the_failures() -> None:
    shown, _ = searched("mixed", failing=set(range(0, 30, 2)))
    assert [index % 2 == 0 for index in shown] == [True, True, False]
    assert len(searched("mixed", failing={0}, size=1)[0]) == 1


def test_what_failed_is_tried_again_until_it_succeeds() -> None:
    drawing = sampler(2, "failures")
    first = drawing.draw()
    drawing.pick([run(instance, 5.0) for instance in first], None)
    again = drawing.draw()
    assert again == first
    drawing.pick([run(first[0], 0.0), run(first[1], 5.0)], None)
    third = drawing.draw()
    assert third[0] == first[1]
    assert third[1] not in first


@pytest.mark.parametrize("kind", ["epoch", "fixed", "failures", "mixed"])
def test_continue_goes_on_where_the_last_window_ended(kind: Kind) -> None:
    drawing = sampler(2, kind, "continue")
    first = drawing.draw()
    drawing.pick([run(instance, ended=False) for instance in first], None)
    second = drawing.draw()
    assert second == [Instance("train", instance.index, (0,)) for instance in first]
    drawing.pick([run(instance, ended=False) for instance in second], None)
    assert [instance.prefix for instance in drawing.draw()] == [(0, 1), (0, 1)]


def test_continue_begins_another_instance_when_an_episode_is_over() -> None:
    drawing = sampler(2, "epoch", "continue")
    first = drawing.draw()
    drawing.pick([run(first[0], ended=False), run(first[1], ended=True)], None)
    going_on, new = drawing.draw()
    assert (going_on.index, going_on.prefix) == (first[0].index, (0,))
    assert (new.index not in indices(first), new.prefix) == (True, ())


def test_continue_with_fixed_begins_the_same_instance_again_when_its_episode_is_over() -> None:
    drawing = sampler(2, "fixed", "continue")
    first = drawing.draw()
    drawing.pick([run(first[0], ended=False), run(first[1], ended=True)], None)
    assert drawing.draw() == [Instance("train", first[0].index, (0,)), first[1]]


def test_all_instances_are_of_the_train_split() -> None:
    drawing = sampler(4)
    assert {instance.split for _ in range(10) for instance in drawing.draw()} == {"train"}
