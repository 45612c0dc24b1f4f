"""A plan: what it may say, what becomes of it, and how it says what is wrong."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genopt_gym.core.errors import UserError
from genopt_gym.study.planning.document import plan_text, presets
from genopt_gym.study.planning.plan import load_plan
from genopt_gym.study.records import Plan

CARTPOLE = "GenOpt/Control-CartPole-v0"
PONG = "GenOpt/Atari-Pong-v0"
SMALL: dict[str, Any] = {"tasks": [CARTPOLE], "agents": ["hill-climbing"], "seeds": 2}
GOOD = """\
question: Does the batch size matter?
tasks:
  GenOpt/Control-CartPole-v0: {validation_size: 8}
  GenOpt/Atari-Pong-v0:
    max_steps: 100
parameters:
  start: modular/parametric
factors:
  batch_size: [1, 2]
  accept:
  - always
  - train
agents:
- hill-climbing
- agent: cma-es
  label: wide search
  options:
    sigma: 1.5
controls:
- agent: random
  levels: {batch_size: 1}
seeds: [3, 5]
edits: 10
study_budget: {trials: 100000}
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "batches.yaml"
    path.write_text(GOOD)
    return path


def test_everything_is_crossed(written: Path) -> None:
    plan = load_plan(written)
    assert (plan.name, plan.question) == ("batches", "Does the batch size matter?")
    assert plan.factors == {"batch_size": [1, 2], "accept": ["always", "train"]}
    assert (plan.controls, plan.budget, plan.match) == (["random"], {"trials": 100_000}, "updates")
    # 2 tasks x 2 seeds x (2 agents x 4 arms, and a control that keeps to one batch size)
    assert Counter(run.agent for run in plan.runs) == {"hill-climbing": 16, "wide search": 16, "random": 8}
    assert {run.levels["batch_size"] for run in plan.runs if run.agent == "random"} == {1}
    arm = "wide search, batch_size=2, accept=train"
    run = next(run for run in plan.runs if (run.config.id, run.arm, run.seed) == (PONG, arm, 5))
    assert run.config.parameters == {
        "max_steps": 100,
        "start": "modular/parametric",
        "batch_size": 2,
        "accept": "train",
    }
    assert (run.config.agent, run.config.agent_options, run.config.edits) == ("cma-es", {"sigma": 1.5}, 10)
    assert run.levels == {"batch_size": 2, "accept": "train"}


def test_replicates_are_begun_one_after_the_other_so_that_half_a_study_can_be_compared(written: Path) -> None:
    seeds = [run.seed for run in load_plan(written).runs]
    assert seeds == [3] * 20 + [5] * 20


def test_order_and_agent_are_seeded_by_the_replicate_and_the_split_is_the_tasks_own() -> None:
    configs = [run.config for run in load_plan(SMALL).runs]
    assert [(config.seed, config.agent_seed) for config in configs] == [(0, 0), (1, 1)]
    assert not any("split_seed" in config.parameters for config in configs)
    apart = load_plan(SMALL, seed_order=7, split_seed="replicate").runs
    assert [(run.config.seed, run.config.agent_seed) for run in apart] == [(7, 0), (7, 1)]
    assert [run.config.parameters["split_seed"] for run in apart] == [0, 1]


def test_own_leaves_a_parameter_to_task_and_protocol() -> None:
    plan = load_plan(SMALL, factors={"credit_horizon": [1, "own", None]}, seeds=1)
    assert [run.config.parameters for run in plan.runs] == [{"credit_horizon": 1}, {}, {"credit_horizon": None}]
    assert [run.levels["credit_horizon"] for run in plan.runs] == [1, "own", None]
    assert [run.arm.partition("=")[2] for run in plan.runs] == ["1", "own", "null"]


def test_structure_and_implementation_make_up_the_start() -> None:
    plan = load_plan(SMALL, factors={"structure": ["modular", "one_function"]}, parameters={"implementation": "stub"})
    assert {run.config.parameters["start"] for run in plan.runs} == {"modular/stub", "one_function/stub"}


def test_the_budget_of_a_run_is_its_environments() -> None:
    plan = load_plan(SMALL, budget={"trials": 50})
    assert {run.config.parameters["budget"]["trials"] for run in plan.runs} == {50}


def test_the_plans_model_is_what_agents_and_artifacts_ask_that_name_none() -> None:
    tasks = {"tests.helpers.sums:Toy/Sums-v0": {"start": "workflow/naive", "model": None}}
    agents = ["random", "proposer", {"agent": "proposer", "label": "other", "options": {"model": "local/b"}}]
    runs = load_plan({"tasks": tasks, "agents": agents, "seeds": 1, "model": "local/a"}).runs
    assert [run.config.agent_options for run in runs] == [{}, {"model": "local/a"}, {"model": "local/b"}]
    assert {run.config.parameters["model"] for run in runs} == {"local/a"}


