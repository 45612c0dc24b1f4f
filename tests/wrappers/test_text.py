"""TextEdits: the observation is one page, the action one reply."""

from __future__ import annotations

import json

from genopt_gym.wrappers import TextEdits
from tests.wrappers.test_views import make

BETTER = "def select_action(obs, lean):\n    return int(obs['pole_angle'] + obs['pole_velocity'] > 0)\n"


def test_page_holds_what_the_observation_does() -> None:
    env = make(start="modular/naive")
    observation, _ = env.reset(seed=0)
    page, _ = TextEdits(env).reset(seed=0)
    for name in ("context", "trace", "feedback"):
        assert observation[name].strip() in page
    for text in observation["artifact"].values():
        assert text.strip() in page
    headings = [line for line in page.splitlines() if line.startswith("#") and not line.startswith("##")]
    assert headings == ["#Problem", "#Artifact", "#Trace", "#Feedback", "#Score", "#Your edit"]


def test_reply_in_any_form_is_an_edit() -> None:
    for reply in (f"Better:\n```python\n{BETTER}```", json.dumps({"select_action": BETTER}), BETTER):
        env = TextEdits(make(start="modular/naive"))
        env.reset(seed=0)
        page, reward, _, _, info = env.step(reply)
        assert info["outcome"] == "ok"
        assert float(reward) > 0.1
        assert BETTER.strip() in page


def test_reply_without_an_edit_costs_a_step() -> None:
    env = TextEdits(make(max_episode_steps=2))
    env.reset(seed=0)
    page, reward, _, truncated, info = env.step("I would rather not.")
    assert (info["outcome"], reward, truncated) == ("unparsable", 0, False)
    assert "The reply has no new text" in page
    assert env.step("")[3] is True


def test_longest_page_lies_in_the_space() -> None:
    env = TextEdits(make(max_trace_chars=1000))
    env.reset(seed=0)
    long = "def {}(obs, *others):\n    return 0\n"
    edit = {name: long.format(name).ljust(20_000, "#") for name in ("estimate_lean", "select_action")}
    page, *_, info = env.step(json.dumps(edit))
    assert info["outcome"] == "ok"
    assert len(page) > 40_000
    assert page in env.observation_space
