"""PerturbedStarts: each run begins with other numbers, by the seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from genopt_gym.wrappers import PerturbedStarts
from genopt_gym.wrappers.perturbed import perturbed
from genopt_gym.wrappers.slots import Slots
from tests.wrappers.test_views import make


def first(env: PerturbedStarts, **arguments: Any) -> dict[str, str]:
    texts: dict[str, str] = env.reset(**arguments)[0]["artifact"]
    return texts


def test_seed_says_where_runs_begin() -> None:
    env, twin = PerturbedStarts(make()), PerturbedStarts(make())
    starts = [first(env, seed=1), first(env), first(env), first(env, seed=2)]
    assert [first(twin, seed=1), first(twin), first(twin), first(twin, seed=2)] == starts
    assert len({str(start) for start in starts}) == 4


def test_artifact_that_was_asked_for_is_taken() -> None:
    texts = {"select_action": "def select_action(obs, lean):\n    return 0\n"}
    env = PerturbedStarts(make())
    assert first(env, options={"artifact": texts})["select_action"] == texts["select_action"]


def test_numbers_spread_around_theirs_in_their_units() -> None:
    texts = {"act": "def act(x): return 100.0 * x + 0.5"}
    rng = np.random.default_rng(0)
    drawn = np.array([Slots(texts).values(perturbed(texts, 0.1, rng)) for _ in range(500)])
    assert np.allclose(drawn.mean(axis=0), [100, 0.5], atol=[2, 0.02])
    assert np.allclose(drawn.std(axis=0), [10, 0.1], rtol=0.1)
