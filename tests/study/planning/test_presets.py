"""The plans that come with genopt_gym: each loads, has a control, and is what its room says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from genopt_gym.registration import TABLE
from genopt_gym.runs.config import Config
from genopt_gym.study.planning.document import Document, presets
from genopt_gym.study.planning.plan import load_plan
from genopt_gym.study.records import Plan

DATA = Path(os.environ.get("GENOPT_TEST_DATA", ""))
CONTROLS = {"random", "best-of-n"}
UPDATES = {row.id: row.updates for row in TABLE}


@pytest.fixture(autouse=True)
def data_of_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENOPT_DATA", str(DATA / "mlagentbench"))
    monkeypatch.setenv("GENOPT_BBEH_DIR", str(DATA / "bbeh"))


def load(name: str) -> Plan:
    if name in ("paper/starting-artifact", "paper/batching") and not os.environ.get("GENOPT_TEST_DATA"):
        pytest.skip("GENOPT_TEST_DATA is not set")
    if name == "factors/batching":
        pytest.importorskip("reasoning_gym")
    return load_plan(name) if name.startswith("quick/") else load_plan(name, model="local/none.gguf")


def test_three_rooms_hold_the_three_questions_of_the_paper() -> None:
    questions = ("batching", "credit-horizon", "starting-artifact")
    papers = [f"{room}/{question}" for room in ("factors", "paper", "quick") for question in questions]
    assert presets() == sorted([*papers, "factors/knowledge"])


@pytest.mark.parametrize("name", presets())
def test_every_preset_asks_something_of_several_arms_and_a_control(name: str) -> None:
    plan = load(name)
    assert plan.name == name
    assert plan.question.count("?") == 1
    assert {run.config.agent for run in plan.runs if run.agent in plan.controls} <= CONTROLS
    assert plan.controls
    assert len({run.arm for run in plan.runs}) > len({run.agent for run in plan.runs})
    assert len({run.seed for run in plan.runs}) >= 3


@pytest.mark.parametrize("name", [name for name in presets() if name.startswith("quick/")])
def test_quick_presets_ask_no_model_and_need_no_key(name: str) -> None:
    plan = load(name)
    assert {run.config.agent for run in plan.runs} <= {"random", "hill-climbing", "cma-es"}
    assert len(plan.runs) <= 64  # of small ones: about two minutes on two cores


@pytest.mark.parametrize("name", [name for name in presets() if name.startswith("paper/")])
def test_paper_presets_have_the_published_protocol_and_updates(name: str) -> None:
    plan = load(name)
    assert plan.match == "updates"
    for run in plan.runs:
        assert run.config.parameters["protocol"] == "paper"
        assert run.config.edits == UPDATES[run.config.id]


@pytest.mark.slow
def test_credit_horizons_of_the_paper_are_one_step_and_each_games_own() -> None:
    plan = load("paper/credit-horizon")
    shown: dict[str, set[int]] = {}
    for run in plan.runs:
        env = Config(run.config.id, "random", parameters=run.config.parameters).make()
        shown.setdefault(run.config.id, set()).add(env.get_wrapper_attr("parameters").credit_horizon)
    own = {"Asterix": 100, "Breakout": 300, "Enduro": 100, "Freeway": 100, "Pong": 400, "Qbert": 100, "Seaquest": 100}
    assert shown == {f"GenOpt/Atari-{game}-v0": {1, h} for game, h in (own | {"SpaceInvaders": 25}).items()}


def test_batches_of_the_paper_are_of_one_three_and_five_questions_for_a_workflow() -> None:
    plan = load("paper/batching")
    assert plan.factors == {"batch_size": [1, 3, 5]}
    assert {run.config.parameters["start"] for run in plan.runs} == {"workflow/naive"}
    assert {run.config.parameters["model"] for run in plan.runs} == {"local/none.gguf"}


def test_starting_artifacts_of_the_paper_differ_in_structure_alone() -> None:
    plan = load("paper/starting-artifact")
    assert plan.factors == {"start": ["one_function/stub", "modular/stub"]}
    assert {run.config.id.split("-")[1] for run in plan.runs} == {"HousePrice", "SpaceshipTitanic"}


def test_where_the_horizon_is_cut_all_that_a_numeric_optimizer_sees_is_cut() -> None:
    plan = load("quick/credit-horizon")
    assert {run.config.parameters["feedback_horizon"] for run in plan.runs} == {"credit"}
    assert {run.config.id for run in plan.runs} == {"GenOpt/Control-CartPole-v0", "GenOpt/Control-Pendulum-v0"}


def test_the_four_cells_of_knowledge_have_both_horizons_and_every_seed_its_disguise() -> None:
    plan = load("factors/knowledge")
    agents = [run for run in plan.runs if run.agent not in plan.controls]
    told = {(run.agent, run.config.parameters["documentation"], run.config.parameters["context"]) for run in agents}
    assert told == {("told", "full", "full"), ("untold", "none", "none")}
    cells = {(run.agent, run.levels["disguise"], run.levels["credit_horizon"]) for run in agents}
    assert len(cells) == 2 * 2 * 2
    disguises = {run.seed: run.config.parameters["disguise"] for run in agents if run.levels["disguise"]}
    assert disguises == {seed: seed for seed in range(5)}


def test_the_page_about_studies_tells_every_key_and_its_plans_load(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "studies.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \|", page[page.index("## What a plan says") : page.index("## What is equal")], re.M)
    assert set(told) == set(Document.__struct_fields__)
    runs = []
    for shown in re.findall(r"```yaml\n(.*?)```", page, re.S):
        (tmp_path / "plan.yaml").write_text(shown)
        runs.append(len(load_plan(tmp_path / "plan.yaml").runs))
    assert runs == [2 * 6, 2 * 2 * 4 * 5]
