"""Disguised and undisguised programs play the same games, to the byte."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.core.evidence import Trial
from genopt_gym.env import OptimizationEnv
from genopt_gym.making import optimization_env
from genopt_gym.registration import TABLE
from tests.helpers.extras import or_skipped
from tests.helpers.slow import ALIKE_GAMES

POLICIES = [row.id for row in TABLE if "/Atari-" in row.id or "/Control-" in row.id]
EPISODES: dict[str, Any] = {"validation_size": 1, "train_size": 2, "credit_horizon": 20}


def core(id: str, **parameters: Any) -> OptimizationEnv:
    steps: dict[str, Any] = {"max_steps": 150} if "/Atari-" in id else {}
    return optimization_env(gym.make(id, **EPISODES, **steps, **parameters))


def played(env: OptimizationEnv) -> list[tuple[Any, ...]]:
    """Scores, lengths and rewards of its trials; actions as the simulator knows them."""
    env.reset(seed=0)
    assert env.last.train is not None
    assert env.last.validation is not None
    trials: list[Trial] = [*env.last.train.trials, *env.last.validation.trials]
    task: Any = env.task
    return [
        (
            t.score,
            t.steps,
            t.ended,
            [e.reward for e in t.events],
            list(task.original_actions([e.action for e in t.events])),
        )
        for t in trials
    ]


def as_the_simulator_takes_it(action: Any) -> Any:
    return action if isinstance(action, list) else [action]


def check(id: str, disguises: range, start: str) -> None:
    plain = played(core(id, start=start))
    wanted = [(*trial[:-1], [as_the_simulator_takes_it(a) for a in trial[-1]]) for trial in plain]
    for disguise in disguises:
        trials = played(core(id, start=start, disguise=disguise))
        got = [(*trial[:-1], [as_the_simulator_takes_it(a) for a in trial[-1]]) for trial in trials]
        assert got == wanted, f"disguise {disguise}"


@pytest.mark.parametrize("id", or_skipped(id for id in POLICIES if id not in ALIKE_GAMES))
def test_a_translated_start_plays_the_same_game(id: str) -> None:
    check(id, range(1, 3), "modular/parametric")


@pytest.mark.slow
@pytest.mark.parametrize("start", ["modular/parametric", "one_function/parametric", "modular/naive"])
@pytest.mark.parametrize("id", or_skipped(POLICIES))
def test_a_translated_start_plays_the_same_game_under_fifty_disguises(id: str, start: str) -> None:
    check(id, range(50), start)


def test_a_disguise_is_the_same_anywhere_and_another_for_another_number() -> None:
    id = "GenOpt/Atari-Seaquest-v0"
    a, b, other = (core(id, disguise=number) for number in (3, 3, 4))
    observations = [env.reset(seed=0)[0] for env in (a, b, other)]
    assert observations[0]["trace"] == observations[1]["trace"]
    assert a.start.source == b.start.source

    def names(trace: str) -> set[str]:
        return {
            word for word in trace.replace(".", ",").replace("=", ",").split(",") if word.isalpha() and len(word) > 7
        }

    assert not names(observations[0]["trace"]) & names(observations[2]["trace"])


def test_a_continued_trial_goes_on_where_it_was() -> None:
    plain, disguised = (
        core("GenOpt/Control-CartPole-v0", start="modular/naive", trial_start="continue", disguise=disguise)
        for disguise in (None, 5)
    )
    for env in (plain, disguised):
        env.reset(seed=0)
        env.step({})
    assert plain.last.train is not None
    assert disguised.last.train is not None
    steps = [[event.step for event in env.last.train.trials[0].events] for env in (plain, disguised) if env.last.train]
    assert steps[0] == steps[1]
    assert steps[0][0] > 0
    assert plain.last.train.trials[0].score == disguised.last.train.trials[0].score
