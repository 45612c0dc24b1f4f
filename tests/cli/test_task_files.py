"""``genopt init`` and ``genopt run task.yaml``: a run from a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Genopt
from tests.helpers import own
from tests.helpers.model_server import ModelServer

TASK = """\
task:
  function: numeric
  data: sums.csv
  texts: {{prompt: "What is {{question}}?"}}
  model: openai/x
  base_url: {url}
  batch_size: 3
agent: proposer
model: openai/test
base_url: {url}
edits: 1
"""


def sums(folder: Path) -> None:
    rows = "".join(f"{row['question']},{row['answer']}\n" for row in own.EXAMPLES)
    (folder / "sums.csv").write_text("question,answer\n" + rows)


def test_the_function_of_a_template_gets_better(genopt: Genopt) -> None:
    ended = genopt("init", "function", "mine")
    assert ended.code == 0
    assert "  genopt run mine/task.yaml --dry-run\n  genopt run mine/task.yaml\n" in ended.out
    ended = genopt("run", "mine/task.yaml")
    assert ended.code == 0, ended.err
    result = json.loads(Path("runs/stopping-score-cma-es-seed0/result.json").read_text())
    assert result["validation_score"] < result["start_score"]
    assert result["test_score"] < result["start_test_score"]
    assert genopt("init", "function", "mine").err.startswith("genopt: mine/stopping.py is there already")


@pytest.mark.parametrize("kind", ["prompt", "policy"])
def test_the_other_templates_can_be_planned(genopt: Genopt, kind: str) -> None:
    assert genopt("init", kind).code == 0
    ended = genopt("run", "task.yaml", "--dry-run", "--edits", "2")
    assert ended.code == 0, ended.err
    assert " 1 run of 2 edits" in ended.out


def test_what_a_file_says_is_run_beside_its_data_and_the_command_line_goes_before(genopt: Genopt) -> None:
    Path("tasks").mkdir()
    sums(Path("tasks"))
    with ModelServer(own.adder) as server:
        Path("tasks/sums.yaml").write_text(TASK.format(url=server.base_url))
        ended = genopt("run", "tasks/sums.yaml", "--set", "batch_size=2", "--seed", "3")
        assert ended.code == 0, ended.err
    config = json.loads(Path("runs/sums-proposer-seed3/config.json").read_text())["run"]
    assert config["parameters"]["batch_size"] == 2
    result = json.loads(Path("runs/sums-proposer-seed3/result.json").read_text())
    assert result["test_score"] == 1 > result["start_test_score"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "task.yaml is no task file"),
        ("agent: random\n", "task.yaml: there has to be a key task"),
        ("task: {low: 0}\n", "task.yaml, line 1: task: needs function:"),
        ("task: {function: a:b}\nedit: 3\n", "task.yaml: Object contains unknown field edit"),
        ("task: {function: a:b}\nedits: many\n", "task.yaml, line 2: edits: Expected"),
        ("task: [\n", "this cannot be read as YAML"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(genopt: Genopt, text: str, words: str) -> None:
    Path("task.yaml").write_text(text)
    ended = genopt("run", "task.yaml")
    assert ended.code == 2
    assert words in ended.err
    assert ended.err.count("\n") == 1
    assert not Path("runs").exists()


def test_a_file_that_is_not_there(genopt: Genopt) -> None:
    ended = genopt("run", "nothing.yaml")
    assert (ended.code, ended.err) == (2, "genopt: nothing.yaml cannot be read: No such file or directory\n")
    assert genopt("init", "nothing").err.startswith("genopt: there is no template 'nothing'; there are function (")
