"""Edits by the thousand: none raises, each has an outcome and a score, and no process is left."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import gymnasium as gym
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genopt_gym.core.edit import EditOutcome
from genopt_gym.evaluation.pool import shared_pool
from genopt_gym.making import optimization_env
from genopt_gym.testing.transcript import helpers, still_running

NEVER_RUN = {"unparsable", "syntax_error", "contract_broken", "forbidden"}
"""Outcomes of edits that no process has run; ``contract_broken`` and ``forbidden`` can also come of a run."""


def edits_like(texts: dict[str, str]) -> st.SearchStrategy[Any]:
    """Texts cut, doubled and written into; texts of other components; prose, JSON and patches."""

    @st.composite
    def changed(draw: st.DrawFn) -> str:
        text = draw(st.sampled_from(sorted(texts.values())))
        start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        middle = draw(st.sampled_from(["", text[start:end] * 2, "0", " not ", "\n", "-", "**"]) | st.text(max_size=5))
        return text[:start] + middle + text[end if draw(st.booleans()) else start :]

    text = st.sampled_from(sorted(texts.values())) | changed() | st.text(max_size=30) | st.none()
    edit = st.dictionaries(st.sampled_from(sorted(texts)), text, min_size=1, max_size=2) | st.dictionaries(
        st.text(max_size=8), text, max_size=2
    )
    code = changed().map(lambda text: f"Like this:\n```python\n{text}\n```")
    return edit | st.builds(json.dumps, edit) | code | st.text(max_size=40) | st.none()


@pytest.mark.slow
def test_two_thousand_edits_of_all_kinds() -> None:
    """Half from ``Edits.sample()``, half from hypothesis; at least a fifth of them are run. Prints a histogram."""
    count = 2000
    env = optimization_env(
        gym.make(
            "GenOpt/Control-CartPole-v0",
            start="modular/parametric",
            validation_size=1,
            credit_horizon=5,
            max_episode_steps=10**9,
        )
    )
    shared_pool().close()
    before = set(helpers())
    env.reset(seed=0)
    env.action_space.seed(0)
    outcomes: Counter[str] = Counter()
    run = 0

    def step(action: Any) -> None:
        nonlocal run
        observation, reward, _, _, info = env.step(action)
        outcomes[EditOutcome(info["outcome"])] += 1
        run += bool(info["trials"])
        assert env.observation_space.contains(observation)
        assert 0 <= observation["score"][0] <= 500
        assert 0 <= reward < 2
        assert info["trials"] or info["outcome"] in NEVER_RUN

    for _ in range(count // 2):
        step(env.action_space.sample())

    @settings(
        max_examples=count - count // 2,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(edits_like(dict(env.start.texts)))
    def step_with_edit_of_hypothesis(action: Any) -> None:
        step(action)

    step_with_edit_of_hypothesis()

    print(f"\n{sum(outcomes.values())} edits, {run} of them run:")
    for outcome, number in outcomes.most_common():
        print(f"{outcome:>16} {number:>5} {'#' * -(-60 * number // count)}")
    assert sum(outcomes.values()) >= 0.95 * count
    assert run >= count / 5
    assert {"ok", "unchanged", "syntax_error", "unparsable", "contract_broken", "runtime_error"} <= set(outcomes)

    started = set(helpers()) - before
    assert started
    shared_pool().close()
    assert still_running(started) == 0
