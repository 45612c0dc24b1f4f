"""What is looked at before an environment is served; none of it needs OpenEnv."""

from __future__ import annotations

import os

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.metric import Metric
from genopt_gym.sandbox.confine import available_tier
from genopt_gym.sandbox.tier import VARIABLE, ConfinementError
from genopt_gym.training.openenv.package import NO_BOUND, reward_range
from genopt_gym.training.openenv.served import Served, confining_tier
from genopt_gym.training.splits import SPLITS, split_task

BOUNDLESS = Metric("points", low=None, high=None, floor=0, reference=1, solved=None, failed_score=-1)
ERROR = Metric("error", low=10, high=0, floor=4, reference=1, solved=None, direction="minimize")


@pytest.mark.skipif(available_tier() == "weak-only", reason="this system confines nothing")
def test_a_server_is_confined_as_well_as_the_machine_can_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert confining_tier(None) == available_tier()


def test_a_tier_that_confines_nothing_is_taken_from_no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "weak")
    with pytest.raises(ConfinementError, match=r"tier weak does not confine, .* --confinement weak"):
        confining_tier(None)
    monkeypatch.delenv(VARIABLE)
    assert confining_tier("weak") == os.environ[VARIABLE] == "weak"


def test_environments_that_are_deterministic_share_what_they_know() -> None:
    served = Served(id="GenOpt/Control-CartPole-v0", parameters={"start": "one_function/naive"}, tier="strong")
    first, second = (served.make(0).unwrapped for _ in range(2))
    assert first.evaluator.store is second.evaluator.store is served.store  # type: ignore[attr-defined]
    timed = Served(id="GenOpt/MLAgentBench-Vectorization-v0", tier="strong")
    assert timed.make(0).unwrapped.evaluator.store is not timed.store  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "metric", "expected"),
    [
        ("improvement", BOUNDLESS, (0.0, NO_BOUND)),
        ("score", BOUNDLESS, (-1.0, NO_BOUND)),
        ("delta", BOUNDLESS, (-1.0, NO_BOUND)),
        ("improvement", ERROR, (0.0, 4 / 3)),
        ("delta", ERROR, (-1.0, 10 / 3)),
    ],
)
def test_the_range_of_rewards_is_what_the_metric_allows(
    kind: str, metric: Metric, expected: tuple[float, float]
) -> None:
    assert reward_range(kind, metric) == pytest.approx(expected)


def test_no_task_of_test_shares_its_instances_with_train() -> None:
    train = {split_task("train", index, 7).split_seed for index in range(SPLITS["train"])}
    test = {split_task("test", index, 7).split_seed for index in range(SPLITS["test"])}
    assert train == {7}
    assert len(test) == SPLITS["test"]
    assert not train & test
    for index in (-1, SPLITS["test"], True, "0"):
        with pytest.raises(IndexError, match="test has the tasks 0 to 99"):
            split_task("test", index, 7)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="the splits are train and test"):
        split_task("validation", 0, 7)
