"""A run from Python: what ``run``, ``resume`` and ``load_run`` give, of runs that ended and of those that did not."""

from __future__ import annotations

import gc
import json
import shutil
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

import genopt_gym
from genopt_gym import Agent
from genopt_gym.agents.hill_climbing import HillClimbing
from genopt_gym.core.errors import UserError
from genopt_gym.runs.config import Config
from genopt_gym.runs.run import Run
from genopt_gym.runs.steps import Step
from genopt_gym.wrappers import NumericEdits
from tests.helpers.watching import Watching

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL: dict[str, Any] = {"start": "modular/parametric", "validation_size": 4, "test_size": 4}


class Twice(Agent):
    """Multiplies every number of one component by a factor of its own."""

    def __init__(self, factor: float = 2.0) -> None:
        self.factor = factor

    def act(self, observation: dict[str, Any]) -> dict[str, str]:
        return {"select_action": f"# {self.factor}\n" + observation["artifact"]["select_action"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "run"
    genopt_gym.run(CARTPOLE, "hill-climbing", edits=5, seed=1, out=path, **SMALL)
    return path


@pytest.fixture
def run(folder: Path) -> Run:
    return genopt_gym.load_run(folder)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / "steps.jsonl").read_text().splitlines()]


def test_a_run_tells_what_its_folder_holds(run: Run, folder: Path) -> None:
    stored, result = rows(folder), json.loads((folder / "result.json").read_text())
    assert [step.artifact for step in run.steps] == [row["artifact"] for row in stored]
    assert run.steps[-1].total_trials == run.ledger.trials == 6 * 5
    assert (run.start.validation, run.start.test) == (result["start_score"], result["start_test_score"])
    assert (run.best.validation, run.best.test) == (result["validation_score"], result["test_score"])
    assert run.best.artifact.id == result["best"]
    assert run.best.artifact.source == (folder / "best.py").read_text()
    assert run.done
    assert run.ended_by == "updates"
    assert run.diff() == (folder / "best.diff").read_text()
    assert run.diff(1, 1) == ""


def test_steps_are_a_list_and_a_table(run: Run) -> None:
    assert len(run.steps) == 6
    assert [step.step for step in run.steps[2:4]] == [2, 3]
    pytest.importorskip("pandas")
    table = run.steps.to_pandas()
    assert list(table["score"]) == [step.score for step in run.steps]
    assert {"outcome", "best_score", "total_trials", "seconds", "tokens", "money"} <= set(table.columns)


@pytest.mark.parametrize("accept", ["always", "validation"])
def test_a_trace_is_what_the_agent_saw(tmp_path: Path, accept: str) -> None:
    seen: list[str] = []

    class Looking(HillClimbing):
        def act(self, observation: dict[str, Any]) -> Any:
            seen.append(observation["trace"])
            return "no edit" if len(seen) == 2 else super().act(observation)

        def observe(self, observation: dict[str, Any], reward: float, info: dict[str, Any]) -> None:
            if info["outcome"] != "unparsable":
                super().observe(observation, reward, info)

    run = genopt_gym.run(CARTPOLE, Looking, edits=4, out=tmp_path / "run", accept=accept, **SMALL)
    assert run.steps[2].outcome == "unparsable"
    assert [run.trace(number) for number in range(4)] == seen
    before = (tmp_path / "run" / "evaluations.bin").read_bytes()
    assert (tmp_path / "run" / "evaluations.bin").read_bytes() == before
    with pytest.raises(UserError, match="has steps 0 to 4, not 9"):
        run.trace(9)


def test_an_unfinished_run_can_be_looked_at_and_gone_on_with(folder: Path, tmp_path: Path) -> None:
    def stop(step: Step) -> None:
        if step.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        genopt_gym.run(
            CARTPOLE, "hill-climbing", edits=5, seed=1, out=tmp_path / "run", callbacks=[Watching(stop)], **SMALL
        )
    run = genopt_gym.load_run(tmp_path / "run")
    assert (len(run.steps), run.done, run.ended_by, run.best.test) == (3, False, None, None)
    assert "not done" in repr(run)
    assert "not done" in run._repr_html_()
    assert run.trace(1)
    resumed = genopt_gym.resume(tmp_path / "run")
    assert resumed.done
    assert rows(tmp_path / "run") == rows(folder)


def test_an_interrupted_run_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    def stop(step: Step) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        genopt_gym.run(CARTPOLE, "hill-climbing", edits=2, callbacks=[Watching(stop)], **SMALL)
    said = capsys.readouterr().err
    path = Path(said.split("genopt_gym.resume('")[1].split("'")[0])
    assert genopt_gym.resume(path).done
    shutil.rmtree(path)


def test_without_a_folder_a_run_lasts_as_long_as_somebody_holds_it(tmp_path: Path) -> None:
    run = genopt_gym.run(CARTPOLE, "random", edits=1, **SMALL)
    path = run.folder
    kept = run.save(tmp_path / "kept")
    del run
    gc.collect()
    assert not path.exists()
    assert len(kept.steps) == 2
    with pytest.raises(UserError, match="already exists"):
        kept.save(tmp_path / "kept")


