"""A language model of two layers is trained by the real GRPO to answer with numbers; a training can be cut off."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.training.numbers_grpo import GrpoSettings, read_training, rewards, rows, train
from tests.helpers.two_layers import save, saying

MOUNTAIN_CAR = "GenOpt/Control-MountainCar-v0"
SETTINGS = GrpoSettings(id=MOUNTAIN_CAR, steps=2, group=4, pages=2, starts=4, layers=1, editable="estimate_push")
REPLIES = ("90, 0.1, 0]", "30, -1, 0.5]", "nothing]", "-9, 1, 1]")

with_trl = pytest.mark.filterwarnings("default")  # of libraries that this one does not choose


@pytest.fixture
def model(tmp_path: Path) -> str:
    pytest.importorskip("trl")
    folder = tmp_path / "model"
    save(folder, [*(row["prompt"] for row in rows(SETTINGS)), *REPLIES])
    return str(folder)


def steered(model: str) -> dict[str, Any]:
    """Draws one of ``REPLIES``: the random weights alone would hardly ever write a number."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    return {"generation_kwargs": {"sequence_bias": saying(tokenizer, "Score -110: [", REPLIES)}, "save_steps": 1}


def test_a_reply_earns_the_normalised_score_of_what_it_makes_from_its_row_s_start() -> None:
    score, readable = rewards(SETTINGS)
    row = rows(SETTINGS)[1]
    group = {"seed": [row["seed"]] * 4, "split_seed": [row["split_seed"]] * 4}
    earned = score(completions=REPLIES, **group)
    assert earned == score(completions=REPLIES, **group)
    assert earned[0] > 0.5
    assert earned[2:] == [0.0, 0.0], "what cannot be read earns what the worst score does"
    assert readable(completions=REPLIES, **group) == [1.0, 1.0, 0.0, 1.0]


@with_trl
@pytest.mark.timeout(1800)
def test_two_updates_then_two_more_then_none(model: str, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    def weights(folder: Path | str) -> dict[str, Any]:
        return dict(AutoModelForCausalLM.from_pretrained(folder).named_parameters())

    settings, out = replace(SETTINGS, model=model), tmp_path / "out"
    two = train(settings, out, **steered(model))
    assert [point["step"] for point in two.curve] == [1, 2]
    assert all(point["score"] > 0 and 0 < point["readable"] < 1 for point in two.curve)
    before, after_two = weights(model), weights(out / "trained")

    four = train(replace(settings, steps=4), out, **steered(model))
    assert [point["step"] for point in four.curve] == [1, 2, 3, 4]
    assert four.curve[:2] == two.curve, "what was learned is not learned again"
    after_four = weights(out / "trained")
    for earlier, later in ((before, after_two), (after_two, after_four)):
        moved = {name for name, each in earlier.items() if not each.equal(later[name])}
        assert moved
        assert all(name.startswith("model.layers.1.") for name in moved), "only the last layer is trained"

    again = train(replace(settings, steps=4), out, **steered(model))
    assert again.curve == four.curve
    assert all(each.equal(after_four[name]) for name, each in weights(out / "trained").items())


@with_trl
@pytest.mark.timeout(1800)
def test_a_training_that_was_cut_off_ends_as_the_unbroken_one(model: str, tmp_path: Path) -> None:
    """Cut off after the first update of the second epoch: draws, and the order of starts, go on as they would have."""
    from transformers import AutoModelForCausalLM

    settings = replace(SETTINGS, model=model, starts=6, steps=6)
    unbroken = train(settings, tmp_path / "unbroken", **steered(model))
    train(replace(settings, steps=4), tmp_path / "cut", **steered(model))
    cut = train(settings, tmp_path / "cut", **steered(model))
    seconds = {"seconds", "processor seconds"}
    curves = [
        [{name: value for name, value in point.items() if name not in seconds} for point in each.curve]
        for each in (unbroken, cut)
    ]
    assert curves[0] == curves[1]
    weights = [
        dict(AutoModelForCausalLM.from_pretrained(tmp_path / name / "trained").named_parameters())
        for name in ("unbroken", "cut")
    ]
    assert all(each.equal(weights[1][name]) for name, each in weights[0].items())


@with_trl
@pytest.mark.timeout(1800)
def test_the_command_trains_compares_and_says_what_it_found(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("stable_baselines3")
    from genopt_gym.training.numbers import AGENTS, main

    out = tmp_path / "out"
    given = (
        f"{MOUNTAIN_CAR} --editable estimate_push --model {model} --steps 1 --group 2 --pages 1 --starts 2 --layers 1"
    )
    main([*given.split(), "--edits", "2", "--held-out", "3", "--out", str(out)])
    printed = capsys.readouterr().out
    assert f"| seed | split | start | {' | '.join(AGENTS)} |" in printed
    assert all(f"| {other} |" in printed for other in AGENTS[1:])
    assert printed.strip() == (out / "report.md").read_text().strip()
    results = json.loads((out / "results.json").read_text())
    assert [run["agent"] for run in results["runs"]].count(AGENTS[0]) == 3
    starts = {(run["split"], run["start_test"], run["validation"][0]) for run in results["runs"]}
    assert len(starts) == 3, "all agents edit the same three starts"
    assert all(len(run["validation"]) == 3 for run in results["runs"])
    assert {path.name for path in out.glob("*.png")} == {"curve.png", "held_out.png"}


@with_trl
@pytest.mark.timeout(1800)
def test_a_trained_model_is_an_agent_whose_seed_says_what_it_draws(model: str) -> None:
    import gymnasium as gym

    from genopt_gym.runs.learning import learn
    from genopt_gym.training.numbers_policy import NumbersPolicy

    def edited(seed: int) -> list[str]:
        outcomes = []
        env = gym.make(MOUNTAIN_CAR, max_episode_steps=3, **SETTINGS.parameters)
        learn(env, NumbersPolicy(model), agent_seed=seed, on_step=lambda *told: outcomes.append(str(told[-1])))
        return outcomes

    assert len(edited(1)) == 4
    assert edited(1) == edited(1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"group": 1}, "group must be a whole number from 2"),
        ({"learning_rate": 0.0}, "learning_rate must be a number above 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        replace(SETTINGS, **change)


def test_a_folder_keeps_its_training(tmp_path: Path) -> None:
    assert read_training(tmp_path) is None
    (tmp_path / "training.json").write_text('{"settings": {"id": "Other-v0"}}')
    pytest.importorskip("trl")
    with pytest.raises(UserError, match=r"holds another training, .*Other-v0.*; choose another folder"):
        train(SETTINGS, tmp_path)


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "training.json").write_text("{")
    with pytest.raises(UserError, match=r"cannot be read .*; choose another folder"):
        read_training(tmp_path)
