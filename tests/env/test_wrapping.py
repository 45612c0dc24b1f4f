"""Functions by name: which of them workers can import, from modules and from scripts; and what docs/your-own-task.md
shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genopt_gym import wrap
from genopt_gym.wrapping import load, reference
from tests.conftest import Genopt
from tests.helpers import scored

PAGE = (Path(__file__).parents[2] / "docs/your-own-task.md").read_text(encoding="utf-8")
EXAMPLE, CONFORMANCE = re.findall(r"```python\n(.*?)```", PAGE, re.S)
(COMMAND,) = re.findall(r"```bash\n(.*?)```", PAGE, re.S)


def run(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "stopping.py").write_text(script)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"GENOPT_WORKERS": "1"},
    )


def test_a_reference_names_what_it_was_made_of() -> None:
    assert reference(scored.guess) == "tests.helpers.scored:guess"
    assert load("tests.helpers.scored:guess") is scored.guess


def test_what_workers_could_not_import_is_refused() -> None:
    def inner() -> None: ...

    cases: list[tuple[Any, str]] = [
        (lambda: 0, "<lambda>: define it with `def` at the top level of a module"),
        (inner, "inner: define it with `def` at the top level"),
        (Path.exists, "exists: define it"),
        (scored.later, "is not a function defined with `def`"),
        (len, "is not a function"),
    ]
    for function, words in cases:
        with pytest.raises(ValueError, match=re.escape(words)):
            wrap(function, [scored.say], low=0, high=1)
    with pytest.raises(ValueError, match="is not a function"):
        wrap(scored.parrot, [scored.decorated], low=0, high=1)


def test_a_function_that_was_replaced_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    old: Callable[..., Any] = scored.say
    monkeypatch.setattr(scored, "say", scored.guess)
    with pytest.raises(ValueError, match=r"tests\.helpers\.scored\.say is something else by now"):
        reference(old)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("score", "'score' is no function; name it with its module, as in my_module:score"),
        ("nowhere_at_all:score", "cannot be imported: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("tests.helpers.scored:nothing", "module tests.helpers.scored has no 'nothing'"),
        ("tests.helpers.scored:later", "has no function 'later'"),
    ],
)
def test_names_of_no_function_are_refused(name: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        load(name)


def test_the_page_keeps_its_word_on_length() -> None:
    lines = [line for line in EXAMPLE.partition("if __name__")[0].splitlines() if line]
    assert len(lines) + 2 < 20, "the definitions, `if __name__` and the call of wrap"


def test_the_pages_script_runs(tmp_path: Path) -> None:
    ended = run(tmp_path, EXAMPLE, "stopping.py")
    assert ended.returncode == 0, ended.stderr
    score = re.match(r"Edit outcome: ok\.\nScore \(the mean over trials\): ([\d.]+)[,.]", ended.stdout)
    assert score is not None
    assert 0 < float(score[1]) < 3


@pytest.mark.slow
def test_the_pages_command_and_its_conformance_run(tmp_path: Path) -> None:
    (tmp_path / "test_stopping.py").write_text(CONFORMANCE)
    words = ["-c", "from genopt_gym.cli import main; main()", *COMMAND.replace("\\\n", "").replace("'", "").split()[1:]]
    ended = run(tmp_path, EXAMPLE, *words)
    assert ended.returncode == 0, ended.stderr
    found = re.search(r"^start  validation +(\S+) .*\nbest   validation +(\S+) ", ended.stdout, re.M)
    assert found
    assert float(found[2]) < float(found[1])
    ended = run(tmp_path, EXAMPLE, "-m", "pytest", "-q", "test_stopping.py")
    assert ended.returncode == 0, ended.stdout
    assert "failed" not in ended.stdout


def test_what_cannot_be_found_ends_the_command_with_a_sentence(genopt: Genopt) -> None:
    words = ["--set", "function=tests.helpers.scored:nothing", "--set", 'components=["tests.helpers.scored:say"]']
    ended = genopt("run", "GenOpt/Function-Any-v0", "--agent", "random", *words, "--set", "low=0", "--set", "high=1")
    assert (ended.code, ended.err) == (
        2,
        "genopt: module tests.helpers.scored has no 'nothing'; did you mean 'importing'?\n",
    )


def test_a_script_without_guard_is_told_to_have_one(tmp_path: Path) -> None:
    ended = run(tmp_path, EXAMPLE.replace('if __name__ == "__main__":', "if True:"), "stopping.py")
    assert ended.returncode == 1
    assert 'put that under `if __name__ == "__main__":`' in ended.stderr.splitlines()[-1]
    ended = run(tmp_path, EXAMPLE.replace('if __name__ == "__main__":', "if True:"), "-c", "import stopping")
    assert 'put that under `if __name__ == "__main__":`' in ended.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("name", ["stop/__main__.py", "my.stop.py", "to-stop.py"])
def test_of_a_script_that_no_worker_could_import_the_source_is_sent(tmp_path: Path, name: str) -> None:
    script = tmp_path / name
    script.parent.mkdir(exist_ok=True)
    script.write_text(EXAMPLE)
    command = [sys.executable, str(script.parent if script.name == "__main__.py" else script)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=170)
    assert ended.returncode == 0, ended.stderr
    assert "Edit outcome: ok." in ended.stdout


def test_a_function_whose_module_is_nowhere_is_told_to_have_one() -> None:
    scope: dict[str, Any] = {"__name__": "a_cell"}
    exec("def score(workflow, seed):\n    return 1.0\n", scope)
    with pytest.raises(ValueError, match="whose module is called a_cell: move it to a module of its own"):
        reference(scope["score"])


def test_functions_whose_source_is_nowhere_are_refused(tmp_path: Path) -> None:
    ended = run(tmp_path, "", "-c", EXAMPLE)
    assert ended.returncode == 1
    words = (
        "workers cannot import score, and its source is nowhere to be read (as of `python -c`, exec or a pipe): move it"
    )
    assert ended.stderr.splitlines()[-1].startswith(f"ValueError: {words} to a module of its own")