def test_match_updates_gives_every_arm_the_same_edits() -> None:
    plan = load_plan(SMALL, factors={"batch_size": [1, 4]})
    assert {run.config.edits for run in plan.runs} == {20}


def test_match_trials_gives_larger_batches_fewer_edits() -> None:
    parameters = {"validation_size": 4}
    factors = {"batch_size": [1, 5], "accept": ["always", "train"]}
    plan = load_plan(SMALL, parameters=parameters, factors=factors, match="trials", edits=23, seeds=1)
    # 24 steps of 1 + 4 trials are 120; a step takes 2 + 4, 5 + 4 and 10 + 4 in the others.
    assert [run.config.edits for run in plan.runs] == [23, 19, 12, 7]


def test_match_trials_says_where_nothing_is_left() -> None:
    with pytest.raises(UserError, match=r"match: trials leaves hill-climbing, batch_size=300 no edit in .*CartPole"):
        load_plan(SMALL, factors={"batch_size": [1, 300]}, match="trials", parameters={"credit_horizon": 1})


def test_match_tokens_needs_to_know_how_many() -> None:
    with pytest.raises(UserError, match="match: tokens needs the tokens of a run"):
        load_plan(SMALL, match="tokens")
    plan = load_plan(SMALL, match="tokens", budget={"tokens": 1000})
    assert {run.config.edits for run in plan.runs} == {20}


def test_tasks_can_be_chosen_and_keep_their_parameters(written: Path) -> None:
    plan = load_plan(written, tasks=[PONG, "GenOpt/Atari-Freeway-v0"])
    assert {(run.config.id, run.config.parameters.get("max_steps")) for run in plan.runs} == {
        (PONG, 100),
        ("GenOpt/Atari-Freeway-v0", None),
    }


# Each line of GOOD that is replaced, by what, and what is said of which line.
FAULTS = [
    ("question: Does the", "question: [Does the", 1, "this cannot be read as YAML"),
    ("edits: 10", "edits: 10\nedits: 11", 24, "the key 'edits' is there twice"),
    ("edits: 10", "edits: 2024-01-01", 23, "2024-01-01 is neither text nor a number here: put it in quotes"),
    ("edits: 10", "3: 10", 23, "the key 3 is no text"),
    ("edits: 10", "edits: ten", 23, "edits: Expected whole number or null, got text"),
    ("edits: 10", "edits: 0", 23, "edits must be a whole number from 1, got 0"),
    ("edits: 10", "edit: 10", 23, "unknown key 'edit'; did you mean edits?"),
    ("  label: wide", "  lable: wide", 16, "unknown key 'lable'; did you mean label?"),
    ("Control-CartPole", "Control-CartPool", 3, "doesn't exist in namespace GenOpt. Did you mean: `Control-CartPole`?"),
    ("    max_steps", "    max_step", 5, "unknown keyword 'max_step'; did you mean 'max_steps'?"),
    ("modular/parametric", "modular/perfect", 7, "no start 'modular/perfect'"),
    ("  - train", "  - sometimes", 12, "no acceptance rule 'sometimes'. There are always, valid,"),
    ("[1, 2]", "[1, 0]", 9, "batch_size must be a whole number from 1, got 0"),
    ("    max_steps: 100", "    max_steps: 0", 5, "max_steps must be a whole number from 1, got 0"),
    ("    max_steps: 100", "    budget: {trials: 0}", 5, "a budget of trials must be a whole number from 1, got 0"),
    ("    max_steps: 100", "    disguise: text", 5, "disguise must be None or a whole number from 0, got 'text'"),
    ("    max_steps: 100", "    editable: [act]", 5, "editable names 'act', but the components are"),
    ("    max_steps: 100", "    render_mode: ansi", 5, "render_mode cannot be set for a run"),
    ("[1, 2]", "[1, 1.0]", 9, "two levels of batch_size are the same"),
    ("[1, 2]", "[]", 9, "the factor batch_size has no levels"),
    ("  accept:", "  start: [modular/naive]\n  accept:", 7, "start is given twice"),
    ("- hill-climbing", "- hill-climb", 14, "no agent 'hill-climb'; did you mean 'hill-climbing'?"),
    ("label: wide search", "label: hill-climbing", 16, "two agents are called 'hill-climbing'"),
    ("    sigma: 1.5", "    sgima: 1.5", 18, "agent 'cma-es' has no option 'sgima'"),
    ("    sigma: 1.5", "    sigma: -1", 18, "sigma must be a number above 0, got -1"),
    ("{batch_size: 1}", "{batch_size: 3}", 21, "batch_size=3 is no level of a factor of this plan"),
    ("- agent: random", "- agent: proposer", 20, "needs the option 'model': name it with model: in the plan, or with"),
    ("seeds: [3, 5]", "seeds: [3, 3]", 22, "seeds is how many there are, from 1, or a list of different ones"),
    ("seeds: [3, 5]", "seeds: 0", 22, "seeds is how many there are"),
    ("seeds: [3, 5]", "seed_order: -1", 22, "seed_order must be a whole number from 0, or replicate, got -1"),
    ("{trials: 100000}", "{hours: 3}", 24, "a study's budget has trials, tokens and money, not 'hours'"),
    ("{trials: 100000}", "{trials: 0}", 24, "a budget of trials must be a whole number from 1, got 0"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), FAULTS, ids=[new for _, new, _, _ in FAULTS])
