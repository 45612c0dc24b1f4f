"""Where a run stands, as its feedback tells it: by what was observed, never by what is hidden."""

from __future__ import annotations

from tests.helpers.loops import cartpole, guess

BROKEN = "def guess(question, hint):\n    raise ValueError('told to')\n"


def last_line(env: object, edit: dict[str, str] | str) -> str:
    return str(env.step(edit)[0]["feedback"].splitlines()[-1])  # type: ignore[attr-defined]


def test_nothing_is_told_after_reset() -> None:
    observation, _ = guess(feedback=["score"]).reset(seed=0)
    assert "Best score" not in observation["feedback"]


def test_best_score_and_the_edit_that_had_it() -> None:
    env = guess(feedback=["score"])
    env.reset(seed=0)
    best = "Best score so far: 2, of the start. "
    assert last_line(env, {"hint": "9"}) == (
        f"{best}The texts that stand now are of edit 1, which scored 4, less than the best."
    )
    assert last_line(env, {"guess": BROKEN}) == (
        f"{best}The texts that stand now are of edit 2, which scored 9 (runtime_error), less than the best."
    )
    assert last_line(env, "nonsense").startswith(f"{best}The texts that stand now are of edit 2")
    back = {"hint": "5", "guess": env.start.texts["guess"]}
    assert last_line(env, back) == "Best score so far: 2, of edit 4: those texts are the ones that stand now."
    assert last_line(env, {}) == "Best score so far: 2, of edit 4: those texts are the ones that stand now."


def test_refused_edit_leaves_the_texts_standing_that_were_better() -> None:
    env = guess(feedback=["score"], accept="validation", score_split="train", batch_sampler="fixed", train_size=1)
    env.reset(seed=0)
    assert env.step({"hint": "3"})[4]["accepted"] is True
    observation, _, _, _, info = env.step({"hint": "9"})
    assert not info["accepted"]
    assert "Best score so far: 0, of edit 1: those texts" in observation["feedback"]


def test_under_credit_validation_is_in_no_word_and_no_number() -> None:
    env = cartpole(feedback_horizon="credit", feedback=["score", "metrics", "staged", "progress"])
    env.reset(seed=0)
    observation, reward, _, _, info = env.step({"policy": "def policy(obs):\n    return 0\n"})
    validation = env.last.validation
    assert validation is not None
    assert "validation" not in observation["feedback"]
    assert f"{validation.score:.4g}" not in observation["feedback"]
    assert info["score"] == info["trials"][0]["window_score"] == observation["score"][0]
    assert reward == 0
