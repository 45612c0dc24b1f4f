"""A study from Python: agents as names, classes and objects, held against each other."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import genopt_gym
from genopt_gym import Agent
from genopt_gym.core.errors import UserError
from genopt_gym.runs.steps import Step
from genopt_gym.study.study import Study
from tests.helpers.watching import Watching
from tests.runs.test_interruption import adopted, wait_until

CARTPOLE, ACROBOT = "GenOpt/Control-CartPole-v0", "GenOpt/Control-Acrobot-v0"
SMALL = {"start": "modular/parametric", "validation_size": 2, "test_size": 2}


class Commenting(Agent):
    """Writes a word into the text, which changes nothing."""

    def __init__(self, word: str = "mine") -> None:
        self.word = word

    def act(self, observation: dict[str, Any]) -> dict[str, str]:
        return {"select_action": f"# {self.word}\n" + observation["artifact"]["select_action"]}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    path = tmp_path_factory.mktemp("studies") / "study"
    agents: dict[str, Any] = {"one": Commenting("one"), "two": Commenting("two"), "climber": "hill-climbing"}
    return genopt_gym.compare([CARTPOLE, ACROBOT], agents, 2, out=path, edits=1, parameters=SMALL)


def test_every_agent_runs_on_every_task_with_every_seed(study: Study) -> None:
    assert study.done
    assert len(study.runs) == 12
    table = study.to_pandas()
    assert len(table) == 12
    assert set(table["agent"]) == {"one", "two", "climber"}
    assert set(table["state"]) == {"done"}
    for run, row in zip(study.runs, table.to_dict("records"), strict=True):
        assert (row["best"], row["test"], row["run"]) == (run.best.validation, run.best.test, str(run.folder))


def test_each_object_is_the_agent_of_its_own_runs(study: Study) -> None:
    words = {run.config.agent: run.artifact(1).source.splitlines()[:20] for run in study.runs}
    assert any("# one" in line for line in words["session:Commenting"])
    assert any("# two" in line for line in words["session:Commenting-2"])


def test_a_study_can_be_loaded_drawn_and_reported(study: Study, tmp_path: Path) -> None:
    again = genopt_gym.load_study(study.folder)
    assert again.to_pandas().equals(study.to_pandas())
    again.plot().savefig(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UserError, match="over edits, trials, tokens, money, not over 'hours'"):
        again.plot("hours")
    html = again._repr_html_()
    assert "12 of 12 runs done" in html
    assert html.count("<tr>") == 4
    pytest.importorskip("rliable")
    assert again.report().read_text().startswith("<!")


def test_names_and_importable_classes_run_in_processes_of_their_own(tmp_path: Path) -> None:
    study = genopt_gym.compare(
        CARTPOLE, ["random", Commenting], [3], out=tmp_path / "study", edits=1, parameters=SMALL, progress=False
    )
    assert [run.config.agent for run in study.runs] == ["random", f"{__name__}:Commenting"]
    assert list(study.to_pandas()["seed"]) == [3, 3]
    with pytest.raises(UserError, match="objects, or classes of this session, run in this process"):
        genopt_gym.compare(CARTPOLE, [Commenting()], 1, workers=2, edits=1, parameters=SMALL)


def test_without_a_folder_a_study_lasts_as_long_as_one_of_its_runs_is_held() -> None:
    study = genopt_gym.compare(CARTPOLE, [Commenting()], 1, edits=1, parameters=SMALL)
    path, run = study.folder, study.runs[0]
    del study
    gc.collect()
    assert path.exists()
    assert run.start.validation
    del run
    gc.collect()
    assert not path.exists()


def test_what_failed_is_warned_of_and_told(tmp_path: Path) -> None:
    agents = ["random", "tests.helpers.study_agents:Broken"]
    with pytest.warns(UserWarning, match=r"1 of 2 runs failed or were left out; .*LookupError: it never learned"):
        study = genopt_gym.compare(CARTPOLE, agents, 1, out=tmp_path / "study", edits=1, parameters=SMALL)
    table = study.to_pandas()
    assert list(table["state"]) == ["done", "failed"]
    assert table["problem"][1] == "LookupError: it never learned"
    assert "1 of 2 runs done" in repr(study)


def test_an_interrupted_study_goes_on_where_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made: list[int] = []

    def stop(step: Step) -> None:
        made.append(step.step)
        if len(made) == 4:
            raise KeyboardInterrupt

    given: dict[str, Any] = {"out": tmp_path / "study", "edits": 2, "parameters": SMALL, "progress": False}
    with pytest.raises(KeyboardInterrupt):
        genopt_gym.compare(CARTPOLE, ["random"], 2, callbacks=[Watching(stop)], **given)
    assert f"go on with: the same call and out='{tmp_path / 'study'}'" in capsys.readouterr().err
    half = genopt_gym.load_study(tmp_path / "study")
    assert list(half.to_pandas()["state"]) == ["done", "unfinished"]
    replayed: list[bool] = []
    watching = Watching(lambda step: replayed.append(step.replayed))
    assert genopt_gym.compare(CARTPOLE, ["random"], 2, callbacks=[watching], **given).done
    assert replayed == [True, False, False]


def test_a_folder_of_a_newer_format_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"format": 99}')
    with pytest.raises(UserError, match=r"format 99.*install the newer version"):
        genopt_gym.load_study(tmp_path)


SCRIPT = """\
import genopt_gym
if __name__ == "__main__":
    genopt_gym.compare("GenOpt/Control-CartPole-v0", {agents}, 2, out="study", edits=40,
        parameters={{"start": "modular/parametric", "validation_size": 64, "test_size": 2}})
"""


@pytest.mark.parametrize("agents", ['["hill-climbing"]', '[genopt_gym.make_agent("hill-climbing")]'])
def test_an_interrupt_leaves_no_process_and_a_study_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agents: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("script.py").write_text(SCRIPT.format(agents=agents))
    with adopted() as alive:
        process = subprocess.Popen([sys.executable, "script.py"], stderr=subprocess.PIPE, text=True)
        begun = Path("study", "runs")
        assert wait_until(lambda: any(len(p.read_bytes().splitlines()) > 1 for p in begun.glob("*/steps.jsonl")), 60)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode in (1, -signal.SIGINT, 130)
        assert "go on with: the same call and out='study'" in err
        assert wait_until(lambda: not alive(), 60), alive()
    assert not genopt_gym.load_study("study").done


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"edit": 3}, "unknown key 'edit'; did you mean edits"),
        ({"worker": 3}, "compare has no keyword 'worker'; did you mean 'workers'"),
        ({"agents": [int]}, "int'> is not an agent"),
        ({"agents": ["rndom"]}, "did you mean 'random'"),
        ({"tasks": ["GenOpt/Control-CartPol-v0"]}, "CartPole"),
        ({"tasks": []}, "tasks is empty"),
        ({"parameters": {"strat": 1}}, "did you mean 'start'"),
    ],
)
def test_wrong_words_are_explained(tmp_path: Path, given: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as error:
        genopt_gym.compare(**{"tasks": [CARTPOLE], "agents": ["random"], "out": tmp_path / "study", **given})
    assert words in str(error.value)
    assert not (tmp_path / "study").exists()
