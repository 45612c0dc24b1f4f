"""What a run costs is known before it is run: never less than it comes to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.agents.model_agent import ModelAgent
from genopt_gym.core.ledger import Ledger
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run
from genopt_gym.study.planning.estimate import Calls, Trials, added, estimate_run
from tests.conftest import Genopt
from tests.helpers import own
from tests.helpers.watching import Watching

CARTPOLE = "GenOpt/Control-CartPole-v0"
SIZES = {"validation_size": 4, "test_size": 6, "start": "modular/parametric"}
MODEL = {"model": "local/none.gguf", "context_tokens": 50_000}
PLAN = """\
tasks: [GenOpt/Control-CartPole-v0]
parameters: {validation_size: 4, test_size: 6, credit_horizon: 10}
factors: {batch_size: [1, 6]}
agents: [{agent: proposer, options: {context_tokens: 50000}}]
model: local/none.gguf
edits: 19
seeds: 3
match: trials
budget: {tokens: 5000}
study_budget: {money: 3}
"""


@pytest.mark.parametrize("accept", ["always", "train"])
def test_a_run_makes_no_more_trials_than_were_counted(tmp_path: Path, accept: str) -> None:
    config = Config(CARTPOLE, "random", edits=5, parameters={**SIZES, "batch_size": 2, "accept": accept})
    found = estimate_run(config)
    assert found.trials == Trials(train=4 if accept == "train" else 2, validation=4, test=6, confirmation=3 * 4)
    ledgers: list[int] = []
    start_run(config, tmp_path / "run", [Watching(lambda step: ledgers.append(step.total_trials))])
    most = found.total_trials - 3 * 4 - 2 * 6
    assert ledgers[-1] <= most
    if accept == "always":
        assert ledgers[-1] == most == 6 * 6


def test_a_proposer_asks_once_for_an_edit_and_once_more_where_that_failed() -> None:
    config = Config(CARTPOLE, "proposer", edits=5, agent_options={**MODEL, "prices": [1, 4]})
    (calls,) = estimate_run(config).calls
    assert (calls.role, calls.model, calls.least, calls.most) == ("proposer", "local/none.gguf", 5, 10)
    assert calls.prompt_tokens is not None
    # A tenth of the prompts is one prompt: at least the whole trace, at most what the context bears.
    assert 30_000 < calls.prompt_tokens / 10 < 34_000
    assert calls.money == pytest.approx((calls.prompt_tokens * 1 + 10 * 16_384 * 4) / 1e6)


def test_a_workflow_asks_in_every_trial() -> None:
    parameters = {"start": "workflow/naive", "model": "local/none.gguf", "validation_size": 10, "test_size": 30}
    config = Config("tests.helpers.sums:Toy/Sums-v0", "random", edits=4, parameters=parameters)
    (calls,) = estimate_run(config).calls
    assert (calls.role, calls.least, calls.most, calls.prompt_tokens) == ("workflow", 145, 145, None)
    assert calls.most == estimate_run(config).total_trials


def test_an_artifact_that_decides_itself_may_ask_up_to_its_limit() -> None:
    parameters = {"start": "workflow_code/naive", "model": "local/none.gguf", "validation_size": 10, "test_size": 30}
    config = Config("tests.helpers.sums:Toy/Sums-v0", "random", edits=4, parameters=parameters)
    (calls,) = estimate_run(config).calls
    assert (calls.least, calls.most) == (0, 20 * 145)


def test_a_judge_is_asked_about_every_answer_and_again_where_it_gives_no_score() -> None:
    judge = {"grader": "judge", "model": "local/judge.gguf"}
    asked = {"texts": {"prompt": "{question}"}, "model": "local/none.gguf"}
    parameters = {"function": judge, "data": own.EXAMPLES, **asked}
    config = Config("GenOpt/Function-Examples-v0", "random", edits=4, parameters=parameters)
    cost = estimate_run(config)
    told = {calls.role: (calls.model, calls.least, calls.most) for calls in cost.calls}
    trials = cost.total_trials
    assert told == {"workflow": ("local/none.gguf", trials, trials), "judge": ("local/judge.gguf", trials, 2 * trials)}


class OwnLoop(ModelAgent):
    """Asks as often as it likes."""

    def act(self, observation: dict[str, Any]) -> dict[str, str]:
        raise AssertionError


def test_agents_with_a_loop_of_their_own_are_said_to_be_uncounted(genopt: Genopt) -> None:
    config = Config(CARTPOLE, f"{__name__}:OwnLoop", agent_options=MODEL)
    assert estimate_run(config).uncounted
    Path("plan.yaml").write_text(PLAN.replace("agent: proposer", f"agent: '{__name__}:OwnLoop', label: own"))
    ended = genopt("study", "check", "plan.yaml")
    assert re.search(r"^GenOpt\S+ +own, batch_size=1 .* \?$", ended.out, re.M)
    assert "more      own asks its model, and makes trials beside the steps, as often as it likes" in ended.out


def test_calls_of_a_kind_are_added_and_others_kept_apart() -> None:
    one = Calls("proposer", "a/b", 1, 2, 100, 50)
    other = Calls("workflow", "a/b", 5, 5, 100, None)
    assert added([one, other, one.times(3)]) == [Calls("proposer", "a/b", 4, 8, 100, 200), other]


def test_check_shows_what_the_plan_comes_to_and_runs_nothing(genopt: Genopt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "charge", lambda *_: pytest.fail("something was run"))
    Path("plan.yaml").write_text(PLAN)
    ended = genopt("study", "check", "plan.yaml")
    assert ended.code == 0, ended.err
    assert "same train and validation trials in a task" in ended.out
    # 20 steps of 1 + 4 trials are 100, which are ten of 6 + 4.
    assert re.search(rf"^{CARTPOLE} +proposer, batch_size=1 +3 +19 +20 +80 +12 +12 +38$", ended.out, re.M)
    assert re.search(rf"^{CARTPOLE} +proposer, batch_size=6 +3 +9 +60 +40 +12 +12 +18$", ended.out, re.M)
    assert "runs      6\n" in ended.out
    assert "240 train + 360 validation + 72 confirmation + 72 test = 744 at most" in ended.out
    assert "proposer  84 to 168 calls of local/none.gguf, at most 16,384 tokens a reply: at most $0.00" in ended.out
    assert "budget    5,000 tokens a run\nbudget    $3.00 for the study\n" in ended.out
    assert "control   none: " in ended.out
    assert not ended.err


def test_check_takes_other_tasks_seeds_and_models(genopt: Genopt) -> None:
    Path("plan.yaml").write_text(PLAN)
    options = ["--tasks", "GenOpt/Atari-Pong-v0", "--seeds", "1", "--model", "local/b"]
    ended = genopt("study", "check", "plan.yaml", *options)
    assert ended.code == 0, ended.err
    assert "GenOpt/Atari-Pong-v0" in ended.out
    assert CARTPOLE not in ended.out
    assert "calls of local/b" in ended.out
    assert "too few for any conclusion" in ended.out


def test_check_says_what_is_wrong_in_a_sentence(genopt: Genopt) -> None:
    Path("plan.yaml").write_text(PLAN.replace("edits: 19", "edit: 19"))
    ended = genopt("study", "check", "plan.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "genopt: plan.yaml, line 6: unknown key 'edit'; did you mean edits?\n"
