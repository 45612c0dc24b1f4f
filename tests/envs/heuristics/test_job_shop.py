"""Job shops: Taillard's instances as he published them, and schedules worked out by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest

from genopt_gym.envs.heuristics.job_shop import JobShopDispatch, Shop
from genopt_gym.envs.heuristics.taillard import JobShop, by_size, generate, lower_bound, two_sets
from tests.helpers.rules import play

HAND = JobShop(((0, 1), (0, 1), (0, 1)), ((3, 2), (2, 4), (4, 3)), 11)
"""Machine 0 is done at 9 at the earliest, and 2 more come after; machine 1 begins at 2 at the earliest, and takes 9."""


def test_the_bound_by_hand() -> None:
    assert lower_bound(HAND.machines, HAND.times) == 11


@pytest.mark.parametrize(("rule", "makespan"), [("naive", 12), ("working", 13), ("stub", 12)])
def test_rules_by_hand(rule: str, makespan: int) -> None:
    """On machine 0 the shortest first is 1, 0, 2, the most work first 2, 1, 0, and in order of their numbers 0, 1, 2;
    machine 1 is done with them at 12, 13 and 12."""
    shop = Shop(HAND)
    score = play(JobShopDispatch(), shop, rule)
    assert shop.makespan == makespan
    assert score == pytest.approx(-100 * (makespan - 11) / 11)


def test_all_eighty_are_made() -> None:
    assert [seeds.name for size in by_size().values() for seeds in size] == [f"ta{n:02d}" for n in range(1, 81)]


def test_an_instance_is_as_published() -> None:
    """The first job of ta01 and the last of ta80 (from OR-Library)."""
    first = generate(by_size()["15x15"][0])
    assert first.times[0] == (94, 66, 10, 53, 26, 15, 65, 82, 10, 27, 93, 92, 96, 70, 83)
    assert first.machines[0] == (6, 12, 4, 7, 3, 2, 10, 11, 8, 14, 9, 13, 5, 0, 1)


@pytest.mark.parametrize("size", ["15x15", "20x15", "30x20"])
def test_no_best_known_makespan_is_below_the_bound(size: str) -> None:
    for seeds in by_size()[size]:
        shop = generate(seeds)
        assert lower_bound(shop.machines, shop.times) <= shop.limit == seeds.best


def test_rules_rank_as_published_on_taillards_smallest() -> None:
    """Zhang et al. 2020 (L2D), table 1, 15x15: SPT 25.8, MWKR 19.1 percent above the best known."""
    task = JobShopDispatch()
    scores = {
        rule: sum(play(task, Shop(generate(seeds)), rule) for seeds in by_size()["15x15"]) / 10
        for rule in ("naive", "working")
    }
    assert scores["naive"] == pytest.approx(-25.8, abs=2)
    assert scores["working"] == pytest.approx(-19.1, abs=1)


def test_schedules_are_feasible() -> None:
    """Every job passes its machines in its order, and no machine works on two jobs at once."""
    instance, begun = two_sets(0, 8, 4), []
    shop = Shop.__new__(Shop)
    start = Shop._start

    def noting(self: Shop, machine: int, job: int) -> None:
        begun.append((machine, job, self._done[job], self._now))
        start(self, machine, job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shop, "_start", noting)
        shop.__init__(instance)  # type: ignore[misc]
        play(JobShopDispatch(), shop, "working")
    assert len(begun) == 32
    ends = {(job, at): now + instance.times[job][at] for _, job, at, now in begun}
    for machine, job, at, now in begun:
        assert instance.machines[job][at] == machine
        assert at == 0 or ends[job, at - 1] <= now
    for number in range(4):
        spans = sorted((now, ends[job, at]) for machine, job, at, now in begun if machine == number)
        assert all(end <= later for (_, end), (later, _) in pairwise(spans))


def test_split_seed_decides_which_of_a_size_are_used() -> None:
    chosen = [
        {id(task.shop(instance)) for instance in task.instances("validation")}
        for task in (JobShopDispatch(), JobShopDispatch(split_seed=1))
    ]
    assert all(len(shops) == 8 for shops in chosen)
    assert chosen[0] != chosen[1]


def test_more_instances_than_there_are() -> None:
    with pytest.raises(ValueError, match="validation_size is at most 20"):
        JobShopDispatch(validation_size=21)