def test_what_is_wrong_is_said_in_a_sentence_with_its_line(
    written: Path, old: str, new: str, line: int, words: str
) -> None:
    assert GOOD.count(old) == 1
    written.write_text(GOOD.replace(old, new))
    with pytest.raises(UserError) as problem:
        load_plan(written)
    message = str(problem.value)
    assert words in message
    found = re.search(r"batches\.yaml, line (\d+): ", message)
    assert found
    assert int(found[1]) == line
    assert "\n" not in message


@pytest.mark.parametrize("key", ["tasks", "agents"])
def test_empty_lists_and_missing_keys_are_refused(key: str) -> None:
    with pytest.raises(UserError, match=f"{key} is empty: name at least one"):
        load_plan(SMALL, **{key: []})
    with pytest.raises(UserError, match=f"there has to be a key {key}"):
        load_plan({name: value for name, value in SMALL.items() if name != key})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a plan is a mapping with keys"),
        ("- a\n- b\n", "a plan is a mapping with keys"),
        ("a: &a [*a]\n", "line 1: this refers to itself"),
        ("a: !!python/object:os.system {}\n", "could not determine a constructor|unknown key 'a'"),
        ("a: \x00", "cannot be read as YAML"),
        ("[" * 400, "cannot be read as YAML"),
        ("a: .inf\n", "line 1: .inf is neither text nor a number here"),
    ],
)
def test_text_that_is_no_plan(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "plan.yaml").write_text(text)
    with pytest.raises(UserError, match=words):
        load_plan(tmp_path / "plan.yaml")


def test_a_plan_made_in_python_is_plain_data() -> None:
    plan = load_plan(SMALL, factors={"feedback": (("score",), ("score", "staged"))})
    assert plan.factors == {"feedback": [["score"], ["score", "staged"]]}
    with pytest.raises(UserError, match="the plan: it has to be plain data, as JSON has them: Object of type"):
        load_plan(SMALL, parameters={"data_dir": Path()})


def test_a_wrong_name_gets_the_nearest_preset() -> None:
    with pytest.raises(UserError, match=r"neither a file nor a preset; did you mean quick/credit-horizon\?"):
        load_plan("quick/credit-horizons")


def test_the_text_of_a_plan_can_be_kept_and_read_again(written: Path, tmp_path: Path) -> None:
    assert plan_text(written) == GOOD
    assert plan_text(presets()[0]).startswith("#")
    again = tmp_path / "again.yaml"
    again.write_text(plan_text(SMALL))
    assert load_plan(again, name="x") == load_plan(SMALL, name="x")


FACTORS = {
    "credit_horizon": st.one_of(st.just("own"), st.none(), st.integers(1, 5)),
    "batch_size": st.integers(1, 8),
    "accept": st.sampled_from(["always", "valid", "train", "validation"]),
    "feedback": st.lists(st.sampled_from(["score", "staged", "progress"]), max_size=2),
}
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)
PLANS = st.fixed_dictionaries(
    {
        "tasks": st.lists(st.sampled_from([CARTPOLE, PONG]), min_size=1, unique=True),
        "agents": st.lists(
            st.builds(lambda label: {"agent": "random", "label": label}, NAMES),
            min_size=1,
            max_size=3,
            unique_by=lambda entry: entry["label"],
        ),
        "factors": st.lists(st.sampled_from(sorted(FACTORS)), unique=True, max_size=3).flatmap(
            lambda names: st.fixed_dictionaries(
                {name: st.lists(FACTORS[name], min_size=1, max_size=3, unique_by=repr) for name in names}
            )
        ),
        "seeds": st.lists(st.integers(0, 10**9), min_size=1, max_size=3, unique=True),
        "edits": st.integers(1, 50),
        "budget": st.just({}) | st.fixed_dictionaries({"money": st.floats(0.01, 100)}),
        "question": NAMES,
    }
)


@given(PLANS)
@settings(max_examples=10, deadline=None)
def test_any_plan_survives_json_and_its_keys_are_unique_and_stable(document: dict[str, Any]) -> None:
    plan = load_plan(document)
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan
    keys = [run.key for run in plan.runs]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[\w.-]{1,120}", key, re.ASCII) for key in keys)
    assert keys == [run.key for run in load_plan(document).runs]
    pairs = Counter((run.config.id, run.arm, run.seed) for run in plan.runs)
    assert set(pairs.values()) == {1}
