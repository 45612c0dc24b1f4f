"""The four scripts of docs/own-task.md: as scripts, in a notebook, and from task files, against a scripted model."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.journal import read_journal
from tests.helpers import own
from tests.helpers.model_server import ModelServer

PAGE = (Path(__file__).parents[2] / "docs/own-task.md").read_text(encoding="utf-8")
NAMES = ("stopping", "sums", "solving", "corridor")
SCRIPTS = dict(zip(NAMES, re.findall(r"```python\n(.*?)```", PAGE, re.S), strict=True))
TASKS = dict(zip(NAMES, re.findall(r"```yaml\n(.*?)```", PAGE, re.S), strict=True))
LESS_IS_BETTER = {"stopping"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The scripts and the data that they name."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(SCRIPTS[name])
        (tmp_path / f"{name}.yaml").write_text(TASKS[name])
    rows = "".join(f"{row['question']},{row['answer']}\n" for row in own.EXAMPLES)
    (tmp_path / "sums.csv").write_text("question,answer\n" + rows)
    return tmp_path


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """In which every model of OpenAI's is the scripted one."""
    with ModelServer(own.adder) as server:
        yield os.environ | {
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_API_BASE": server.base_url,
            "GENOPT_WORKERS": "1",
        }


def python(folder: Path, environment: dict[str, str], *words: str) -> None:
    ended = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, env=environment)
    assert ended.returncode == 0, ended.stderr


def check(folder: Path, name: str) -> None:
    """The run got better on validation and on test, and with examples on train too."""
    result = json.loads((folder / "result.json").read_text())
    sign = -1 if name in LESS_IS_BETTER else 1
    for start, best in (("start_score", "validation_score"), ("start_test_score", "test_score")):
        assert sign * result[best] > sign * result[start], (name, result)
    if name in ("sums", "solving"):
        rows = read_journal(folder / "steps.jsonl")[0]
        train = [sum(trial["score"] for trial in row["trials"]) for row in rows if row["trials"]]
        assert train[0] < train[-1] == 3


@pytest.mark.parametrize("name", NAMES)
def test_a_script_has_at_most_twenty_lines(name: str) -> None:
    assert len([line for line in SCRIPTS[name].splitlines() if line.strip()]) <= 20


@pytest.mark.parametrize("name", [NAMES[0], *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[1:])])
def test_as_a_script(folder: Path, environment: dict[str, str], name: str) -> None:
    python(folder, environment, f"{name}.py")
    check(folder / "runs" / name, name)


@pytest.mark.parametrize("name", [NAMES[1], *(pytest.param(n, marks=pytest.mark.slow) for n in NAMES if n != "sums")])
def test_from_a_task_file(folder: Path, environment: dict[str, str], name: str) -> None:
    python(folder, environment, "-m", "genopt_gym", "run", f"{name}.yaml", "--out", "out")
    check(folder / "out", name)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_in_a_notebook(folder: Path, environment: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    definitions, _, body = SCRIPTS[name].partition('if __name__ == "__main__":\n')
    if name == "corridor":  # its class stands in a file
        definitions = "import genopt_gym\n"
    else:
        (folder / f"{name}.py").unlink()
    lines = [line.removeprefix("    ") for line in body.splitlines()]
    cells: list[Any] = [nbformat.v4.new_code_cell(source) for source in (definitions, "\n".join(lines))]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=800, resources={"metadata": {"path": str(folder)}}).execute()
    check(folder / "runs" / name, name)


def test_the_splits_of_the_examples_have_no_content_in_common(folder: Path) -> None:
    from genopt_gym.envs.examples import ExampleTask

    task = ExampleTask(
        function="numeric", data=str(folder / "sums.csv"), texts={"prompt": "{question}"}, model="openai/x"
    )
    found = [{row.values["question"] for row in rows} for rows in task._examples.values()]
    assert sum(map(len, found)) == len(set().union(*found)) == 30
