"""Callbacks hear of a run from its start to its end, whoever they are and however it ends."""

from __future__ import annotations

import io
import json
import re
import sys
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from genopt_gym.core.errors import UserError
from genopt_gym.runs.callbacks import CALLBACKS, Callback, RunStart, make_callbacks
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.runs.progress import SHOWN, ProgressDisplay
from genopt_gym.runs.result import Result
from genopt_gym.runs.steps import Step
from genopt_gym.study.execution.execute import run_study
from genopt_gym.study.execution.local import LocalExecutor
from genopt_gym.study.folder import StudyFolder, run_path
from tests.conftest import Genopt
from tests.helpers.small_study import small_plan
from tests.helpers.watching import LiveLog, Watching

CONFIG = Config(
    "GenOpt/Control-CartPole-v0",
    "hill-climbing",
    edits=3,
    parameters={"start": "modular/parametric", "validation_size": 2, "test_size": 2},
)
LOGGER = '''
import json
from genopt_gym import Callback

class JsonLines(Callback):
    """A line for each step, in live.jsonl of the run."""

    def on_start(self, start):
        self.file = open(start.folder / "live.jsonl", "a")

    def on_step(self, step):
        if not step.replayed:
            self.file.write(json.dumps({"step": step.step, "score": step.score}) + "\\n")

    def on_end(self, result):
        self.file.write(json.dumps({"end": result and result.ended_by}) + "\\n")
        self.file.close()
'''


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (path / "live.jsonl").read_text().splitlines()]


def test_a_callback_hears_of_start_steps_and_end(tmp_path: Path) -> None:
    start_run(CONFIG, tmp_path / "run", [LiveLog])
    first, *steps, last = lines(tmp_path / "run")
    assert first == {"start": "hill-climbing", "updates": 3, "stored": 0}
    assert [step["step"] for step in steps] == [0, 1, 2, 3]
    assert last == {"end": "updates"}


def test_a_live_logger_from_outside_the_package_is_named_on_the_command_line(genopt: Genopt) -> None:
    Path("my_logger.py").write_text(LOGGER)
    words = ["--set", "start=modular/parametric", "--set", "validation_size=2", "--set", "test_size=2", "--edits", "3"]
    run = ["run", CONFIG.id, "--agent", "hill-climbing", *words, "--out", "run"]
    ended = genopt(*run, "--callback", "my_logger:JsonLines")
    assert ended.code == 0, ended.err
    assert "step   3" in ended.out
    logged = lines(Path("run"))
    stored = [json.loads(line) for line in Path("run/steps.jsonl").read_text().splitlines()]
    assert logged == [*({"step": row["step"], "score": row["score"]} for row in stored), {"end": "updates"}]


@pytest.mark.slow
def test_a_study_gives_each_run_its_callbacks_in_its_own_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_study_logger.py").write_text(LOGGER)
    monkeypatch.syspath_prepend(str(tmp_path))
    plan = small_plan(agents=["random"], seeds=2)
    with closing(StudyFolder(tmp_path / "study", plan)) as folder:
        outcome = run_study(folder, LocalExecutor(2), callbacks=["my_study_logger:JsonLines"])
    assert outcome.done == 2
    for run in plan.runs:
        assert [row.get("step") for row in lines(run_path(tmp_path / "study", run.key))] == [0, 1, 2, 3, None]
    sys.modules.pop("my_study_logger", None)


def test_steps_of_an_interrupted_run_are_told_again_and_marked(tmp_path: Path) -> None:
    def stop(step: Step) -> None:
        if step.step == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_run(CONFIG, tmp_path / "run", [LiveLog(), Watching(stop)])
    assert lines(tmp_path / "run")[-1] == {"end": None}
    resume_run(tmp_path / "run", [LiveLog()])
    resumed = lines(tmp_path / "run")[4:]
    assert resumed[0] == {"start": "hill-climbing", "updates": 3, "stored": 2}
    assert [row["replayed"] for row in resumed[1:-1]] == [True, True, False, False]


class Loud(Callback):
    """Fails at the end, and says so."""

    ends: list[str] = []  # noqa: RUF012 - shared on purpose

    def __init__(self, name: str, fails: bool = False) -> None:
        self._name, self._fails = name, fails

    def on_start(self, start: RunStart) -> None:
        if self._fails:
            raise OSError("no disk")

    def on_end(self, result: Result | None) -> None:
        self.ends.append(self._name)


def test_whoever_was_told_of_the_start_is_told_of_the_end(tmp_path: Path) -> None:
    Loud.ends.clear()
    with pytest.raises(OSError, match="no disk"):
        start_run(CONFIG, tmp_path / "run", [Loud("first"), Loud("second", fails=True), Loud("third")])
    assert Loud.ends == ["second", "first"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["progres"], "no callback 'progres'; did you mean 'progress'?"),
        (["json:JSONDecoder"], "json:JSONDecoder is not a callback"),
        (["no_such_module:X"], "No module named 'no_such_module'"),
        (["tests.helpers.watching:Watchin"], "did you mean 'Watching'?"),
        ([Watching], "Watching has to be made first, as its class needs arguments"),
        ([3], "3 is not a callback: its class has to inherit genopt_gym.Callback"),
    ],
)
def test_what_is_no_callback_is_told_in_a_sentence(given: list[object], words: str) -> None:
    with pytest.raises(UserError) as error:
        make_callbacks(given)  # type: ignore[arg-type]
    assert words in str(error.value)


def test_an_extension_that_raises_on_import_is_told_in_a_sentence(genopt: Genopt) -> None:
    Path("broken_logger.py").write_text("import json\n1 / 0\n")
    ended = genopt("run", CONFIG.id, "--agent", "random", "--callback", "broken_logger:Log")
    assert ended.code == 2
    assert "broken_logger:Log cannot be imported: ZeroDivisionError: division by zero" in ended.err
    assert "Traceback" not in ended.err
    assert not Path("runs").exists()


def test_every_callback_of_the_registry_says_what_it_is() -> None:
    assert all(CALLBACKS.describe().values())


def step(number: int) -> Step:
    return Step(
        number,
        "ok",
        True,
        float(number),
        float(number),
        0.0,
        0.0,
        "x",
        1,
        [],
        False,
        None,
        0.25,
        number * 5,
        0,
        0.0,
        {},
    )


def test_the_live_table_keeps_its_last_rows() -> None:
    console = Console(force_terminal=True, width=100, height=40, file=io.StringIO(), color_system=None)
    display = ProgressDisplay(console)
    metric = CONFIG.prepare().core.task.metric
    display.on_start(RunStart(CONFIG, Path("run"), 30, metric, 0))
    for number in range(31):
        display.on_step(step(number))
    display.on_end(None)
    assert isinstance(console.file, io.StringIO)
    last = console.file.getvalue().rsplit("GenOpt/Control-CartPole-v0", 1)[1]
    assert [int(found) for found in re.findall(r"│ +(\d+) │ ok", last)] == list(range(31 - SHOWN, 31))
    assert "30/30" in last