def test_an_agent_may_be_a_class_or_an_instance(tmp_path: Path) -> None:
    by_class = genopt_gym.run(CARTPOLE, Twice, edits=2, agent_options={"factor": 3.0}, out=tmp_path / "class", **SMALL)
    assert by_class.config.agent == f"{__name__}:Twice"
    assert "# 3.0" in by_class.artifact(1).source
    assert genopt_gym.resume(tmp_path / "class", more_edits=1).done

    by_instance = genopt_gym.run(CARTPOLE, Twice(4.0), edits=2, out=tmp_path / "instance", **SMALL)
    assert by_instance.config.agent == "session:Twice"
    with pytest.raises(UserError, match=r"the agent Twice was given as an object.* genopt_gym\.resume\(folder, agent="):
        genopt_gym.resume(tmp_path / "instance")
    with pytest.raises(UserError, match=r"was made by session:Twice, not by session:HillClimbing"):
        genopt_gym.resume(tmp_path / "instance", agent=HillClimbing())
    more = genopt_gym.resume(tmp_path / "instance", agent=Twice(4.0), more_edits=2)
    assert [step.step for step in more.steps] == [0, 1, 2, 3, 4]


def test_an_environment_stands_for_its_id_and_parameters() -> None:
    env = gym.make(CARTPOLE, max_episode_steps=2, **SMALL)
    run = genopt_gym.run(env, "random", validation_size=2)
    assert run.config.parameters == {**SMALL, "validation_size": 2}
    assert (run.config.id, len(run.steps)) == (CARTPOLE, 3)
    with pytest.raises(UserError, match=r"without NumericEdits: give it the id"):
        genopt_gym.run(NumericEdits(gym.make(CARTPOLE, **SMALL)), "random")
    with pytest.raises(UserError, match="CartPole-v1 is an environment, but none whose steps are edits"):
        genopt_gym.run(gym.make("CartPole-v1"), "random")


def test_more_edits_make_the_longer_run(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "run")
    longer = genopt_gym.resume(tmp_path / "run", more_edits=3)
    genopt_gym.run(CARTPOLE, "hill-climbing", edits=8, seed=1, out=tmp_path / "whole", **SMALL)
    for name in ("steps.jsonl", "result.json", "config.json"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert longer.config.edits == 8


def test_an_agent_that_goes_by_the_number_of_edits_is_given_no_more(tmp_path: Path) -> None:
    genopt_gym.run(CARTPOLE, "cma-es", edits=8, out=tmp_path / "run", **SMALL)
    files = [tmp_path / "run" / name for name in ("config.json", "steps.jsonl", "ledger.jsonl", "result.json")]
    before = [path.read_bytes() for path in files]
    with pytest.raises(UserError, match="cannot be given more edits: its agent goes by their number"):
        genopt_gym.resume(tmp_path / "run", more_edits=20)
    assert [path.read_bytes() for path in files] == before


def test_a_run_draws_itself(run: Run, tmp_path: Path) -> None:
    run.plot().savefig(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    html = run._repr_html_()
    assert "<svg" in html
    assert f"best (step {run.best.step})" in html
    assert "hill-climbing, seed 1" in html


class NoAgent:
    """It can do nothing."""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"agent": NoAgent}, r"NoAgent'> is not an agent: its class has to inherit genopt_gym\.Agent"),
        ({"agent": f"{__name__}:NoAgent"}, "NoAgent is not an agent: an agent is a class that inherits"),
        ({"agent": 5}, "5 is not an agent: its class has to inherit"),
        ({"agent": "hill-climbin"}, "did you mean 'hill-climbing'"),
        ({"agent": Twice(), "agent_options": {"factor": 1}}, "is made already, so it takes no option 'factor'"),
        ({"agent": Twice, "agent_options": {"facto": 1}}, "no option 'facto'; its options: factor"),
        ({"edit": 5}, "run has no keyword 'edit'; did you mean 'edits'"),
        ({"callback": ()}, "run has no keyword 'callback'; did you mean 'callbacks'"),
        ({"strat": "x"}, "unknown keyword 'strat'; did you mean 'start'"),
        ({"env_or_id": 3}, "an environment is an id or what gym.make gives, not 3"),
    ],
)
def test_wrong_words_are_explained(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        genopt_gym.run(**{"env_or_id": CARTPOLE, "agent": "random", **SMALL, **arguments})


def test_a_folder_of_a_newer_format_is_refused_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    (tmp_path / "run" / "config.json").write_text(json.dumps({**config, "format": 99}))
    for look in (genopt_gym.load_run, genopt_gym.resume):
        with pytest.raises(UserError, match=r"format 99.*install the newer version"):
            look(tmp_path / "run")


def test_a_run_of_an_older_format_is_still_a_run(tmp_path: Path) -> None:
    stored = Path(__file__).parents[1] / "stored" / "run-format-0"
    run = genopt_gym.load_run(stored)
    assert run.done
    assert run.best.artifact.source == (stored / "best.py").read_text()
    assert run.diff() == (stored / "best.diff").read_text()


def test_a_configuration_takes_a_class_and_refuses_an_object() -> None:
    config = Config(CARTPOLE, Twice)  # type: ignore[arg-type]
    assert config.agent == f"{__name__}:Twice"
    with pytest.raises(UserError, match=r"a configuration cannot hold .*Twice.*genopt_gym\.run"):
        Config(CARTPOLE, Twice())  # type: ignore[arg-type]
    with pytest.raises(UserError, match="by its id"):
        Config(gym.make(CARTPOLE), "random")  # type: ignore[arg-type]
